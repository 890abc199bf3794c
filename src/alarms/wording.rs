//! What people read: in Chinese with English beside it, and nothing in it that names a guarantee or a person.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::rule::{Rule, Unit};
use crate::casework::AlarmNews;
use crate::clock;
use crate::store::alarms::{Alarm, Severity};

/// A message, before a channel gives it its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Message {
    /// Stays the same however often it is sent.
    pub(super) id: String,
    pub(super) headline: String,
    /// Labels and values.
    pub(super) lines: Vec<(&'static str, String)>,
    pub(super) tone: Tone,
    /// For those who read it by a program.
    pub(super) data: Value,
}

/// How a message looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Bad,
    Warning,
    Good,
}

/// What stands around every message.
#[derive(Clone, Debug)]
pub(super) struct Letterhead {
    pub(super) institution: String,
    pub(super) replica: String,
    pub(super) runbook: String,
}

impl Letterhead {
    /// `title` is how people call the platform that it is about.
    pub(super) fn message(&self, id: &str, alarm: &Alarm, news: AlarmNews, title: Option<&str>) -> Message {
        let rule = Rule::named(&alarm.about.rule);
        let (chinese, english) = rule.map_or(("告警", "alarm"), Rule::title);
        let page = alarm.severity == Severity::Page;
        let (mark, tone) = match news {
            AlarmNews::Raised if page => ("告警·紧急", Tone::Bad),
            AlarmNews::Raised => ("告警·注意", Tone::Warning),
            AlarmNews::Reminder => ("告警·仍未恢复", if page { Tone::Bad } else { Tone::Warning }),
            AlarmNews::Escalated => ("告警·升级（无人确认）", Tone::Bad),
            AlarmNews::Recovered => ("告警·已恢复", Tone::Good),
        };
        let about = subject(alarm, title);
        let runbook = format!("{}#{}", self.runbook, alarm.about.rule);
        let mut lines =
            vec![("告警 Alarm", format!("{chinese} / {english}")), ("对象 Subject", about.clone())];
        if let Some(figure) = figure(alarm) {
            lines.push(("当前 Now", figure));
        }
        lines.push(("自 Since", at(alarm.raised_at)));
        if let Some(recovered) = alarm.recovered_at.filter(|_| news == AlarmNews::Recovered) {
            lines.push(("恢复 Recovered", at(recovered)));
        }
        lines.push(("处置 Runbook", runbook.clone()));
        lines.push(("来自 From", format!("{} · {}", self.institution, self.replica)));
        let data = json!({
            "type": format!("alarm.{}", name(news)),
            "data": {
                "id": alarm.id,
                "rule": alarm.about.rule,
                "severity": alarm.severity.name(),
                "subject": alarm.about.subject,
                "replica": alarm.about.replica,
                "figure": alarm.figure,
                "title": { "zh": chinese, "en": english },
                "raised_at": alarm.raised_at,
                "recovered_at": alarm.recovered_at,
                "runbook": runbook,
            },
        });
        Message { id: id.to_owned(), headline: format!("【{mark}】{chinese}：{about}"), lines, tone, data }
    }

    /// What shows that a channel works.
    pub(super) fn trial(&self, id: &str, now: Timestamp) -> Message {
        let lines = vec![
            (
                "说明 Note",
                "这是一条测试消息，无需处理。 / This is a test; nothing has to be done.".to_owned(),
            ),
            ("时间 Time", at(now)),
            ("来自 From", format!("{} · {}", self.institution, self.replica)),
        ];
        let headline = "【告警·测试】告警通道测试 / a test of the channel".to_owned();
        let data = json!({ "type": "alarm.test", "data": {} });
        Message { id: id.to_owned(), headline, lines, tone: Tone::Good, data }
    }
}

impl Message {
    /// For group chats. Their dialects of Markdown have quotes and bold text in common.
    pub(super) fn markdown(&self) -> String {
        let lines = self.lines.iter().map(|(label, value)| format!("> **{label}**：{value}"));
        lines.collect::<Vec<_>>().join("\n>\n")
    }

    /// For mail.
    pub(super) fn plain(&self) -> String {
        let lines = self.lines.iter().map(|(label, value)| format!("{label}：{value}"));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The word for it, as a part of the type of a webhook.
fn name(news: AlarmNews) -> &'static str {
    match news {
        AlarmNews::Raised => "raised",
        AlarmNews::Reminder => "reminder",
        AlarmNews::Escalated => "escalated",
        AlarmNews::Recovered => "recovered",
    }
}

/// What an alarm is about, with how people call it and the process that sees it.
pub fn subject(alarm: &Alarm, title: Option<&str>) -> String {
    let about = &alarm.about;
    let subject = match (about.subject.as_str(), title) {
        ("", _) => "网关 gateway".to_owned(),
        (subject, None) => subject.to_owned(),
        (subject, Some(title)) => format!("{title}（{subject}）"),
    };
    if about.replica.is_empty() { subject } else { format!("{subject} @ {}", about.replica) }
}

/// The figure as people read it; None where the rule says it all.
pub fn figure(alarm: &Alarm) -> Option<String> {
    match Rule::named(&alarm.about.rule).map(Rule::unit)? {
        Unit::Time => Some(length(alarm.figure)),
        Unit::Count => Some(alarm.figure.to_string()),
        Unit::Percent => Some(format!("{} %", alarm.figure)),
        Unit::Nothing => None,
    }
}

fn at(at: Timestamp) -> String {
    format!("{} 北京时间 China time", clock::to_wire(at))
}

/// In the two largest units: `6 分 12 秒 (6m 12s)`.
fn length(seconds: i64) -> String {
    const UNITS: [(u64, &str, &str); 4] =
        [(86_400, "天", "d"), (3_600, "小时", "h"), (60, "分", "m"), (1, "秒", "s")];
    let (sign, mut rest) = (if seconds < 0 { "−" } else { "" }, seconds.unsigned_abs());
    let (mut chinese, mut english) = (Vec::new(), Vec::new());
    for (size, zh, en) in UNITS {
        let count = rest / size;
        if count > 0 && chinese.len() < 2 {
            chinese.push(format!("{count} {zh}"));
            english.push(format!("{count}{en}"));
        }
        rest %= size;
    }
    if chinese.is_empty() {
        return "0 秒 (0s)".to_owned();
    }
    format!("{sign}{} ({sign}{})", chinese.join(" "), english.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_told_in_two_units() {
        for (seconds, told) in [
            (0, "0 秒 (0s)"),
            (372, "6 分 12 秒 (6m 12s)"),
            (90_061, "1 天 1 小时 (1d 1h)"),
            (-61, "−1 分 1 秒 (−1m 1s)"),
            (3_600, "1 小时 (1h)"),
        ] {
            assert_eq!(length(seconds), told, "{seconds}");
        }
    }
}
