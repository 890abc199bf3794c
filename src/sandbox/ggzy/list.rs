//! 三(十一): the institution's list of guarantees, held against the platform's own register.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;

use super::super::answer::Answer;
use super::super::message::Reason;
use super::super::tender::{Case, Platform};

/// The fields of an entry that the two sides must agree on.
const AGREED: [&str; 5] = ["baohanno", "generatetime", "rate", "cost", "status"];

impl Platform {
    /// Asks for the guarantees issued between two days (both included) and holds the list against the register; what
    /// does not agree is the answer's flaw.
    ///
    /// # Errors
    /// When the platform has no `checkbaohanlist`, or no answer came.
    pub async fn reconcile(&self, start: Date, end: Date) -> anyhow::Result<Answer> {
        let message = [("startdate".to_owned(), start.to_string()), ("enddate".to_owned(), end.to_string())];
        self.send(self.table("checkbaohanlist")?, None, &message.to_vec(), false).await
    }

    /// Holds the `data` of an answer against the register.
    ///
    /// # Errors
    /// What does not agree.
    pub(in crate::sandbox) fn examine_list(
        &self,
        start: &str,
        end: &str,
        data: &Value,
    ) -> Result<(), Reason> {
        let listed = data.get("baohanlist").and_then(Value::as_array);
        let listed = listed.ok_or_else(|| Reason::new("data.baohanlist不是数组（三(十一)）"))?;
        let mut entries = BTreeMap::new();
        for entry in listed {
            let applyno = text(entry, "applyno")?;
            if entries.insert(applyno, entry).is_some() {
                return Err(Reason::new(format!("业务流水号{applyno}在明细中重复")));
            }
        }
        let register = self.register();
        for case in register.cases().filter(|case| issued_between(case, start, end)) {
            let applyno = case.application.applyno.as_str();
            let entry = entries.remove(applyno);
            let entry = entry.ok_or_else(|| Reason::new(format!("明细缺少业务流水号{applyno}")))?;
            for (name, known) in AGREED.into_iter().zip(known(case)) {
                let stated = text(entry, name)?;
                if stated != known {
                    let what = format!("业务流水号{applyno}的{name}不一致：平台{known}，机构{stated}");
                    return Err(Reason::new(what));
                }
            }
        }
        match entries.keys().next() {
            Some(applyno) => Err(Reason::new(format!("平台没有业务流水号{applyno}的保函，或不在查询范围内"))),
            None => Ok(()),
        }
    }
}

fn text<'a>(entry: &'a Value, name: &str) -> Result<&'a str, Reason> {
    let text = entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text.ok_or_else(|| Reason::new(format!("明细的{name}不能为空，且应为字符串（三(十一)）")))
}

/// Whether `generatetime` falls on one of the days: dates in this form compare as texts.
fn issued_between(case: &Case, start: &str, end: &str) -> bool {
    let day = case.generatetime.as_deref().and_then(|time| time.get(..10));
    case.approved == Some(true) && day.is_some_and(|day| (start..=end).contains(&day))
}

/// The values of [`AGREED`] as the platform knows them.
fn known(case: &Case) -> [&str; 5] {
    [
        case.baohanno.as_deref().unwrap_or_default(),
        case.generatetime.as_deref().unwrap_or_default(),
        case.rate.as_deref().unwrap_or_default(),
        case.cost.as_deref().unwrap_or_default(),
        if case.surrendered { "1" } else { "0" },
    ]
}
