//! How a simulated platform is set up: its credentials, its habits, and how strict it is.

use std::net::SocketAddr;
use std::time::Duration;

use super::super::hainan::{self, WireForm};
use super::{Examination, Specification};
use crate::clock::Clock;

/// Everything that one simulated platform and its institution have agreed on.
#[derive(Clone, Debug)]
pub struct SandboxOptions {
    pub specification: &'static Specification,
    /// Where the platform listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What the platform's pushes are addressed to, without the interface:
    /// `http://127.0.0.1:8080/platforms/hainan`.
    pub gateway: String,
    pub appkey: String,
    pub appsecret: String,
    /// Sent where the specification has a field for it.
    pub platform_code: String,
    /// The SM4 key that both sides have agreed on (漳州 3.2.2); of use only without an opening.
    pub agreed_key: [u8; 16],
    pub wire: WireForm,
    pub habits: Habits,
    pub clock: Clock,
    /// How far a request's timestamp may be from the platform's clock, either way.
    pub timestamp_window: Duration,
    /// In Hainan, A.2 must have been accepted before A.4; otherwise either order is taken.
    pub notice_first: bool,
    pub examination: Examination,
    /// A letter must carry at least one electronic seal, which libsm verifies.
    pub seal_required: bool,
    /// Whether an institution may give an application up (`giveupapply`).
    pub waivers_granted: bool,
    /// Keep the accepted letters themselves; without them, a long run needs little memory.
    pub keep_letters: bool,
    /// How long the platform waits for the answer to a push, or for a file.
    pub push_timeout: Duration,
}

/// What platforms have been seen to do that their specifications don't say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Habits {
    /// `amount` and `type` of an invoice are JSON numbers (`3200.0`, `0`), and signed as such.
    pub numbers: bool,
    /// `code` of an answer is a JSON number.
    pub numeric_code: bool,
    /// Pushes are `application/x-www-form-urlencoded`, with the JSON in the field `requestData`.
    pub form: bool,
    /// The sections in `yichanglist` are named as the applications named them, by ciphertext.
    pub sealed_sections: bool,
}

impl SandboxOptions {
    /// A Hainan platform on a free loopback port with the usual choices.
    pub fn new(gateway: impl Into<String>, appkey: impl Into<String>, appsecret: impl Into<String>) -> Self {
        Self::of(&hainan::SPECIFICATION, gateway, appkey, appsecret)
    }

    /// A platform of the given specification on a free loopback port with the usual choices.
    pub fn of(
        specification: &'static Specification,
        gateway: impl Into<String>,
        appkey: impl Into<String>,
        appsecret: impl Into<String>,
    ) -> Self {
        let mut options = Self {
            specification,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            gateway: gateway.into(),
            appkey: appkey.into(),
            appsecret: appsecret.into(),
            platform_code: String::new(),
            agreed_key: rand::random(),
            wire: WireForm::default(),
            habits: Habits::default(),
            clock: Clock::system(),
            timestamp_window: Duration::from_secs(15 * 60),
            notice_first: true,
            examination: Examination::AtOnce,
            seal_required: true,
            waivers_granted: true,
            keep_letters: true,
            push_timeout: Duration::from_secs(30),
        };
        (specification.adjust)(&mut options);
        options
    }
}
