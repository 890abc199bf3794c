//! What an API key may be used for.

use std::fmt;
use std::str::FromStr;

/// A part of the interface that a key opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Guarantees, timelines, platforms, explanations.
    Read,
    /// The bytes of letters and papers.
    Documents,
    /// Approval, decline, premium, issue, abandonment, waiver.
    Underwrite,
    /// Applicants' particulars and files.
    Dossiers,
    /// Surrenders, cancellations, invoices.
    Service,
    Claims,
    /// Statements and reconciliations.
    Reconcile,
    /// Callbacks and jobs: lists, replays, a test.
    Callbacks,
    /// Verification of the tokens that applicants carry.
    Tokens,
}

impl Scope {
    pub const ALL: [Self; 9] = [
        Self::Read,
        Self::Documents,
        Self::Underwrite,
        Self::Dossiers,
        Self::Service,
        Self::Claims,
        Self::Reconcile,
        Self::Callbacks,
        Self::Tokens,
    ];

    /// As a key's record and the interface's description name it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Documents => "documents",
            Self::Underwrite => "underwrite",
            Self::Dossiers => "dossiers",
            Self::Service => "service",
            Self::Claims => "claims",
            Self::Reconcile => "reconcile",
            Self::Callbacks => "callbacks",
            Self::Tokens => "tokens",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A word that names no scope.
#[derive(Debug, thiserror::Error)]
#[error("expected one of {}, found `{found}`", Scope::ALL.map(Scope::name).join(", "))]
pub struct UnknownScope {
    found: String,
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|scope| scope.name() == text);
        found.ok_or_else(|| UnknownScope { found: text.to_owned() })
    }
}
