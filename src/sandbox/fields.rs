//! The shape of a request table, as every specification prints one: names, lengths, necessity, forms.

/// What a field's text has to look like, beyond its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Text,
    /// `yyyy-MM-dd HH:mm:ss`
    Time,
    /// `yyyy-MM-dd`
    Date,
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
    /// 字段长度, in characters, where the specification gives one.
    pub longest: Option<usize>,
    /// 是否必须
    pub required: bool,
    /// Not necessary after all where `applystatus` is 0: an application that was declined has no guarantee and no
    /// premium to be named, though the column says 是.
    pub on_approval: bool,
    /// 密文: sent under the application's key.
    pub sealed: bool,
    pub form: Form,
}

/// One interface: who serves it follows from the list that it stands in.
#[derive(Clone, Copy, Debug)]
pub struct Interface {
    pub name: &'static str,
    pub clause: &'static str,
    pub fields: &'static [Field],
}

impl Interface {
    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.name == name)
    }
}

/// A field that is necessary.
pub const fn must(name: &'static str) -> Field {
    Field { name, longest: None, required: true, on_approval: false, sealed: false, form: Form::Text }
}

/// A field that may be left out.
pub const fn may(name: &'static str) -> Field {
    Field { required: false, ..must(name) }
}

impl Field {
    pub const fn up_to(self, longest: usize) -> Self {
        Self { longest: Some(longest), ..self }
    }

    pub const fn of(self, form: Form) -> Self {
        Self { form, ..self }
    }

    pub const fn on_approval(self) -> Self {
        Self { on_approval: true, ..self }
    }

    pub const fn sealed(self) -> Self {
        Self { sealed: true, ..self }
    }
}

/// 1: yes, 0: no.
pub const YES_NO: Form = Form::OneOf(&["1", "0"]);

impl Form {
    /// Why a text does not have this form, in the platform's words.
    pub fn objection(self, text: &str) -> Option<&'static str> {
        let fits = match self {
            Self::Text => true,
            Self::Time => text.len() == 19 && crate::clock::from_wire(text).is_ok(),
            Self::Date => text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok(),
            Self::Decimal => is_decimal(text),
            Self::Index => !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()),
            Self::OneOf(values) => values.contains(&text),
        };
        if fits {
            return None;
        }
        Some(match self {
            Self::Time => "格式应为yyyy-MM-dd HH:mm:ss",
            Self::Date => "格式应为yyyy-MM-dd",
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
}
