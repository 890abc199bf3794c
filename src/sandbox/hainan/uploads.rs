//! A.3 to A.5: a key is given, slices arrive, and a completion turns them into a letter.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::json;

use super::super::journal::Effect;
use super::super::letter::Letter;
use super::super::message::{Message, Reason};
use super::super::tender::{Accepted, Case, Deposit, Examination, Platform, Register, Request, Slice, Taken};
use super::slices::{Arrival, decode_slice};
use super::wire::PublicKeyText;
use crate::crypto::second_opinion::sm3;

impl Platform {
    /// A.3
    pub(super) fn public_key(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        self.register().known(request.applyno())?;
        let point = self.keys.public_sec1();
        let publickey = match self.options.wire.public_key {
            PublicKeyText::Hex => hex::encode(point),
            PublicKeyText::HexWithout04 => hex::encode(point.split_at(1).1),
            PublicKeyText::Base64 => BASE64.encode(point),
        };
        let data = Some(json!({ "publickey": publickey }));
        Ok(Taken { effect: Effect::PublicKeyGiven, duplicate: false, data })
    }

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
        let sm3 = sm3(text.as_bytes());
        let effect = Effect::SliceStored { letter, index };
        let mut register = self.register();
        let upload = self.uploading(&mut register, request, letter)?.upload(letter);
        match upload.slices.get(&index) {
            Some(known) if known.sm3 == sm3 => return Ok(Taken::again(effect)),
            // The institution was refused, or does not know that it was not, and begins anew with another key.
            Some(_) if upload.settled => {
                upload.slices.clear();
                upload.settled = false;
            }
            Some(_) => return Err(Reason::new(format!("切片{index}已接收，内容不一致"))),
            None => {}
        }
        upload.slices.insert(index, Slice { sm3, text: Some(text.to_owned()) });
        Ok(Taken::new(effect))
    }

    /// A.5: the letter is opened, read and held against the application.
    pub(super) fn completion(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let letter = Letter::of(request.text("filetype"));
        let slices = match self.gathered(request, letter)? {
            Gathered::Known(taken) => return Ok(taken),
            Gathered::Arrived(slices) => slices,
        };
        let text = |name| request.text(name).to_owned();
        let arrival = Arrival { slices, key: text("key"), iv: text("iv"), md5: text("baohanfilemd5") };
        let offered = match self.options.examination {
            Examination::AtOnce => {
                let document = arrival.open(&self.options.wire, &self.keys)?;
                let read = self.examined(request.applyno(), request.text("baohanno"), letter, document)?;
                read.accepted(self.desk.clock.now(), self.options.keep_letters)
            }
            Examination::Later => self.taken_unread(request, letter, arrival),
        };
        let effect = Effect::LetterAccepted { letter, bytes: offered.bytes, pages: offered.pages };
        let mut register = self.register();
        let upload = register.known(request.applyno())?.upload(letter);
        match &mut upload.accepted {
            Some(accepted) if accepted.sm3 == offered.sm3 => {
                accepted.completions += 1;
                Ok(Taken::again(effect))
            }
            Some(accepted) => {
                if !accepted.other_files.contains(&offered.sm3) {
                    accepted.other_files.push(offered.sm3);
                }
                Err(Reason::new(OTHER_FILE))
            }
            None => {
                upload.slices.values_mut().for_each(|slice| slice.text = None);
                request.text("baohanfilemd5").clone_into(&mut upload.stated_md5);
                upload.accepted = Some(offered);
                Ok(Taken::new(effect))
            }
        }
    }

    /// Takes a letter for what its completion says it is; it is opened and examined when there is time for that.
    fn taken_unread(&self, request: &Request<'_>, letter: Letter, arrival: Arrival) -> Accepted {
        let taken = Accepted {
            at: self.desk.clock.now(),
            bytes: arrival.slices.iter().map(String::len).sum(),
            md5: arrival.md5.clone(),
            sm3: String::new(),
            pages: 0,
            signatures: 0,
            completions: 1,
            other_files: Vec::new(),
            document: Arc::default(),
        };
        let contents = Box::new(move |platform: &Self| arrival.open(&platform.options.wire, &platform.keys));
        let (applyno, baohanno) = (request.applyno().to_owned(), request.text("baohanno").to_owned());
        self.deposit(Deposit { applyno, baohanno, letter, contents });
        taken
    }

    /// What a refused completion does to the slices, for a refusal that the fault script makes up.
    pub(in crate::sandbox) fn settle(&self, body: &[u8]) {
        let Ok(message) = Message::parse(body) else { return };
        if let Ok(case) = self.register().known(message.text("applyno")) {
            case.upload(Letter::of(message.text("filetype"))).settled = true;
        }
    }

    /// Copies what a completion is about, so that the register is not locked while the letter is read.
    fn gathered(&self, request: &Request<'_>, letter: Letter) -> Result<Gathered, Reason> {
        let base = self.options.wire.index_base;
        let mut register = self.register();
        let case = self.uploading(&mut register, request, letter)?;
        let upload = case.upload(letter);
        upload.settled = !upload.slices.is_empty();
        if letter == Letter::Plaintext && case.ciphertext.accepted.is_none() {
            return Err(Reason::new("尚未收到密文保函"));
        }
        let upload = case.upload(letter);
        if upload.slices.is_empty() {
            return Err(Reason::new("尚未上传保函文件"));
        }
        if let Some((missing, _)) =
            (base..).zip(upload.slices.keys()).find(|(expected, index)| expected != *index)
        {
            return Err(Reason::new(format!("缺少切片{missing}")));
        }
        let slices: Option<Vec<String>> = upload.slices.values().map(|slice| slice.text.clone()).collect();
        if let Some(slices) = slices {
            return Ok(Gathered::Arrived(slices));
        }
        // The slices of an accepted letter are still the same, so that only the completion is repeated.
        match &mut upload.accepted {
            Some(accepted) if upload.stated_md5 == request.text("baohanfilemd5") => {
                accepted.completions += 1;
                let (bytes, pages) = (accepted.bytes, accepted.pages);
                Ok(Gathered::Known(Taken::again(Effect::LetterAccepted { letter, bytes, pages })))
            }
            _ => Err(Reason::new(OTHER_FILE)),
        }
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

const OTHER_FILE: &str = "该类型保函已接收，文件内容不一致";

enum Gathered {
    /// The slices of a letter, all of them.
    Arrived(Vec<String>),
    /// A repeated completion of an accepted letter.
    Known(Taken),
}
