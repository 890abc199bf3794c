//! Personal data as it may be shown in a log: in part, or not at all.
//!
//! The masks are those of JR/T 0171-2020 for C2 data (identity, telephone and account numbers).

use std::fmt;

/// What is shown for a value of which nothing may be shown.
const HIDDEN: &str = "***";

/// Personal data on its way to a log: both `Display` and `Debug` write the mask.
#[derive(Clone, Copy)]
pub struct Masked<'a> {
    kind: Kind,
    text: &'a str,
}

#[derive(Clone, Copy)]
enum Kind {
    Phone,
    IdNumber,
    Account,
    PersonName,
    Whole,
}

impl<'a> Masked<'a> {
    /// `138****1234`.
    pub fn phone(text: &'a str) -> Self {
        Self { kind: Kind::Phone, text }
    }

    /// `1101**********1234`, for identity cards and passports.
    pub fn id_number(text: &'a str) -> Self {
        Self { kind: Kind::IdNumber, text }
    }

    /// `****1234`, for bank accounts.
    pub fn account(text: &'a str) -> Self {
        Self { kind: Kind::Account, text }
    }

    /// `张*`, however long the name is.
    pub fn person_name(text: &'a str) -> Self {
        Self { kind: Kind::PersonName, text }
    }

    /// `***`, for everything else.
    pub fn whole(text: &'a str) -> Self {
        Self { kind: Kind::Whole, text }
    }
}

impl fmt::Display for Masked<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let length = self.text.chars().count();
        match self.kind {
            Kind::Phone if length >= 10 => write!(out, "{}****{}", first(self.text, 3), last(self.text, 4)),
            Kind::IdNumber if length >= 15 => {
                let hidden = "*".repeat(length.saturating_sub(8));
                write!(out, "{}{hidden}{}", first(self.text, 4), last(self.text, 4))
            }
            Kind::Account if length >= 8 => write!(out, "****{}", last(self.text, 4)),
            Kind::PersonName if length >= 2 => write!(out, "{}*", first(self.text, 1)),
            // A value too short to be what it claims would be mostly shown by its mask.
            _ => out.write_str(HIDDEN),
        }
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// The first `count` characters (not bytes: names are Chinese).
fn first(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

/// The last `count` characters.
fn last(text: &str, count: usize) -> &str {
    let start = text.char_indices().rev().take(count).last().map_or(0, |(start, _)| start);
    text.get(start..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_shows_what_the_standard_allows() {
        assert_eq!(Masked::phone("13812341234").to_string(), "138****1234");
        assert_eq!(Masked::id_number("110101199001011234").to_string(), "1101**********1234");
        assert_eq!(Masked::id_number("11010119900101X").to_string(), "1101*******101X");
        assert_eq!(Masked::account("6222021234561234").to_string(), "****1234");
        assert_eq!(Masked::person_name("张三丰").to_string(), "张*");
        assert_eq!(Masked::whole("琼海市人民路 1 号").to_string(), "***");
    }

    #[test]
    fn a_value_too_short_for_its_mask_is_hidden_whole() {
        for short in [
            Masked::phone("1381234"),
            Masked::id_number("11010119"),
            Masked::account("1234567"),
            Masked::person_name("张"),
            Masked::person_name(""),
        ] {
            assert_eq!(short.to_string(), "***");
        }
    }

    #[test]
    fn masks_count_characters_so_that_rare_ones_do_not_break_them() {
        assert_eq!(Masked::person_name("𠮷田").to_string(), "𠮷*");
        assert_eq!(Masked::account("账号一二三四五六七八").to_string(), "****五六七八");
    }

    #[test]
    fn debug_masks_like_display() {
        assert_eq!(format!("{:?}", Some(Masked::phone("13812341234"))), "Some(138****1234)");
    }
}
