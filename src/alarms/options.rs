//! The section `[alarms]` of the settings.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use crate::delivery::mail::MailSecurity;
use crate::institution::hours::Window;
use crate::secret::Secret;

/// When people are told what, and over which channels.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlarmOptions {
    /// How often the conditions are looked at.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub every: Duration,
    /// How long nobody has to have seen a condition before its alarm recovers; at least twice `every`.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub calm: Duration,
    /// When people are reminded of an alarm that nobody has acknowledged; 0: never.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub repeat: Duration,
    /// When others are told of a `page` that nobody has acknowledged.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub escalate_after: Duration,
    /// The channels of those others. They are told nothing else.
    pub escalation: Vec<String>,
    /// How this process is called where it alone sees something; the machine's name, where None.
    pub replica: Option<String>,
    /// Where people read the runbook; `#` and the paragraph follow.
    pub runbook: String,
    /// Rules that are not looked at, by their names.
    pub off: Vec<String>,
    pub limits: LimitOptions,
    pub channels: BTreeMap<String, ChannelOptions>,
}

impl Default for AlarmOptions {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(15),
            calm: Duration::from_secs(60),
            repeat: Duration::from_secs(4 * 3600),
            escalate_after: Duration::from_secs(15 * 60),
            escalation: Vec::new(),
            replica: None,
            runbook: "deploy/runbook.md".to_owned(),
            off: Vec::new(),
            limits: LimitOptions::default(),
            channels: BTreeMap::new(),
        }
    }
}

/// Beyond which figures a condition holds.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitOptions {
    /// From a key's arrival to the plaintext letter with its platform.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub restore_lag: Duration,
    /// Pushes of a platform with a wrong digest within ten minutes.
    pub bad_signatures: u64,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub ready_job: Duration,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub breaker: Duration,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub unreachable: Duration,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub clock_offset: Duration,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub callbacks: Duration,
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub archive: Duration,
    /// How long the database may be too busy.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub database_busy: Duration,
    /// Less room than so many hundredths of a disk.
    pub disk_percent: u64,
    /// How much working time may pass without a push of a platform that pushed within the last two weeks.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub silence: Duration,
    /// What counts as working time, on working days of `[calendar]`.
    pub working_hours: Vec<Window>,
    /// The hour of the day in China at which differences have to be explained.
    pub reconcile_hour: u8,
}

impl Default for LimitOptions {
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(minutes * 60);
        Self {
            restore_lag: minutes(5),
            bad_signatures: 3,
            ready_job: minutes(10),
            breaker: minutes(10),
            unreachable: minutes(5),
            clock_offset: minutes(1),
            callbacks: minutes(30),
            archive: minutes(1),
            database_busy: minutes(5),
            disk_percent: 15,
            silence: minutes(240),
            working_hours: "09:00-17:00".parse().into_iter().collect(),
            reconcile_hour: 9,
        }
    }
}

/// What takes the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChannelKind {
    /// 企业微信群机器人
    Wecom,
    /// 钉钉群机器人
    Dingtalk,
    /// 飞书群机器人
    Lark,
    /// Any address that takes JSON, signed as callbacks are.
    Webhook,
    /// SMTP
    Mail,
}

/// One channel. Which keys it has depends on its kind.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChannelOptions {
    pub kind: ChannelKind,
    /// Severities that it is told of; all, if empty.
    #[serde(default)]
    pub severities: Vec<String>,
    /// All but mail: the address, which lets whoever has it write there.
    pub url: Option<Secret>,
    /// What messages are signed with, of 钉钉 and 飞书 where their robot asks for it, and of a webhook (`whsec_…`).
    pub secret: Option<Secret>,
    pub host: Option<String>,
    pub port: Option<u16>,
    #[serde(default)]
    pub security: MailSecurity,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub from: Option<String>,
    #[serde(default)]
    pub to: Vec<String>,
    pub ca_file: Option<PathBuf>,
    /// For one message.
    #[serde(
        default = "ten_seconds",
        with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required"
    )]
    pub timeout: Duration,
}

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}
