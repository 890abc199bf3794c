//! Which part of the work a process does, where several processes share one database.

use clap::ValueEnum;
use serde::Deserialize;

/// Names in the settings and on the command line are those of the variants in lower case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Everything
    #[default]
    All,
    /// Answers platforms and the core system, and does no jobs
    Api,
    /// Does the jobs, and answers nobody but who asks for its health and its metrics
    Worker,
}

impl Role {
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Api => "api",
            Self::Worker => "worker",
        }
    }

    /// Whether it takes pushes, hands out documents and serves the core system.
    pub fn answers(self) -> bool {
        self != Self::Worker
    }

    /// Whether it does jobs, and sees to it that rounds go on.
    pub fn works(self) -> bool {
        self != Self::Api
    }
}
