//! The watch: looks every few seconds, and writes down with its messages whatever is news.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use jiff::Timestamp;

use super::conditions::{self, Terms};
use super::local::{Local, Machine, View};
use super::options::AlarmOptions;
use super::plan::{Step, Timing, plan};
use super::rule::Rule;
use crate::casework::{AlarmNews, Platforms, alarm};
use crate::clock::Clock;
use crate::institution::calendar::Calendar;
use crate::store::alarms::{self, Alarm, Severity};
use crate::store::{Archive, Connection, Store, StoreError};
use crate::telemetry::Metrics;

/// Everything that is looked at, and who is told.
pub struct Watch {
    pub store: Store,
    pub archive: Archive,
    pub platforms: Platforms,
    pub metrics: Metrics,
    pub clock: Clock,
    pub calendar: Calendar,
    pub options: Arc<AlarmOptions>,
    /// How this process is called.
    pub replica: String,
    /// What the machine shows, asked anew each time.
    pub machine: Box<dyn Fn() -> Machine + Send + Sync>,
}

/// Which channels are told what.
#[derive(Clone, Debug, Default)]
struct Routes {
    ordinary: Vec<(String, Vec<Severity>)>,
    escalation: Vec<String>,
}

impl Watch {
    /// Looks until the task is aborted.
    pub async fn keep_looking(self) {
        let (mut local, routes) = (Local::default(), Routes::of(&self.options));
        loop {
            if let Err(error) = self.look(&mut local, &routes).await {
                tracing::warn!(%error, "alarms could not be looked at");
            }
            self.clock.wait(self.options.every).await;
        }
    }

    async fn look(&self, local: &mut Local, routes: &Routes) -> Result<(), StoreError> {
        let (now, limits) = (self.clock.now(), &self.options.limits);
        let terms = Terms { platforms: &self.platforms, limits, calendar: &self.calendar, now };
        let mut findings = conditions::look(&self.store, &terms).await?;
        let machine = (self.machine)();
        let (metrics, archive) = (&self.metrics, &self.archive);
        let replica = &self.replica;
        findings.extend(local.look(&View { metrics, archive, machine: &machine, limits, replica, now }));
        findings.retain(|finding| !self.options.off.iter().any(|name| name == finding.rule.name()));
        let timing = Timing {
            calm: self.options.calm,
            repeat: self.options.repeat,
            escalate_after: self.options.escalate_after,
            escalates: !routes.escalation.is_empty(),
        };
        let open = self.store.read(alarms::open).await?;
        let steps = plan(&open, findings, timing, now);
        let open = if steps.is_empty() {
            open
        } else {
            let (routes, calm) = (routes.clone(), now.saturating_sub(timing.calm).unwrap_or(Timestamp::MIN));
            let written = self.store.write(move |connection| {
                let mut news = Vec::new();
                for step in &steps {
                    news.extend(take(connection, step, &routes, calm, now)?);
                }
                Ok((news, alarms::open(connection)?))
            });
            let (news, open) = written.await?;
            news.iter().for_each(report);
            open
        };
        self.metrics.set_open_alarms(counted(&open));
        Ok(())
    }
}

/// Takes a step, if no other process has; yields what is news by it.
fn take(
    connection: &mut Connection,
    step: &Step,
    routes: &Routes,
    calm: Timestamp,
    now: Timestamp,
) -> Result<Option<(AlarmNews, Alarm)>, StoreError> {
    let (news, id) = match step {
        Step::See { id, figure } => return alarms::see(connection, id, *figure, now).map(|()| None),
        Step::Raise(finding) => {
            let severity = finding.rule.severity();
            match alarms::raise(connection, &finding.about(), severity, finding.figure, now)? {
                Some(id) => (AlarmNews::Raised, id),
                None => return Ok(None),
            }
        }
        Step::Recover(alarm) if alarms::recover(connection, &alarm.id, calm, now)? => {
            (AlarmNews::Recovered, alarm.id.clone())
        }
        Step::Remind(alarm) if alarms::remind(connection, &alarm.id, alarm.told_at, now)? => {
            (AlarmNews::Reminder, alarm.id.clone())
        }
        Step::Escalate(alarm) if alarms::escalate(connection, &alarm.id, now)? => {
            (AlarmNews::Escalated, alarm.id.clone())
        }
        Step::Recover(_) | Step::Remind(_) | Step::Escalate(_) => return Ok(None),
    };
    let Some(alarm) = alarms::find(connection, &id)? else { return Ok(None) };
    for channel in routes.told(&alarm, news) {
        alarm::tell(connection, channel, &alarm.id, news, now)?;
    }
    Ok(Some((news, alarm)))
}

