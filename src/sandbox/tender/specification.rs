//! A specification as data: its request tables in both directions, and what it does that others don't.

use std::fmt;

use super::super::fields::Interface;
use super::super::message::Reason;
use super::applicants::Application;
use super::receive::{Request, Taken};
use super::{Platform, SandboxOptions};

/// One platform's specification, as this room reads it.
pub struct Specification {
    /// What the platform is called on a command line, and in the usual address of its pushes: `hainan`.
    pub id: &'static str,
    /// What it calls itself.
    pub title: &'static str,
    /// The tables of the interfaces that institutions call.
    pub received: &'static [Interface],
    /// The tables of the interfaces that the platform calls.
    pub pushed: &'static [Interface],
    /// Takes a request that has been authenticated and held against its table.
    pub take: fn(&Platform, &Request<'_>) -> Result<Taken, Reason>,
    /// What an application says beside the usual: names from the table of `baohanapply`, and plaintexts.
    pub particulars: fn(&Application) -> Vec<(&'static str, String)>,
    /// `baohanapply` is answered with the address of a page for the payment (`Payurl`).
    pub payment_page: bool,
    /// How its application numbers begin.
    pub prefix: &'static str,
    /// What `GET /` says of the acts that only this platform has.
    pub acts: &'static str,
    /// Changes what is usual in [`SandboxOptions`] to what is usual for this platform.
    pub adjust: fn(&mut SandboxOptions),
}

impl Specification {
    /// The table of an interface that institutions may call.
    pub fn received(&self, name: &str) -> Option<&'static Interface> {
        self.received.iter().find(|interface| interface.name == name)
    }

    /// The table of an interface that the platform calls.
    pub fn pushed(&self, name: &str) -> Option<&'static Interface> {
        self.pushed.iter().find(|interface| interface.name == name)
    }

    /// Whether keys are sent at an opening; otherwise one key has been agreed on, and there is one letter only.
    pub fn restores(&self) -> bool {
        self.pushed("baohanrestore").is_some()
    }
}

impl fmt::Debug for Specification {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id)
    }
}

/// For a platform whose application says nothing beside the usual.
pub fn nothing_further(_: &Application) -> Vec<(&'static str, String)> {
    Vec::new()
}
