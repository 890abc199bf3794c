//! What the institution answers: the page for the payment (4.1), and everything about a guarantee (4.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use super::super::answer::Answer;
use super::super::letter::{Letter, md5};
use super::super::message::Reason;
use super::super::ofd::texts;
use super::super::tender::{Application, Platform, shows_amount};
use super::fields::INFORMATION;

/// How an MD5 has to be written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Digits {
    /// 大写
    Upper,
    /// The text does not say.
    Either,
}

/// Files with an MD5: the field of the address, and that of the MD5.
const FILES: [(&str, &str, Digits); 5] = [
    ("orderurl", "ordermd5", Digits::Either),
    ("qualficationfileurl", "qualficationfilemd5", Digits::Upper),
    ("businesslicenseurl", "businesslicensemd5", Digits::Upper),
    ("baohanurl", "guaranteemd5", Digits::Upper),
    ("guaranteexmlurl", "guaranteexmlmd5", Digits::Upper),
];

/// `Payurl`, with a capital, beside `code` and `message`.
///
/// # Errors
/// When it is not there, or no address.
pub fn payment_page(body: &str) -> Result<(), Reason> {
    let body: Value = serde_json::from_str(body).unwrap_or_default();
    let page = body.get("Payurl").and_then(Value::as_str).unwrap_or_default();
    match page.starts_with("http://") || page.starts_with("https://") {
        true => Ok(()),
        false => Err(Reason::new("code为1时Payurl必填，且应为网址（4.1）")),
    }
}

impl Platform {
    /// `getbaohaninfo`: the answer's figures, files and letter are checked; what is wrong is the answer's flaw.
    ///
    /// # Errors
    /// When `baohannotice` has not named a guarantee yet, the platform has no such interface, or no answer came.
    pub async fn collect(&self, applyno: &str) -> anyhow::Result<Answer> {
        self.push("getbaohaninfo", applyno, |_| Ok(Vec::new())).await
    }

    /// Checks the `data` of an answer and, if all is well, keeps the letter.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(in crate::sandbox) async fn examine_information(
        &self,
        applyno: &str,
        data: &Value,
    ) -> Result<(), Reason> {
        let text = |name: &str| data.get(name).and_then(Value::as_str).unwrap_or_default();
        for field in INFORMATION {
            if text(field.name).is_empty() {
                return Err(Reason::new(format!("data.{}不能为空，且应为字符串（4.3）", field.name)));
            }
            if let Some(objection) = field.form.objection(text(field.name)) {
                return Err(Reason::new(format!("data.{}{objection}（4.3）", field.name)));
            }
        }
        if text("servicebegintime") >= text("serviceendtime") {
            return Err(Reason::new("保险起期应早于保险止期（4.3）"));
        }
        let mut document = Vec::new();
        for (address, digest, digits) in FILES {
            let file = self.desk.fetch(address, text(address)).await?;
            if !fits(&file, text(digest), digits) {
                return Err(Reason::new(format!("{digest}与{address}的文件不一致（4.3）")));
            }
            match address {
                "baohanurl" => document = file,
                "guaranteexmlurl" => self.examine_structured_data(applyno, &file)?,
                _ => {}
            }
        }
        self.desk.fetch("payfileurl", text("payfileurl")).await?;
        self.keep_collected(applyno, text("baohanfile"), document)
    }

    fn examine_structured_data(&self, applyno: &str, file: &[u8]) -> Result<(), Reason> {
        let application = self.register().known(applyno)?.application.clone();
        names_the_guarantee(&application, file)
    }

    /// The letter itself: as Base64 it is the file behind the link, and it says what it must, sealed.
    fn keep_collected(&self, applyno: &str, base64: &str, document: Vec<u8>) -> Result<(), Reason> {
        if BASE64.decode(base64).ok().as_deref() != Some(document.as_slice()) {
            return Err(Reason::new("baohanurl下载的文件与baohanfile不一致（4.3）"));
        }
        let baohanno = self.register().known(applyno)?.baohanno.clone().unwrap_or_default();
        let letter = self.examined(applyno, &baohanno, Letter::Plaintext, document)?;
        let mut register = self.register();
        let case = register.known(applyno)?;
        let keep = self.options.keep_letters;
        letter.keep(case, Letter::Plaintext, self.desk.clock.now(), keep);
        match &case.plaintext.accepted {
            Some(accepted) if !accepted.is_single() => Err(Reason::new("保函文件与上次获取的不一致（4.3）")),
            _ => {
                case.opened = true;
                Ok(())
            }
        }
    }
}

fn fits(file: &[u8], digest: &str, digits: Digits) -> bool {
    let known = md5(file);
    digest == known.to_uppercase() || digits == Digits::Either && digest == known
}

/// Whether the structured data name the parties, the section and the amount.
fn names_the_guarantee(application: &Application, file: &[u8]) -> Result<(), Reason> {
    let texts = texts(file).map_err(|error| Reason::new(format!("结构化数据XML无法解析：{error}（4.3）")))?;
    let wanted = [
        ("投标人名称", &application.biddername),
        ("招标人", &application.beneficiary),
        ("标段编号", &application.section_number),
        ("标段名称", &application.section_name),
    ];
    for (name, value) in wanted {
        if !texts.iter().any(|text| text.trim() == value) {
            return Err(Reason::new(format!("结构化数据XML中没有{name}（4.3）")));
        }
    }
    if !texts.iter().any(|text| shows_amount(text, &application.bond)) {
        return Err(Reason::new("结构化数据XML中没有保证金金额（4.3）"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_md5_has_to_be_in_capitals_where_the_text_says_so() {
        // The MD5 of `abc`, as RFC 1321 prints it.
        let lower = "900150983cd24fb0d6963f7d28e17f72";
        assert!(fits(b"abc", &lower.to_uppercase(), Digits::Upper));
        assert!(!fits(b"abc", lower, Digits::Upper));
        assert!(fits(b"abc", lower, Digits::Either));
        assert!(!fits(b"abd", &lower.to_uppercase(), Digits::Either));
    }
}
