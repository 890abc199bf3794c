//! What every simulated platform works with: its journal, its fault script, its clock, and a client for its own calls.

use std::time::Duration;

use anyhow::Context;

use super::answer::Answer;
use super::faults::Faults;
use super::journal::{Direction, Entry, Journal, Outcome};
use super::message::Reason;
use crate::clock::Clock;

/// A file that an institution offers for download may not be larger.
const LARGEST_FILE: usize = 64 << 20;

/// The desk of one platform.
pub struct Desk {
    pub journal: Journal,
    pub faults: Faults,
    pub clock: Clock,
    client: reqwest::Client,
}

impl Desk {
    /// `timeout` is how long an answer to a push, or a download, may take.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(clock: Clock, timeout: Duration) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(timeout).no_proxy().build();
        let client = client.context("the sandbox's HTTP client")?;
        Ok(Self { journal: Journal::default(), faults: Faults::default(), clock, client })
    }

    /// Enters an exchange into the journal, now.
    pub fn enter(&self, entry: Entry) {
        self.journal.enter(self.clock.now(), entry);
    }

    /// Enters a request that the fault script has kept from having any effect.
    pub fn note_fault(&self, interface: &str, act: &str, bytes: usize) {
        self.enter(Entry {
            direction: Direction::Received,
            interface: interface.to_owned(),
            applyno: None,
            outcome: Outcome::Faulted(act.to_owned()),
            effect: None,
            duplicate: false,
            bytes,
        });
    }

    /// Posts JSON and reads the answer. Enters nothing into the journal.
    ///
    /// # Errors
    /// When no whole answer came.
    pub async fn post(&self, url: &str, json: Vec<u8>) -> Result<Answer, reqwest::Error> {
        let request = self.client.post(url).header("content-type", "application/json; charset=UTF-8");
        Self::answer_to(request.body(json)).await
    }

    /// The same with the JSON as a field of a form.
    ///
    /// # Errors
    /// As [`Desk::post`].
    pub async fn post_form(&self, url: &str, field: &str, json: &str) -> Result<Answer, reqwest::Error> {
        Self::answer_to(self.client.post(url).form(&[(field, json)])).await
    }

    async fn answer_to(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        Ok(Answer::read(status, response.text().await?))
    }

    /// Downloads a file that an institution has named in a field.
    ///
    /// # Errors
    /// The platform's answer when there is no such file, or nothing in it.
    pub async fn fetch(&self, field: &str, url: &str) -> Result<Vec<u8>, Reason> {
        let failed = |why: &dyn std::fmt::Display| Reason::new(format!("{field}无法下载：{why}"));
        let mut response = self.client.get(url).send().await.map_err(|error| failed(&error))?;
        if !response.status().is_success() {
            return Err(failed(&format_args!("HTTP {}", response.status().as_u16())));
        }
        let mut bytes = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| failed(&error))? {
            if bytes.len() + part.len() > LARGEST_FILE {
                return Err(failed(&"文件过大"));
            }
            bytes.extend_from_slice(&part);
        }
        if bytes.is_empty() {
            return Err(failed(&"文件为空"));
        }
        Ok(bytes)
    }
}
