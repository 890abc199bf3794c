//! Telephone, identity and account numbers and mail addresses, found by their look wherever they stand.

use crate::telemetry::Masked;

/// The text with all of them covered.
pub(in crate::console::guarantees) fn covered(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let word = |letter: char| letter.is_ascii_alphanumeric() || "@._+-".contains(letter);
        let end = rest.find(|letter| word(letter) != word(first)).unwrap_or(rest.len());
        let (here, after) = rest.split_at(end);
        if word(first) {
            put_word(&mut shown, here)
        } else {
            shown.push_str(here)
        }
        rest = after;
    }
    shown
}

fn put_word(shown: &mut String, word: &str) {
    if let Some((name, host)) = word.split_once('@')
        && !name.is_empty()
        && host.contains('.')
    {
        shown.push_str(&format!("***@{host}"));
        return;
    }
    if is_landline(word) {
        shown.push_str(&Masked::whole(word).to_string());
        return;
    }
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|letter: char| letter.is_ascii_alphanumeric() != first.is_ascii_alphanumeric());
        let (here, after) = rest.split_at(end.unwrap_or(rest.len()));
        shown.push_str(&run(here));
        rest = after;
    }
}

/// Letters and digits with nothing else between.
fn run(text: &str) -> String {
    let digits = text.bytes().all(|it| it.is_ascii_digit());
    let mobile = text.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(text);
    if digits && mobile.len() == 11 && mobile.starts_with('1') && !mobile.starts_with("10") {
        return Masked::phone(text).to_string();
    }
    if is_identity(text) {
        return Masked::id_number(text).to_string();
    }
    if digits && (16..=19).contains(&text.len()) && passes_luhn(text) {
        return Masked::account(text).to_string();
    }
    text.to_owned()
}

/// An area's number, a hyphen, seven or eight digits.
fn is_landline(word: &str) -> bool {
    let Some((area, number)) = word.split_once('-') else { return false };
    let digits = |text: &str| text.bytes().all(|it| it.is_ascii_digit());
    let number = number.split_once('-').map_or(number, |(number, _)| number);
    matches!(area.len(), 3 | 4)
        && area.starts_with('0')
        && matches!(number.len(), 7 | 8)
        && digits(area)
        && digits(number)
}

/// GB 11643: six digits of a place, a date of birth, three digits, and one that checks them.
fn is_identity(text: &str) -> bool {
    let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let shape = text.len() == 18
        && text.bytes().take(17).all(|it| it.is_ascii_digit())
        && text.bytes().last().is_some_and(|it| it.is_ascii_digit() || matches!(it, b'x' | b'X'));
    shape
        && number(6, 10).is_some_and(|year| (1900..=2099).contains(&year))
        && number(10, 12).is_some_and(|month| (1..=12).contains(&month))
        && number(12, 14).is_some_and(|day| (1..=31).contains(&day))
}

/// ISO/IEC 7812-1, annex B: cards have it, and one number of ten that is no card's.
fn passes_luhn(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| {
            let digit = u32::from(digit.saturating_sub(b'0'));
            match place % 2 {
                1 if digit > 4 => digit * 2 - 9,
                1 => digit * 2,
                _ => digit,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}
