//! Letters that come whole: as Base64 in a field, and behind a link where there is one.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::super::journal::Effect;
use super::super::letter::{Letter, md5};
use super::super::message::Reason;
use super::Platform;
use super::contents::Expected;
use super::delivery::Accepted;
use super::deposit::{Deposit, Examination};
use super::receive::{Request, Taken};
use super::register::Case;
use crate::crypto::second_opinion::sm3;

/// A letter that has been read and found to be right, or that waits for that with no pages and signatures.
pub struct WholeLetter {
    pub document: Vec<u8>,
    pub pages: usize,
    pub signatures: usize,
}

impl Platform {
    /// `baohannotice` with the ciphertext letter in it.
    pub(in crate::sandbox) fn application_result_with_letter(
        &self,
        request: &Request<'_>,
    ) -> Result<Taken, Reason> {
        if !request.succeeded() {
            return self.application_result(request);
        }
        let letter = self.whole_letter(request, Letter::Ciphertext)?;
        let result = self.application_result(request);
        let mut register = self.register();
        let case = register.known(request.applyno())?;
        // A letter that comes with a refused notice counts as another file only where there is one already.
        if result.is_ok() || case.ciphertext.accepted.is_some() {
            letter.keep(case, Letter::Ciphertext, self.desk.clock.now(), self.options.keep_letters);
        }
        result
    }

    /// `restorenotice`, which brings the merged letter.
    pub(in crate::sandbox) fn restored_letter(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let interface = request.interface.name;
        let (applyno, baohanno) = (request.applyno(), request.text("baohanno"));
        {
            let mut register = self.register();
            let case = register.guaranteed(applyno, baohanno)?;
            if case.surrendered || case.waived {
                return Err(Reason::new("该业务已退保或放弃"));
            }
            if !case.opened {
                return Err(Reason::new("尚未开标，不接收明文保函"));
            }
        }
        let letter = self.whole_letter(request, Letter::Plaintext)?;
        let effect = Effect::LetterAccepted {
            letter: Letter::Plaintext,
            bytes: letter.document.len(),
            pages: letter.pages,
        };
        let mut register = self.register();
        let case = register.guaranteed(applyno, baohanno)?;
        letter.keep(case, Letter::Plaintext, self.desk.clock.now(), self.options.keep_letters);
        if case.repeated(interface, request.content) {
            return Ok(Taken::again(effect));
        }
        if case.has(interface) {
            return Err(case.contradicted(interface));
        }
        case.noted(interface, request.content);
        Ok(Taken::new(effect))
    }

    /// Decodes the letter, compares it with what the link leads to, and holds it against the application.
    fn whole_letter(&self, request: &Request<'_>, letter: Letter) -> Result<WholeLetter, Reason> {
        let document = BASE64
            .decode(request.text("baohanfile"))
            .map_err(|_| request.objection("baohanfile不是合法的Base64"))?;
        if request.linked.is_some_and(|linked| linked != document) {
            return Err(request.objection("baohanurl下载的文件与baohanfile不一致"));
        }
        let (applyno, baohanno) = (request.applyno(), request.text("baohanno"));
        match self.options.examination {
            Examination::AtOnce => self.examined(applyno, baohanno, letter, document),
            Examination::Later => {
                let (applyno, baohanno, file) = (applyno.to_owned(), baohanno.to_owned(), document.clone());
                let contents = Box::new(move |_: &Self| Ok(file.clone()));
                self.deposit(Deposit { applyno, baohanno, letter, contents });
                Ok(WholeLetter { document, pages: 0, signatures: 0 })
            }
        }
    }

    /// Holds a letter against its application.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(in crate::sandbox) fn examined(
        &self,
        applyno: &str,
        baohanno: &str,
        letter: Letter,
        document: Vec<u8>,
    ) -> Result<WholeLetter, Reason> {
        let (application, sealed) = {
            let mut register = self.register();
            let case = register.known(applyno)?;
            (case.application.clone(), case.sealed.clone())
        };
        let expected = Expected {
            letter,
            application: &application,
            sealed: &sealed,
            baohanno,
            merged: self.specification().restores(),
            seal_required: self.options.seal_required,
        };
        let ofd = expected.examine(&document)?;
        Ok(WholeLetter { document, pages: ofd.pages, signatures: ofd.signatures })
    }
}

impl WholeLetter {
    /// Keeps the letter as the case's, or counts it if there is one already.
    pub fn keep(self, case: &mut Case, letter: Letter, at: jiff::Timestamp, with_document: bool) {
        let digest = hex::encode(sm3(&self.document));
        match &mut case.upload(letter).accepted {
            Some(accepted) if accepted.sm3 == digest => accepted.completions += 1,
            Some(accepted) => {
                if !accepted.other_files.contains(&digest) {
                    accepted.other_files.push(digest);
                }
            }
            nothing => *nothing = Some(self.accepted(at, with_document)),
        }
    }

    /// The letter as accepted for the first time.
    pub fn accepted(self, at: jiff::Timestamp, with_document: bool) -> Accepted {
        Accepted {
            at,
            bytes: self.document.len(),
            md5: md5(&self.document),
            sm3: hex::encode(sm3(&self.document)),
            pages: self.pages,
            signatures: self.signatures,
            completions: 1,
            other_files: Vec::new(),
            document: Arc::from(if with_document { self.document } else { Vec::new() }),
        }
    }

    /// Says of a letter that was accepted unread what has been read in it.
    pub fn complete(self, accepted: &mut Accepted, with_document: bool) {
        let Accepted { at, completions, .. } = *accepted;
        let other_files = std::mem::take(&mut accepted.other_files);
        *accepted = Accepted { completions, other_files, ..self.accepted(at, with_document) };
    }
}
