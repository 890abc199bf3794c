//! The tables of chapter 10 that an institution fills in: the requests of PREP102, PREP106 and PREP108, and the
//! answers to PREP103 and PREP104.

use rust_decimal::Decimal;

use crate::sandbox::message::Message;

/// What a field's text has to look like, beyond its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    /// `yyyy-MM-dd hh:mm:ss`, with hours of 24.
    Time,
    /// `yyyy-MM-dd`
    Date,
    /// Yuan with two places.
    Amount,
    OneOf(&'static [&'static str]),
    /// A file's name that ends in `.pdf`.
    PdfName,
}

/// 必填
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Always,
    Never,
    /// Necessary where the status is one of these, and allowed everywhere.
    AtLeastAt(&'static [&'static str]),
    /// Necessary where the status is one of these, and without a value everywhere else (…时有值).
    OnlyAt(&'static [&'static str]),
}

/// One row of a table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    /// 参数长度, in characters; the column is empty for files.
    pub longest: Option<usize>,
    pub need: Need,
    pub form: Form,
}

/// One table of fields.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    pub transcode: &'static str,
    pub clause: &'static str,
    /// The field whose value decides which others are necessary; empty if none does.
    pub status: &'static str,
    pub fields: &'static [Field],
}

const fn must(name: &'static str, longest: usize) -> Field {
    Field { name, longest: Some(longest), need: Need::Always, form: Form::Text }
}

const fn may(name: &'static str, longest: usize) -> Field {
    Field { name, longest: Some(longest), need: Need::Never, form: Form::Text }
}

impl Field {
    const fn of(self, form: Form) -> Self {
        Self { form, ..self }
    }

    const fn when(self, need: Need) -> Self {
        Self { need, ..self }
    }

    const fn unlimited(self) -> Self {
        Self { longest: None, ..self }
    }
}

/// The states of PREP102.
pub const STATES: &[&str] = &["01", "02", "03", "04", "05", "06", "07", "08", "09"];
const ISSUED: Need = Need::OnlyAt(&["03"]);
const PAID: Need = Need::OnlyAt(&["05"]);
const CLAIM_PAID: Need = Need::OnlyAt(&["01"]);
const GENUINE: Need = Need::AtLeastAt(&["01"]);
/// 9.2.2; some write both into `data` once more, because the tables of 10.3 and 10.4 list them with the rest.
const CODE: Field = may("code", 3);
const MESSAGE: Field = may("message", 200);

/// PREP102, PREP106 and PREP108.
pub const RECEIVED: &[Table] = &[
    Table {
        transcode: "PREP102",
        clause: "10.2",
        status: "applicationStatus",
        fields: &[
            must("applicationId", 32),
            must("applicationStatus", 2).of(Form::OneOf(STATES)),
            // The note names two of the failures only; a reason is welcome with every other state.
            may("failReason", 255).when(Need::AtLeastAt(&["02", "04"])),
            must("guaranteeId", 64).when(ISSUED),
            must("guaranteeAmt", 64).when(ISSUED).of(Form::Amount),
            must("validTimeStart", 20).when(ISSUED).of(Form::Time),
            must("validTimeEnd", 20).when(ISSUED).of(Form::Time),
            must("letterOfTime", 20).when(ISSUED).of(Form::Time),
            must("companyName", 50).when(ISSUED),
            must("payTime", 20).when(PAID).of(Form::Time),
            must("payAmt", 64).when(PAID).of(Form::Amount),
            must("payType", 2).when(PAID).of(Form::OneOf(&["01", "02", "03", "04"])),
        ],
    },
    Table {
        transcode: "PREP106",
        clause: "10.6",
        status: "status",
        fields: &[
            must("guaranteeId", 64),
            must("status", 10).of(Form::OneOf(&["00", "01", "02"])),
            may("paymentMoney", 64).when(CLAIM_PAID).of(Form::Amount),
            may("paymentBeneficiary", 25),
            may("paymentBeneficiarySocial", 64),
            may("paymentTime", 20).when(CLAIM_PAID).of(Form::Time),
        ],
    },
    Table {
        transcode: "PREP108",
        clause: "10.8",
        status: "",
        fields: &[must("guaranteeId", 64), must("cancelDate", 20).of(Form::Time), may("cancelNotice", 200)],
    },
];

/// What stands in `data` of the answers to PREP103 and PREP104.
pub const ANSWERED: &[Table] = &[
    Table {
        transcode: "PREP103",
        clause: "10.3",
        status: "",
        fields: &[
            CODE,
            MESSAGE,
            must("guaranteeFileName", 255).of(Form::PdfName),
            must("guaranteeFileContext", 0).unlimited(),
        ],
    },
    Table {
        transcode: "PREP104",
        clause: "10.4",
        status: "status",
        fields: &[
            CODE,
            MESSAGE,
            must("guaranteeId", 64),
            must("status", 10).of(Form::OneOf(&["01", "02"])),
            // A file without a signature has no certificate that could be named, though the column says Y.
            must("certNum", 150).when(GENUINE),
            must("certOwner", 100).when(GENUINE),
            must("certBeginTime", 20).when(GENUINE).of(Form::Date),
            must("certEndTime", 20).when(GENUINE).of(Form::Date),
            must("certAuthor", 100).when(GENUINE),
            must("signTime", 20).when(GENUINE).of(Form::Time),
        ],
    },
];

