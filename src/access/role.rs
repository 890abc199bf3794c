//! Roles of operators, separated as GB/T 22239-2019 (三级) asks for: whoever administers users sees no business data, and
//! whoever audits changes nothing.

use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::Permission;

/// What somebody is in the console. One person may have several roles; what they permit is added up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// 运维: watches, retries, pauses.
    Operations,
    /// 经办: proposes what needs two people.
    Maker,
    /// 复核: approves what another proposed.
    Checker,
    /// 审计: sees everything and the audit trail, changes nothing.
    Auditor,
    /// 管理员: users and their roles, no business data.
    Administrator,
}

impl Role {
    pub const ALL: [Self; 5] =
        [Self::Operations, Self::Maker, Self::Checker, Self::Auditor, Self::Administrator];

    /// As it is stored and written on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operations => "operations",
            Self::Maker => "maker",
            Self::Checker => "checker",
            Self::Auditor => "auditor",
            Self::Administrator => "administrator",
        }
    }

    pub fn permits(self, permission: Permission) -> bool {
        use Permission as P;
        match permission {
            P::SeeBusiness => self != Self::Administrator,
            P::Export => matches!(self, Self::Operations | Self::Maker | Self::Checker | Self::Auditor),
            P::Operate => self == Self::Operations,
            P::Propose => matches!(self, Self::Operations | Self::Maker),
            P::Approve => self == Self::Checker,
            P::HandleEvidence => matches!(self, Self::Operations | Self::Maker | Self::Checker),
            P::Reconcile => matches!(self, Self::Maker | Self::Checker),
            P::SeeProposals => self != Self::Administrator,
            P::SeeAudit => self == Self::Auditor,
            P::SeeUsers => matches!(self, Self::Administrator | Self::Auditor),
            P::ManageUsers => self == Self::Administrator,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// A word that names no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected one of `operations`, `maker`, `checker`, `auditor`, `administrator`, found `{0}`")]
pub struct NoRole(String);

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(name: &str) -> Result<Self, NoRole> {
        Self::ALL.into_iter().find(|role| role.name() == name).ok_or_else(|| NoRole(name.to_owned()))
    }
}
