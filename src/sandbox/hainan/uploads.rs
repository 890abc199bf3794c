//! A.4 and A.5: slices arrive, and a completion turns them into a letter.

use std::sync::Arc;

use super::Platform;
use super::applicants::{Application, Sealed};
use super::delivery::Accepted;
use super::journal::Effect;
use super::letters::{Arrival, Expected, Letter, decode_slice, md5};
use super::message::{Message, Reason};
use super::receive::{Request, Taken};
use super::register::{Case, Register};
use crate::crypto::second_opinion::sm3;

impl Platform {
    /// A.4: a slice may be sent again as long as it is the same.
    pub(super) fn slice(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let letter = Letter::of(request.text("filetype"));
        let base = self.options.wire.index_base;
        let index = request.text("index").parse().map_err(|_| Reason::new("index过大"))?;
        if index < base {
            return Err(Reason::new(format!("index应从{base}开始")));
        }
        let text = request.text("baohanfile");
        decode_slice(text, self.options.wire.slice)?;
        let effect = Effect::SliceStored { letter, index };
        let mut register = self.register();
        let upload = self.uploading(&mut register, request, letter)?.upload(letter);
        match upload.slices.get(&index) {
            Some(known) if known == text => return Ok(Taken::again(effect)),
            // After acceptance the institution may not know that the letter has arrived, and begin anew.
            Some(_) if upload.accepted.is_some() && index == base => upload.slices.clear(),
            Some(_) => return Err(Reason::new(format!("切片{index}已接收，内容不一致"))),
            None => {}
        }
        upload.slices.insert(index, text.to_owned());
        Ok(Taken::new(effect))
    }

    /// A.5: the letter is opened, read and held against the application.
    pub(super) fn completion(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let letter = Letter::of(request.text("filetype"));
        let case = self.gathered(request, letter)?;
        let base = self.options.wire.index_base;
        let expected_indices = (base..).take(case.slices.len());
        if let Some((missing, _)) =
            expected_indices.zip(&case.slices).find(|(expected, (index, _))| expected != index)
        {
            return Err(Reason::new(format!("缺少切片{missing}")));
        }
        let arrival = Arrival {
            slices: case.slices.iter().map(|(_, text)| text.as_str()).collect(),
            key: request.text("key"),
            iv: request.text("iv"),
            md5: request.text("baohanfilemd5"),
        };
        let expected = Expected {
            letter,
            application: &case.application,
            sealed: &case.sealed,
            baohanno: request.text("baohanno"),
            seal_required: self.options.seal_required,
        };
        let read = arrival.open(&self.options.wire, &self.keys).and_then(|document| {
            let ofd = expected.examine(&document)?;
            Ok((document, ofd.pages, ofd.signatures))
        });
        let mut register = self.register();
        let upload = register.known(request.applyno())?.upload(letter);
        let (document, pages, signatures) = match read {
            Ok(read) => read,
            Err(reason) => {
                // The institution is expected to encrypt anew and to begin with the first slice.
                upload.slices.clear();
                return Err(reason);
            }
        };
        let effect = Effect::LetterAccepted { letter, bytes: document.len(), pages };
        let digest = hex::encode(sm3(&document));
        match &mut upload.accepted {
            Some(accepted) if accepted.sm3 == digest => {
                accepted.completions += 1;
                Ok(Taken::again(effect))
            }
            Some(accepted) => {
                if !accepted.other_files.contains(&digest) {
                    accepted.other_files.push(digest);
                }
                upload.slices.clear();
                Err(Reason::new("该类型保函已接收，文件内容不一致"))
            }
            None => {
                upload.accepted = Some(Accepted {
                    at: self.options.clock.now(),
                    bytes: document.len(),
                    md5: md5(&document),
                    sm3: digest,
                    pages,
                    signatures,
                    completions: 1,
                    other_files: Vec::new(),
                    document: Arc::from(document),
                });
                Ok(Taken::new(effect))
            }
        }
    }

    /// What a refused completion does to the slices, for a refusal that the fault script makes up.
    pub(super) fn discard_slices(&self, body: &[u8]) {
        let Ok(message) = Message::parse(body) else { return };
        if let Ok(case) = self.register().known(message.text("applyno")) {
            case.upload(Letter::of(message.text("filetype"))).slices.clear();
        }
    }

    /// Copies what a completion is about, so that the register is not locked while the letter is read.
    fn gathered(&self, request: &Request<'_>, letter: Letter) -> Result<Gathered, Reason> {
        let mut register = self.register();
        let case = self.uploading(&mut register, request, letter)?;
        if letter == Letter::Plaintext && case.ciphertext.accepted.is_none() {
            return Err(Reason::new("尚未收到密文保函"));
        }
        let slices: Vec<(u64, String)> =
            case.upload(letter).slices.iter().map(|(index, text)| (*index, text.clone())).collect();
        if slices.is_empty() {
            return Err(Reason::new("尚未上传保函文件"));
        }
        Ok(Gathered { application: case.application.clone(), sealed: case.sealed.clone(), slices })
    }

    /// The case that a file belongs to, if a file of this kind may come now.
    fn uploading<'a>(
        &self,
        register: &'a mut Register,
        request: &Request<'_>,
        letter: Letter,
    ) -> Result<&'a mut Case, Reason> {
        let (applyno, baohanno) = (request.applyno(), request.text("baohanno"));
        let case = if self.options.notice_first {
            register.guaranteed(applyno, baohanno)?
        } else {
            register.name_guarantee(applyno, baohanno)?
        };
        if case.approved == Some(false) {
            return Err(Reason::new("投保申请未通过，不接收保函文件"));
        }
        if case.surrendered || case.waived {
            return Err(Reason::new("该业务已退保或放弃"));
        }
        if letter == Letter::Plaintext && !case.opened {
            return Err(Reason::new("尚未开标，不接收明文保函"));
        }
        Ok(case)
    }
}

struct Gathered {
    application: Application,
    sealed: Sealed,
    slices: Vec<(u64, String)>,
}