/// The table of a request that institutions may send.
pub fn received(transcode: &str) -> Option<&'static Table> {
    RECEIVED.iter().find(|table| table.transcode == transcode)
}

/// The table of an answer that has more than `code` and `message`.
pub fn answered(transcode: &str) -> Option<&'static Table> {
    ANSWERED.iter().find(|table| table.transcode == transcode)
}

impl Table {
    /// Holds a decrypted message against the table: names, necessity, lengths and forms.
    ///
    /// # Errors
    /// The first field that is wrong, and in what way.
    pub fn check(&self, message: &Message) -> Result<(), String> {
        let clause = self.clause;
        let status = message.text(self.status);
        for field in self.fields {
            let name = field.name;
            let Some(value) = message.get(name) else {
                match field.need {
                    Need::Always => return Err(format!("{name}不能为空（{clause}）")),
                    Need::AtLeastAt(states) | Need::OnlyAt(states) if states.contains(&status) => {
                        return Err(format!("{}为{status}时{name}不能为空（{clause}）", self.status));
                    }
                    _ => continue,
                }
            };
            if let Need::OnlyAt(states) = field.need
                && !states.contains(&status)
            {
                return Err(format!("{}为{status}时{name}不应有值（{clause}）", self.status));
            }
            if let Some(longest) = field.longest
                && value.chars().count() > longest
            {
                return Err(format!("{name}长度超过{longest}（{clause}）"));
            }
            if let Some(objection) = field.form.objection(value) {
                return Err(format!("{name}{objection}（{clause}）"));
            }
        }
        let declared = |name: &str| self.fields.iter().any(|field| field.name == name);
        match message.fields().find(|(name, _)| !declared(name)) {
            Some((name, _)) => Err(format!("未定义的字段{name}（{clause}）")),
            None => Ok(()),
        }
    }
}

impl Form {
    /// Why a text does not have this form, in the platform's words.
    pub fn objection(self, text: &str) -> Option<&'static str> {
        let fits = match self {
            Self::Text => true,
            Self::Time => text.len() == 19 && crate::clock::from_wire(text).is_ok(),
            Self::Date => text.len() == 10 && crate::clock::from_wire(&format!("{text} 00:00:00")).is_ok(),
            Self::Amount => amount(text).is_some(),
            Self::OneOf(values) => values.contains(&text),
            Self::PdfName => text.len() > ".pdf".len() && text.ends_with(".pdf"),
        };
        if fits {
            return None;
        }
        Some(match self {
            Self::Time => "格式应为yyyy-MM-dd hh:mm:ss",
            Self::Date => "格式应为yyyy-MM-dd",
            Self::Amount => "应为大于零、保留两位小数的金额",
            Self::PdfName => "必须带.pdf后缀",
            Self::Text | Self::OneOf(_) => "取值不在规定范围内",
        })
    }
}

/// Yuan with exactly two places, above zero, without sign or leading zeros.
pub fn amount(text: &str) -> Option<Decimal> {
    let (whole, fraction) = text.split_once('.')?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let plain = digits(whole) && digits(fraction) && fraction.len() == 2;
    let padded = whole.len() > 1 && whole.starts_with('0');
    let amount: Decimal = text.parse().ok()?;
    (plain && !padded && amount > Decimal::ZERO).then_some(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_two_places_and_is_above_zero() {
        for good in ["0.01", "468000.00", "10.50"] {
            assert_eq!(Form::Amount.objection(good), None, "{good}");
        }
        for bad in [
            "", "0.00", "1", "1.0", "1.000", ".50", "1.", "-1.00", "+1.00", "01.00", "1,000.00", "1e3",
            "１.00",
        ] {
            assert!(Form::Amount.objection(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn dates_times_and_names_have_the_printed_form() {
        assert_eq!(Form::Time.objection("2024-11-18 23:59:59"), None);
        for bad in [
            "2024-11-18",
            "20241118235959",
            "2024-11-18 24:00:01",
            "2024-02-30 10:00:00",
            "2024-11-18T10:00:00",
        ] {
            assert!(Form::Time.objection(bad).is_some(), "{bad}");
        }
        assert_eq!(Form::Date.objection("2024-11-18"), None);
        for bad in ["20241118", "2024-11-31", "2024-11-18 10:00:00", "24-11-18"] {
            assert!(Form::Date.objection(bad).is_some(), "{bad}");
        }
        assert_eq!(Form::PdfName.objection("保函文件20230101.pdf"), None);
        for bad in [".pdf", "letter.PDF", "letter.ofd", "letter"] {
            assert!(Form::PdfName.objection(bad).is_some(), "{bad}");
        }
    }
}
