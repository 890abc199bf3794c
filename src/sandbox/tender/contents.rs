//! What must and must not stand in a letter.

use super::super::letter::Letter;
use super::super::message::Reason;
use super::super::ofd::Ofd;
use super::applicants::{Application, Sealed};

/// What a letter is held against.
pub struct Expected<'a> {
    pub letter: Letter,
    pub application: &'a Application,
    pub sealed: &'a Sealed,
    pub baohanno: &'a str,
    /// The plaintext letter carries the ciphertext letter as well; otherwise there never was one.
    pub merged: bool,
    pub seal_required: bool,
}

impl Expected<'_> {
    /// Reads the letter and holds it against the application.
    ///
    /// # Errors
    /// What is missing in it, or stands in it and must not.
    pub fn examine(&self, document: &[u8]) -> Result<Ofd, Reason> {
        let ofd = Ofd::read(document)?;
        let application = self.application;
        let ciphertext = [
            ("标段编号密文", self.sealed.biaoduanno.as_str()),
            ("标段名称密文", self.sealed.biaoduanname.as_str()),
            ("招标人密文", self.sealed.zbr.as_str()),
        ];
        let plaintext = [
            ("标段编号", application.section_number.as_str()),
            ("标段名称", application.section_name.as_str()),
            ("招标人", application.beneficiary.as_str()),
        ];
        let always = [("保函编号", self.baohanno), ("投标人名称", application.biddername.as_str())];
        let mut wanted: Vec<(&str, &str)> = always.into_iter().chain(ciphertext).collect();
        match self.letter {
            Letter::Plaintext if self.merged => wanted.extend(plaintext),
            Letter::Plaintext => wanted = always.into_iter().chain(plaintext).collect(),
            Letter::Ciphertext => {
                for (name, value) in plaintext {
                    if ofd.shows(value) {
                        return Err(Reason::new(format!("密文保函泄露{name}明文")));
                    }
                    if let Some(file) = ofd.file_with(value) {
                        return Err(Reason::new(format!("密文保函的{file}泄露{name}明文")));
                    }
                }
            }
        }
        for (name, value) in wanted {
            if !ofd.shows(value) {
                return Err(Reason::new(format!("保函中没有{name}")));
            }
        }
        if !shows_amount(&ofd.text, &application.bond) {
            return Err(Reason::new("保函中没有保证金金额"));
        }
        if self.seal_required && ofd.signatures == 0 {
            return Err(Reason::new("保函没有电子签章"));
        }
        Ok(ofd)
    }
}

/// Whether the amount stands there in figures, with or without separators of thousands; whole yuan may stand without
/// their two places.
pub fn shows_amount(text: &str, bond: &str) -> bool {
    let text: String = text.chars().filter(|character| !matches!(character, ',' | '，')).collect();
    let (whole, fraction) = bond.split_once('.').unwrap_or((bond, ""));
    let amount = match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        _ => format!("{whole}.{fraction:0<2}"),
    };
    text.match_indices(&amount).any(|(at, _)| {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        let after = text.get(at + amount.len()..).and_then(|after| after.chars().next());
        let digit = |character: Option<char>| character.is_some_and(|character| character.is_ascii_digit());
        !digit(before) && !digit(after)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_found_in_figures_and_not_inside_another_number() {
        assert!(shows_amount("人民币800,000.00元", "800000.00"));
        assert!(shows_amount("（小写）¥800000元整", "800000.00"));
        assert!(shows_amount("120000.50", "120000.5"));
        assert!(!shows_amount("1800000.00元", "800000.00"));
        assert!(!shows_amount("8000000元", "800000.00"));
        assert!(!shows_amount("120000.00", "120000.50"));
    }
}
