//! The fault script: what the platform does wrong, on which call, so that the gateway can be seen to live with it.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// One line of the script.
///
/// ```toml
/// [[fault]]
/// interface = "uploadbaohanfile"
/// nth = 3                          # counted from when the script was set; 1 unless given
/// act = "reset"
///
/// [[fault]]
/// interface = "baohannotice"
/// repeat = true                    # from the nth call on, always
/// act = { status = 500 }
///
/// [[fault]]
/// every = 10                       # each tenth call of any interface
/// act = { late = 2000 }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The interface it concerns; any if none is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// The first call that it strikes, counted from 1.
    #[serde(default = "first")]
    pub nth: u32,
    /// Strike each call from the `nth` on, instead of that one only.
    #[serde(default)]
    pub repeat: bool,
    /// Strike each call whose count is a multiple of this, instead of the `nth`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<u32>,
    pub act: Act,
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// The request takes effect at once; the answer comes after so many milliseconds.
    Late(u64),
    /// The request takes effect; the answer drips out, spread over so many milliseconds.
    Slow(u64),
    /// Nothing but this HTTP status.
    Status(u16),
    /// Status 429, and the wish to be left alone for so many seconds.
    Busy(u64),
    /// The connection is closed after the first part of the request, without an answer.
    Reset,
    /// Answer `0` with this message. After a refused A.5 other slices may come, as after a failed decryption.
    Refuse(String),
    /// A page of HTML with status 200, as a firewall or a login page would send.
    Html200,
    /// The request takes effect; the connection is closed without an answer.
    AcceptButReset,
    /// The request takes effect; the connection is closed in the middle of the answer.
    HalfAnswer,
    /// For what the platform sends: each push is sent a second time with a new timestamp and sign.
    DuplicatePush,
    /// For `baohanrestore`: a wrong key is sent first, then the right one.
    WrongKeyFirst,
    /// For the signing service: the signature is over another digest.
    WrongSignature,
}

impl Act {
    /// Whether it concerns what the platform sends, and not what it answers.
    fn is_outgoing(&self) -> bool {
        matches!(self, Self::DuplicatePush | Self::WrongKeyFirst)
    }
}

fn first() -> u32 {
    1
}

impl Fault {
    /// Strikes the first call of an interface.
    pub fn on(interface: &str, act: Act) -> Self {
        Self { interface: Some(interface.to_owned()), nth: 1, repeat: false, every: None, act }
    }

    /// Strikes the `nth` call instead of the first.
    #[must_use]
    pub fn nth(self, nth: u32) -> Self {
        Self { nth, ..self }
    }

    /// Strikes each call from then on.
    #[must_use]
    pub fn always(self) -> Self {
        Self { repeat: true, ..self }
    }

    /// Strikes each `every`th call.
    #[must_use]
    pub fn every(self, every: u32) -> Self {
        Self { every: Some(every), ..self }
    }

    fn strikes(&self, count: u32) -> bool {
        match self.every {
            Some(every) => every > 0 && count.is_multiple_of(every),
            None if self.repeat => count >= self.nth,
            None => count == self.nth,
        }
    }
}

/// A script as a file holds it: TOML or JSON with a list `fault`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    fault: Vec<Fault>,
}

/// Reads a script from a file; the ending says whether it is TOML or JSON.
///
/// # Errors
/// When the file cannot be read, or a fault in it is not understood.
pub fn read(path: &Path) -> anyhow::Result<Vec<Fault>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("fault script `{}`", path.display()))?;
    let script: Script = if path.extension().is_some_and(|ending| ending == "json") {
        serde_json::from_str(&text).with_context(|| format!("fault script `{}`", path.display()))?
    } else {
        toml::from_str(&text).with_context(|| format!("fault script `{}`", path.display()))?
    };
    Ok(script.fault)
}

/// The script that is in force, with the calls counted for each line.
#[derive(Default)]
pub struct Faults {
    lines: Mutex<Vec<(Fault, u32)>>,
}

impl Faults {
    /// Puts a script in force in the place of the old one; counting begins anew.
    pub fn set(&self, script: Vec<Fault>) {
        *self.lock() = script.into_iter().map(|fault| (fault, 0)).collect();
    }

    /// The script in force.
    pub fn script(&self) -> Vec<Fault> {
        self.lock().iter().map(|(fault, _)| fault.clone()).collect()
    }

    /// Counts an incoming call and says what goes wrong with it. Every line counts the call; the first that strikes
    /// is taken.
    pub fn incoming(&self, interface: &str) -> Option<Act> {
        self.next(interface, false)
    }

    /// The same for a push.
    pub fn outgoing(&self, interface: &str) -> Option<Act> {
        self.next(interface, true)
    }

    fn next(&self, interface: &str, outgoing: bool) -> Option<Act> {
        let mut struck = None;
        for (fault, count) in self.lock().iter_mut() {
            let concerned = fault.interface.as_deref().is_none_or(|name| name == interface);
            if !concerned || fault.act.is_outgoing() != outgoing {
                continue;
            }
            *count = count.saturating_add(1);
            if struck.is_none() && fault.strikes(*count) {
                struck = Some(fault.act.clone());
            }
        }
        struck
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Fault, u32)>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn struck(fault: Fault, calls: u32) -> Vec<u32> {
        let faults = Faults::default();
        faults.set(vec![fault]);
        (1..=calls).filter(|_| faults.incoming("baohannotice").is_some()).collect()
    }

    #[test]
    fn a_fault_strikes_the_calls_that_its_line_names() {
        let on = |interface| Fault::on(interface, Act::Reset);
        assert_eq!(struck(on("baohannotice"), 4), [1]);
        assert_eq!(struck(on("baohannotice").nth(3), 4), [3]);
        assert_eq!(struck(on("baohannotice").nth(2).always(), 4), [2, 3, 4]);
        assert_eq!(struck(on("baohannotice").every(2), 5), [2, 4]);
        assert!(struck(on("quitnotice"), 4).is_empty());
    }

    #[test]
    fn a_script_file_is_read_in_both_forms() {
        let folder = tempfile::tempdir().unwrap();
        let toml = folder.path().join("faults.toml");
        std::fs::write(
            &toml,
            "[[fault]]\ninterface = \"uploadbaohanfile\"\nnth = 3\nact = \"accept-but-reset\"\n\
             [[fault]]\nevery = 10\nact = { late = 2000 }\n",
        )
        .unwrap();
        let json = folder.path().join("faults.json");
        std::fs::write(&json, r#"{"fault":[{"act":{"refuse":"系统繁忙"},"repeat":true}]}"#).unwrap();
        let upload = Fault::on("uploadbaohanfile", Act::AcceptButReset).nth(3);
        let late = Fault { interface: None, ..Fault::on("", Act::Late(2000)).every(10) };
        assert_eq!(read(&toml).unwrap(), [upload, late]);
        let refuse =
            Fault { interface: None, ..Fault::on("", Act::Refuse("系统繁忙".to_owned())).always() };
        assert_eq!(read(&json).unwrap(), [refuse]);
        std::fs::write(&toml, "[[fault]]\nact = \"explode\"\n").unwrap();
        assert!(read(&toml).is_err());
    }
}
