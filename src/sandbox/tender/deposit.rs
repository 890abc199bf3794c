//! Letters that are taken as they come and examined afterwards: the examination is as costly as the making of a letter, and
//! on one machine it would take its time from the institution that is being measured.

use std::sync::PoisonError;

use serde::Serialize;

use super::super::letter::Letter;
use super::super::message::Reason;
use super::Platform;

/// When a letter is opened and held against its application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Examination {
    /// Before the platform answers.
    #[default]
    AtOnce,
    /// When [`Platform::examine_deposits`] is called. Until then every letter counts as accepted, without pages and
    /// signatures.
    Later,
}

/// How the file of a deposited letter is had.
pub type Contents = Box<dyn Fn(&Platform) -> Result<Vec<u8>, Reason> + Send>;

/// A letter that waits to be examined.
pub struct Deposit {
    pub applyno: String,
    pub baohanno: String,
    pub letter: Letter,
    pub contents: Contents,
}

/// What an examination found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Examined {
    pub applyno: String,
    pub letter: Letter,
    /// What is wrong with the letter, if anything.
    pub objection: Option<String>,
}

impl Platform {
    pub(in crate::sandbox) fn deposit(&self, deposit: Deposit) {
        self.deposits.lock().unwrap_or_else(PoisonError::into_inner).push(deposit);
    }

    /// Examines every letter that waits for it, in the order of their arrival. Takes a processor for some milliseconds each.
    pub fn examine_deposits(&self) -> Vec<Examined> {
        let waiting = std::mem::take(&mut *self.deposits.lock().unwrap_or_else(PoisonError::into_inner));
        waiting.into_iter().map(|deposit| self.examine_deposit(deposit)).collect()
    }

    fn examine_deposit(&self, deposit: Deposit) -> Examined {
        let Deposit { applyno, baohanno, letter, contents } = deposit;
        let found = contents(self).and_then(|file| self.examined(&applyno, &baohanno, letter, file));
        let objection = found.and_then(|found| {
            let mut register = self.register();
            let case = register.known(&applyno)?;
            let keep = self.options.keep_letters;
            match &mut case.upload(letter).accepted {
                Some(unread) if unread.pages == 0 => found.complete(unread, keep),
                _ => found.keep(case, letter, self.desk.clock.now(), keep),
            }
            Ok(())
        });
        Examined { applyno, letter, objection: objection.err().map(|reason| reason.0) }
    }
}