/// Each is logged once, by the process that wrote it down.
fn report((news, alarm): &(AlarmNews, Alarm)) {
    let (rule, subject, replica, figure) =
        (&alarm.about.rule, &alarm.about.subject, &alarm.about.replica, alarm.figure);
    match news {
        AlarmNews::Raised => tracing::error!(rule, subject, replica, figure, "alarm raised"),
        AlarmNews::Reminder => tracing::warn!(rule, subject, replica, figure, "alarm is still open"),
        AlarmNews::Escalated => tracing::error!(rule, subject, replica, figure, "alarm escalated"),
        AlarmNews::Recovered => tracing::info!(rule, subject, replica, "alarm recovered"),
    }
}

fn counted(open: &[Alarm]) -> Vec<(&'static str, &'static str, i64)> {
    let mut counts = BTreeMap::new();
    for alarm in open {
        if let Some(rule) = Rule::named(&alarm.about.rule) {
            *counts.entry((rule.name(), alarm.severity.name())).or_insert(0) += 1;
        }
    }
    counts.into_iter().map(|((rule, severity), count)| (rule, severity, count)).collect()
}

impl Routes {
    fn of(options: &AlarmOptions) -> Self {
        let others = options.channels.iter().filter(|(name, _)| !options.escalation.contains(name));
        let ordinary = others.map(|(name, channel)| {
            let wanted = |severity: &Severity| {
                channel.severities.is_empty() || channel.severities.iter().any(|it| it == severity.name())
            };
            (name.clone(), Severity::ALL.into_iter().filter(wanted).collect())
        });
        Self { ordinary: ordinary.collect(), escalation: options.escalation.clone() }
    }

    fn told<'a>(&'a self, alarm: &'a Alarm, news: AlarmNews) -> Vec<&'a str> {
        let ordinary = self.ordinary.iter().filter(|(_, wanted)| wanted.contains(&alarm.severity));
        let ordinary = ordinary.map(|(name, _)| name.as_str());
        let escalation = self.escalation.iter().map(String::as_str);
        match news {
            AlarmNews::Escalated => escalation.collect(),
            AlarmNews::Recovered if alarm.escalated_at.is_some() => ordinary.chain(escalation).collect(),
            AlarmNews::Raised | AlarmNews::Reminder | AlarmNews::Recovered => ordinary.collect(),
        }
    }
}

impl AlarmOptions {
    /// Whether names fit together and times make sense.
    ///
    /// # Errors
    /// Which key is wrong, and what was expected.
    pub fn check(&self) -> anyhow::Result<()> {
        let (every, calm) = (self.every, self.calm);
        ensure!(!every.is_zero(), "alarms.every: expected some time, found {every:?}");
        ensure!(calm >= every * 2, "alarms.calm: expected at least twice alarms.every, found {calm:?}");
        let hour = self.limits.reconcile_hour;
        ensure!(hour < 24, "alarms.limits.reconcile_hour: expected an hour from 0 to 23, found {hour}");
        for name in &self.off {
            let known = || Rule::ALL.map(Rule::name).join(", ");
            Rule::named(name)
                .with_context(|| format!("alarms.off: expected some of {}, found `{name}`", known()))?;
        }
        for name in &self.escalation {
            let known: Vec<&str> = self.channels.keys().map(String::as_str).collect();
            if !self.channels.contains_key(name) {
                let known = known.join(", ");
                bail!("alarms.escalation: expected names of alarms.channels ({known}), found `{name}`");
            }
        }
        for (channel, options) in &self.channels {
            for name in &options.severities {
                if !Severity::ALL.iter().any(|severity| severity.name() == name) {
                    bail!(
                        "alarms.channels.{channel}.severities: expected `page` or `warning`, found `{name}`"
                    );
                }
            }
        }
        Ok(())
    }
}
