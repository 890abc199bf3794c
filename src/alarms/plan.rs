//! From what is open and what is found to what has to be done: a pure step, the same in every process.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::rule::Rule;
use crate::store::alarms::{About, Alarm, Severity};

/// A condition that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) rule: Rule,
    pub(super) subject: String,
    /// Empty where all processes see the same.
    pub(super) replica: String,
    pub(super) figure: i64,
}

impl Finding {
    pub(super) fn about(&self) -> About {
        let (subject, replica) = (self.subject.clone(), self.replica.clone());
        About { rule: self.rule.name().to_owned(), subject, replica }
    }
}

/// One thing to do; each looks again in its transaction whether it is still to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Raise(Finding),
    See { id: String, figure: i64 },
    Recover(Alarm),
    Remind(Alarm),
    Escalate(Alarm),
}

/// When what is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timing {
    pub(super) calm: Duration,
    pub(super) repeat: Duration,
    pub(super) escalate_after: Duration,
    /// Whether there is anybody to escalate to.
    pub(super) escalates: bool,
}

pub(super) fn plan(open: &[Alarm], findings: Vec<Finding>, timing: Timing, now: Timestamp) -> Vec<Step> {
    let mut found: BTreeMap<About, Finding> =
        findings.into_iter().map(|finding| (finding.about(), finding)).collect();
    let mut steps = Vec::new();
    for alarm in open {
        match found.remove(&alarm.about) {
            Some(finding) => steps.push(Step::See { id: alarm.id.clone(), figure: finding.figure }),
            None if passed(alarm.seen_at, timing.calm, now) => {
                steps.push(Step::Recover(alarm.clone()));
                continue;
            }
            None => {}
        }
        if alarm.acknowledged.is_some() {
            continue;
        }
        if !timing.repeat.is_zero() && passed(alarm.told_at, timing.repeat, now) {
            steps.push(Step::Remind(alarm.clone()));
        }
        let due = alarm.severity == Severity::Page && alarm.escalated_at.is_none() && timing.escalates;
        if due && passed(alarm.raised_at, timing.escalate_after, now) {
            steps.push(Step::Escalate(alarm.clone()));
        }
    }
    steps.extend(found.into_values().map(Step::Raise));
    steps
}

/// Whether so much time has passed since then.
pub(super) fn passed(since: Timestamp, time: Duration, now: Timestamp) -> bool {
    now.duration_since(since) >= SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIMING: Timing = Timing {
        calm: Duration::from_secs(60),
        repeat: Duration::from_secs(3600),
        escalate_after: Duration::from_secs(900),
        escalates: true,
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn finding(rule: Rule, subject: &str, replica: &str) -> Finding {
        Finding { rule, subject: subject.to_owned(), replica: replica.to_owned(), figure: 7 }
    }

    fn alarm(finding: &Finding) -> Alarm {
        Alarm {
            id: "a1".to_owned(),
            about: finding.about(),
            severity: finding.rule.severity(),
            figure: 1,
            raised_at: at(0),
            seen_at: at(0),
            told_at: at(0),
            escalated_at: None,
            acknowledged: None,
            recovered_at: None,
        }
    }

    #[test]
    fn what_is_found_is_raised_once_and_seen_afterwards() {
        let found = finding(Rule::DeadJob, "p", "");
        assert_eq!(
            plan(&[], vec![found.clone(), found.clone()], TIMING, at(0)),
            [Step::Raise(found.clone())]
        );
        let seen = Step::See { id: "a1".to_owned(), figure: 7 };
        assert_eq!(plan(&[alarm(&found)], vec![found.clone()], TIMING, at(15)), std::slice::from_ref(&seen));
        let other = finding(Rule::DeadJob, "q", "");
        let steps = plan(&[alarm(&found)], vec![found, other.clone()], TIMING, at(15));
        assert_eq!(steps, [seen, Step::Raise(other)]);
    }

    #[test]
    fn it_recovers_once_nobody_has_seen_it_for_a_while_whoever_looks() {
        let open = alarm(&finding(Rule::DiskLow, "documents", "another replica"));
        assert_eq!(plan(std::slice::from_ref(&open), vec![], TIMING, at(59)), []);
        assert_eq!(plan(std::slice::from_ref(&open), vec![], TIMING, at(60)), [Step::Recover(open)]);
    }

    #[test]
    fn people_are_reminded_and_pages_escalated_until_somebody_takes_them_on() {
        let found = finding(Rule::RestoreLag, "p", "");
        let told = |change: &dyn Fn(&mut Alarm), now| {
            let mut open = alarm(&found);
            change(&mut open);
            let steps = plan(&[open], vec![found.clone()], TIMING, at(now));
            let names = steps.iter().skip(1).map(|step| match step {
                Step::Remind(_) => "remind",
                Step::Escalate(_) => "escalate",
                _ => "other",
            });
            names.collect::<Vec<_>>()
        };
        assert_eq!(told(&|_| {}, 899), Vec::<&str>::new());
        assert_eq!(told(&|_| {}, 900), ["escalate"]);
        assert_eq!(told(&|alarm| alarm.escalated_at = Some(at(900)), 3599), Vec::<&str>::new());
        assert_eq!(told(&|alarm| alarm.escalated_at = Some(at(900)), 3600), ["remind"]);
        assert_eq!(told(&|alarm| alarm.told_at = at(3600), 3700), ["escalate"]);
        assert_eq!(
            told(&|alarm| alarm.acknowledged = Some((at(1), "u".to_owned())), 9000),
            Vec::<&str>::new()
        );
        assert_eq!(told(&|alarm| alarm.severity = Severity::Warning, 1000), Vec::<&str>::new());
    }
}
