//! The rules: which conditions there are, how soon people have to look, and how they are called.

use crate::store::alarms::Severity;

/// A condition. Its name is also that of its paragraph in `deploy/runbook.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    RestoreLag,
    DecryptFailure,
    BadSignatures,
    OldestReadyJob,
    DeadJob,
    BreakerOpen,
    PlatformUnreachable,
    ClockOffset,
    CertificateMonth,
    CertificateWeek,
    ReconcileDifferences,
    AuditChainInvalid,
    NoInbound,
    DiskLow,
    DatabaseBusy,
    CallbacksWaiting,
    ArchiveUnavailable,
}

/// What the figure of an alarm counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds, shown as a length of time.
    Time,
    Count,
    Percent,
    /// None: the rule says it all.
    Nothing,
}

impl Rule {
    pub const ALL: [Self; 17] = [
        Self::RestoreLag,
        Self::DecryptFailure,
        Self::BadSignatures,
        Self::OldestReadyJob,
        Self::DeadJob,
        Self::BreakerOpen,
        Self::PlatformUnreachable,
        Self::ClockOffset,
        Self::CertificateMonth,
        Self::CertificateWeek,
        Self::ReconcileDifferences,
        Self::AuditChainInvalid,
        Self::NoInbound,
        Self::DiskLow,
        Self::DatabaseBusy,
        Self::CallbacksWaiting,
        Self::ArchiveUnavailable,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::RestoreLag => "restore-lag",
            Self::DecryptFailure => "decrypt-failure",
            Self::BadSignatures => "bad-signatures",
            Self::OldestReadyJob => "oldest-ready-job",
            Self::DeadJob => "dead-job",
            Self::BreakerOpen => "breaker-open",
            Self::PlatformUnreachable => "platform-unreachable",
            Self::ClockOffset => "clock-offset",
            Self::CertificateMonth => "certificate-30d",
            Self::CertificateWeek => "certificate-7d",
            Self::ReconcileDifferences => "reconcile-differences",
            Self::AuditChainInvalid => "audit-chain-invalid",
            Self::NoInbound => "no-inbound",
            Self::DiskLow => "disk-low",
            Self::DatabaseBusy => "database-busy",
            Self::CallbacksWaiting => "callbacks-waiting",
            Self::ArchiveUnavailable => "archive-unavailable",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.name() == name)
    }

    pub fn severity(self) -> Severity {
        match self {
            Self::RestoreLag
            | Self::DecryptFailure
            | Self::CertificateWeek
            | Self::AuditChainInvalid
            | Self::ArchiveUnavailable => Severity::Page,
            _ => Severity::Warning,
        }
    }

    /// In Chinese and in English.
    pub fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::RestoreLag => ("开标还原超时未送达", "restorations are late"),
            Self::DecryptFailure => ("开标密钥无法解密", "a key opens nothing"),
            Self::BadSignatures => ("推送验签失败", "pushes fail their digest"),
            Self::OldestReadyJob => ("任务长时间未完成", "jobs are not getting done"),
            Self::DeadJob => ("有任务已放弃", "jobs were given up"),
            Self::BreakerOpen => ("平台熔断", "a breaker stays open"),
            Self::PlatformUnreachable => ("平台无法连通", "a platform can't be reached"),
            Self::ClockOffset => ("时钟偏差过大", "clocks differ"),
            Self::CertificateMonth => ("证书将在 30 天内到期", "a certificate ends within 30 days"),
            Self::CertificateWeek => ("证书将在 7 天内到期", "a certificate ends within 7 days"),
            Self::ReconcileDifferences => ("对账差异未说明", "differences are unexplained"),
            Self::AuditChainInvalid => ("审计链校验失败", "the audit trail is not whole"),
            Self::NoInbound => ("工作时间内没有推送", "no pushes in working hours"),
            Self::DiskLow => ("磁盘剩余不足", "a disk is nearly full"),
            Self::DatabaseBusy => ("数据库繁忙", "the database is too busy"),
            Self::CallbacksWaiting => ("核心系统未接收回调", "the core system takes no callbacks"),
            Self::ArchiveUnavailable => ("文件存储不可用", "the archive can't be used"),
        }
    }

    pub fn unit(self) -> Unit {
        match self {
            Self::RestoreLag
            | Self::OldestReadyJob
            | Self::BreakerOpen
            | Self::PlatformUnreachable
            | Self::ClockOffset
            | Self::CertificateMonth
            | Self::CertificateWeek
            | Self::NoInbound
            | Self::CallbacksWaiting
            | Self::ArchiveUnavailable => Unit::Time,
            Self::DecryptFailure | Self::BadSignatures | Self::DeadJob | Self::ReconcileDifferences => {
                Unit::Count
            }
            Self::DiskLow => Unit::Percent,
            Self::AuditChainInvalid | Self::DatabaseBusy => Unit::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_rule_has_a_name_of_its_own_and_its_paragraph_in_the_runbook() {
        let runbook = include_str!("../../deploy/runbook.md");
        let paragraphs: BTreeSet<&str> =
            runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        let names: BTreeSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
        assert_eq!(names.len(), Rule::ALL.len());
        for rule in Rule::ALL {
            assert!(paragraphs.contains(rule.name()), "{}", rule.name());
            assert_eq!(Rule::named(rule.name()), Some(rule));
            let row = format!("| [{0}](#{0}) | {1} |", rule.name(), rule.severity().name());
            assert!(runbook.contains(&row), "{row}");
        }
        // What nobody can tell whose process is gone, and what a replica tells of itself by its figures.
        let others: Vec<&&str> = paragraphs.difference(&names).collect();
        assert_eq!(others, [&"changes-not-taken-over", &"gateway-down"]);
    }
}
