//! The request tables of the interfaces that institutions call, copied from appendix A of the Hainan specification.

/// What a field's text has to look like, beyond its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    /// `yyyy-MM-dd HH:mm:ss`
    Time,
    /// 数字格式字符串: digits with at most one point.
    Decimal,
    /// A whole number without sign.
    Index,
    OneOf(&'static [&'static str]),
}

/// One row of a request table.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    /// 字段长度, in characters; the column is empty for `baohanfile`.
    pub longest: Option<usize>,
    /// 是否必须
    pub required: bool,
    /// Not necessary after all where `applystatus` is 0: an application that was declined has no guarantee and no
    /// premium to be named, though the column says 是.
    pub on_approval: bool,
    pub form: Form,
}

/// One interface on which the platform serves and an institution asks.
#[derive(Clone, Copy, Debug)]
pub struct Interface {
    pub name: &'static str,
    pub clause: &'static str,
    pub fields: &'static [Field],
}

const fn must(name: &'static str, longest: usize) -> Field {
    Field { name, longest: Some(longest), required: true, on_approval: false, form: Form::Text }
}

const fn may(name: &'static str, longest: usize) -> Field {
    Field { name, longest: Some(longest), required: false, on_approval: false, form: Form::Text }
}

impl Field {
    const fn of(self, form: Form) -> Self {
        Self { form, ..self }
    }

    const fn on_approval(self) -> Self {
        Self { on_approval: true, ..self }
    }
}

const YES_NO: Form = Form::OneOf(&["1", "0"]);
const APPKEY: Field = must("appkey", 50);
const TIMESTAMP: Field = must("timestamp", 30).of(Form::Time);
const APPLYNO: Field = must("applyno", 50);
const BAOHANNO: Field = must("baohanno", 50);
const FILETYPE: Field = must("filetype", 50).of(Form::OneOf(&["1", "2"]));
const SUFFIX: Field = must("filesuffixtype", 50).of(Form::OneOf(&["ofd"]));
const BAK1: Field = may("bak1", 200);
const BAK2: Field = may("bak2", 200);
const SIGN: Field = must("sign", 200);

/// A.2, A.3, A.4, A.5, A.8, A.10, A.13 and A.15.
pub const RECEIVED: &[Interface] = &[
    Interface {
        name: "baohannotice",
        clause: "A.2",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO.on_approval(),
            must("payername", 200).on_approval(),
            must("payeraccount", 50).on_approval(),
            must("instname", 200),
            // The specification prints "generate time"; the blank is where the narrow column broke the line.
            must("generatetime", 30).of(Form::Time),
            must("rate", 50).of(Form::Decimal).on_approval(),
            must("cost", 50).of(Form::Decimal).on_approval(),
            must("applystatus", 10).of(YES_NO),
            SIGN,
        ],
    },
    Interface {
        name: "downloadpublickey",
        clause: "A.3",
        fields: &[APPKEY, TIMESTAMP, APPLYNO, BAK1, BAK2, SIGN],
    },
    Interface {
        name: "uploadbaohanfile",
        clause: "A.4",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            Field { name: "baohanfile", longest: None, required: true, on_approval: false, form: Form::Text },
            FILETYPE,
            SUFFIX,
            must("index", 30).of(Form::Index),
            BAK1,
            BAK2,
            SIGN,
        ],
    },
    Interface {
        name: "baohanfilecompletenotice",
        clause: "A.5",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            must("key", 200),
            must("iv", 200),
            must("baohanfilemd5", 200),
            FILETYPE,
            SUFFIX,
            BAK1,
            BAK2,
            SIGN,
        ],
    },
    Interface {
        name: "invoicenotice",
        clause: "A.8",
        fields: &[
            APPKEY,
            TIMESTAMP,
            BAOHANNO,
            may("invoiceurl", 1000),
            may("invoicecode", 50),
            may("invoiceno", 50),
            must("applystatus", 10).of(YES_NO),
            SIGN,
        ],
    },
    Interface {
        name: "quitnotice",
        clause: "A.10",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            must("applystatus", 10).of(YES_NO),
            // The table says 是, its remark 退保成功时必须返回: whether it may be missing depends on applystatus.
            may("tuibaotime", 50).of(Form::Time),
            SIGN,
        ],
    },
    Interface {
        name: "claimsresultnotice",
        clause: "A.13",
        fields: &[
            APPKEY,
            TIMESTAMP,
            APPLYNO,
            BAOHANNO,
            must("compensatestatus", 10).of(Form::OneOf(&["1", "2", "3", "9"])),
            may("compensateremark", 500),
            must("compensatename", 50),
            must("compensateorgnum", 50),
            must("compensatecontact", 200),
            must("compensatecontacttel", 50),
            must("compensatebankcode", 50),
            must("compensateopenbank", 50),
            must("favoreename", 200),
            must("favoreeorignum", 50),
            must("favoreecontact", 200),
            must("favoreecontacttel", 50),
            must("favoreebankcode", 50),
            must("favoreeopenbank", 50),
            must("compensateamount", 50).of(Form::Decimal),
            SIGN,
        ],
    },
    Interface { name: "giveupapply", clause: "A.15", fields: &[APPKEY, TIMESTAMP, APPLYNO, SIGN] },
];

/// The table of one interface, if institutions may call it.
pub fn received(name: &str) -> Option<&'static Interface> {
    RECEIVED.iter().find(|interface| interface.name == name)
}

impl Form {
    /// Why a text does not have this form, in the platform's words.
    pub fn objection(self, text: &str) -> Option<&'static str> {
        let fits = match self {
            Self::Text => true,
            Self::Time => text.len() == 19 && crate::clock::from_wire(text).is_ok(),
            Self::Decimal => is_decimal(text),
            Self::Index => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
            Self::OneOf(values) => values.contains(&text),
        };
        if fits {
            return None;
        }
        Some(match self {
            Self::Time => "格式应为yyyy-MM-dd HH:mm:ss",
            Self::Decimal => "应为数字格式字符串",
            Self::Index => "应为非负整数",
            Self::Text | Self::OneOf(_) => "取值不在规定范围内",
        })
    }
}

fn is_decimal(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_digits_with_at_most_one_point() {
        for good in ["0", "3200", "3200.00", "0.004"] {
            assert_eq!(Form::Decimal.objection(good), None, "{good}");
        }
        for bad in ["", "1.", ".5", "1,000", "-3", "1e3", "1.2.3", "３"] {
            assert!(Form::Decimal.objection(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn every_interface_is_signed_and_dated() {
        for interface in RECEIVED {
            for name in ["appkey", "timestamp", "sign"] {
                let field = interface.fields.iter().find(|field| field.name == name);
                assert!(field.is_some_and(|field| field.required), "{} {name}", interface.clause);
            }
        }
    }
}
