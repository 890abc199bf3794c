//! How a sandboxed Inner Mongolia platform is set up: credentials, keys, and what the specification leaves open.

use std::net::SocketAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use crate::clock::{self, Clock};

/// Everything that one sandboxed platform and its institution have agreed on.
#[derive(Clone)]
pub struct SandboxOptions {
    /// Where the platform listens; port 0 takes a free one.
    pub listen: SocketAddr,
    /// What the platform's pushes are addressed to, without the transaction code:
    /// `http://127.0.0.1:8080/platforms/neimenggu`.
    pub gateway: String,
    /// 银行标识, which is on the wire in the place of `appkey`.
    pub appid: String,
    pub appkey: String,
    pub appsecret: String,
    /// The institution's public key, `04‖x‖y`: what pushes are encrypted to.
    pub institution_key: [u8; 65],
    /// The platform's own private key; a fresh one is made if none is given.
    pub private_key: Option<[u8; 32]>,
    /// How the platform prints `reqtime` in its pushes.
    pub reqtime: Reqtime,
    /// What PREP103 and PREP104 are pushed in.
    pub file_pushes: FilePushes,
    pub clock: Clock,
    /// How far a request's `reqtime` may be from the platform's clock, either way.
    pub timestamp_window: Duration,
    /// 05 must have been accepted before 03, as chapter 8 has it: the letter is issued when the premium is there.
    pub payment_first: bool,
    /// Keep the fetched letters themselves; without them, a long run needs little memory.
    pub keep_letters: bool,
    /// How long the platform waits for the answer to a push.
    pub push_timeout: Duration,
}

impl SandboxOptions {
    /// A platform on a free loopback port with the usual choices.
    pub fn new(
        gateway: impl Into<String>,
        appid: impl Into<String>,
        appkey: impl Into<String>,
        appsecret: impl Into<String>,
        institution_key: [u8; 65],
    ) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            gateway: gateway.into(),
            appid: appid.into(),
            appkey: appkey.into(),
            appsecret: appsecret.into(),
            institution_key,
            private_key: None,
            reqtime: Reqtime::default(),
            file_pushes: FilePushes::default(),
            clock: Clock::system(),
            timestamp_window: Duration::from_secs(15 * 60),
            payment_first: true,
            keep_letters: true,
            push_timeout: Duration::from_secs(30),
        }
    }
}

/// The form of `reqtime`. The table of 9.2.1 contradicts itself: its length (14) and its example are the first form,
/// its note is the third, and the second is what the third usually means.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reqtime {
    /// `yyyyMMddHHmmss`
    #[default]
    Digits,
    /// `yyyyMMddHH:mm:ss`
    Colons,
    /// `yyyyMMddH:mm:ss`: one digit before ten o'clock.
    ShortHour,
}

impl Reqtime {
    /// An instant in this form, China Standard Time.
    pub fn print(self, instant: Timestamp) -> String {
        let wire = clock::to_wire(instant);
        let (date, time) = wire.split_once(' ').unwrap_or_default();
        let date = date.replace('-', "");
        match self {
            Self::Digits => format!("{date}{}", time.replace(':', "")),
            Self::Colons => format!("{date}{time}"),
            Self::ShortHour => format!("{date}{}", time.strip_prefix('0').unwrap_or(time)),
        }
    }

    /// The instant that a text of exactly this form stands for.
    pub fn read(self, text: &str) -> Option<Timestamp> {
        let (date, time) = text.split_at_checked(8)?;
        let time = match self {
            Self::Digits => {
                let (hours, rest) = time.split_at_checked(2)?;
                let (minutes, seconds) = rest.split_at_checked(2)?;
                format!("{hours}:{minutes}:{seconds}")
            }
            Self::Colons => time.to_owned(),
            Self::ShortHour => format!("{time:0>8}"),
        };
        let (year, day) = date.split_at_checked(4)?;
        let (month, day) = day.split_at_checked(2)?;
        let instant = clock::from_wire(&format!("{year}-{month}-{day} {time}")).ok()?;
        (self.print(instant) == text).then_some(instant)
    }
}

/// How PREP103 and PREP104 are pushed: 10.3 and 10.4 speak of the digital envelope without saying whether a request
/// is in one too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FilePushes {
    /// `data` is SM4, `sign` the wrapped key (9.3.3).
    #[default]
    DigitalEnvelope,
    /// `data` is SM2, `sign` the digest, as in every other push.
    LikeTheOthers,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_three_forms_that_are_told_apart() {
        let morning = clock::from_wire("2022-01-25 09:05:07").unwrap();
        let noon = clock::from_wire("2022-01-25 12:00:00").unwrap();
        let forms = [Reqtime::Digits, Reqtime::Colons, Reqtime::ShortHour];
        let printed = |instant| forms.map(|form| form.print(instant));
        assert_eq!(printed(morning), ["20220125090507", "2022012509:05:07", "202201259:05:07"]);
        assert_eq!(printed(noon), ["20220125120000", "2022012512:00:00", "2022012512:00:00"]);
        for form in forms {
            assert_eq!(form.read(&form.print(morning)), Some(morning));
            assert_eq!(form.read(&form.print(noon)), Some(noon));
        }
        assert_eq!(Reqtime::Colons.read("202201259:05:07"), None);
        assert_eq!(Reqtime::ShortHour.read("2022012509:05:07"), None);
        for wrong in ["", "20220230090507", "2022012509050", "2022-01-25 09:05:07", "海南"] {
            assert!(forms.iter().all(|form| form.read(wrong).is_none()), "{wrong}");
        }
    }
}
