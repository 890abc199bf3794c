//! Which jobs a list shows, as its address says.

use serde::{Deserialize, Serialize};

use crate::console::values::encoded;
use crate::domain::identity::{GuaranteeId, PlatformId};
use crate::store::jobs::{JobId, JobState, Wish};

/// So many jobs stand on a page.
pub(super) const PAGE: u32 = 50;

/// So many jobs a batch takes at most.
pub(super) const BATCH: u32 = 1_000;

/// From so many attempts on a job that waits is being retried.
const RETRYING: i64 = 1;

/// The parts of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum View {
    #[default]
    Dead,
    /// Waits for another attempt.
    Retrying,
    /// Waits for its first attempt, its turn or its hour.
    Waiting,
    Running,
}

impl View {
    pub const ALL: [Self; 4] = [Self::Dead, Self::Retrying, Self::Waiting, Self::Running];

    pub fn name(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Retrying => "retrying",
            Self::Waiting => "waiting",
            Self::Running => "running",
        }
    }

    /// The key of its title.
    pub fn title(self) -> &'static str {
        match self {
            Self::Dead => "queue.view_dead",
            Self::Retrying => "queue.view_retrying",
            Self::Waiting => "queue.view_waiting",
            Self::Running => "queue.view_running",
        }
    }

    fn state(self) -> JobState {
        match self {
            Self::Dead => JobState::Dead,
            Self::Retrying | Self::Waiting => JobState::Ready,
            Self::Running => JobState::Running,
        }
    }
}

/// The query of `/queue`. What is empty does not count.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    pub view: View,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub platform: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub cause: String,
    /// At least so many attempts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub attempts: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub guarantee: String,
    /// The last job of the page before.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub behind: String,
}

impl Filter {
    pub fn wish(&self, limit: u32) -> Wish {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let least = if self.view == View::Retrying { RETRYING } else { 0 };
        Wish {
            state: self.view.state(),
            platform: given(&self.platform).map(PlatformId::new),
            kind: given(&self.kind),
            guarantee: given(&self.guarantee).map(GuaranteeId::new),
            cause: given(&self.cause),
            attempts: self.attempts.trim().parse().unwrap_or(least).max(least),
            behind: given(&self.behind).map(JobId::new),
            limit,
        }
    }

    /// The address of the list under this filter.
    pub fn address(&self) -> String {
        // What it can't be written as is no filter that a list was asked for.
        let fields = serde_json::to_value(self).unwrap_or_default();
        let fields = fields.as_object().cloned().unwrap_or_default();
        let pairs = fields.iter().filter_map(|(name, value)| Some((name, value.as_str()?)));
        let pairs: Vec<String> = pairs.map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        format!("/queue?{}", pairs.join("&"))
    }

    /// The address of the list as a file, but for the kind of file.
    pub fn export(&self) -> String {
        let first = Self { behind: String::new(), ..self.clone() };
        format!("{}&format=", first.address().replacen("/queue?", "/queue/export?", 1))
    }

    pub fn with_view(&self, view: &View) -> Self {
        Self { view: *view, behind: String::new(), ..self.clone() }
    }

    pub fn behind(&self, job: &JobId) -> Self {
        Self { behind: job.to_string(), ..self.clone() }
    }
}
