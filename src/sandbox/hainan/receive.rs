//! What a request of the institution does: authenticated, held against its table, then taken or refused.

use serde_json::{Value, json};

use super::Platform;
use super::digest;
use super::fields::{self, Interface};
use super::journal::{Direction, Effect, Entry, Outcome};
use super::message::{Message, Reason};
use super::options::PublicKeyText;

/// The platform's answer, before it is written as JSON.
#[derive(Debug)]
pub struct Reply {
    pub code: &'static str,
    pub message: String,
    pub data: Option<Value>,
}

impl Reply {
    pub fn refusal(message: impl Into<String>) -> Self {
        Self { code: "0", message: message.into(), data: None }
    }

    pub fn body(&self) -> String {
        let mut body = json!({ "code": self.code, "message": self.message });
        if let (Some(data), Value::Object(members)) = (&self.data, &mut body) {
            members.insert("data".to_owned(), data.clone());
        }
        body.to_string()
    }
}

/// A request that is accepted.
pub struct Taken {
    pub effect: Effect,
    /// It was accepted before; nothing changed.
    pub duplicate: bool,
    pub data: Option<Value>,
}

impl Taken {
    pub fn new(effect: Effect) -> Self {
        Self { effect, duplicate: false, data: None }
    }

    pub fn again(effect: Effect) -> Self {
        Self { effect, duplicate: true, data: None }
    }
}

/// A request that has passed all checks which don't depend on the application.
pub struct Request<'a> {
    pub interface: &'static Interface,
    pub message: &'a Message,
    /// Tells a repetition from another content.
    pub content: String,
}

impl Request<'_> {
    pub fn text(&self, name: &str) -> &str {
        self.message.text(name)
    }

    pub fn applyno(&self) -> &str {
        self.text("applyno")
    }
}

impl Platform {
    /// Handles one request body and enters it into the journal; `fault` is what the script adds to the answer.
    pub fn receive(&self, name: &str, body: &[u8], fault: Option<String>) -> Reply {
        let (applyno, result) = match Message::parse(body) {
            Ok(message) => (message.get("applyno").map(str::to_owned), self.judge(name, &message)),
            Err(reason) => (None, Err(reason)),
        };
        let (reply, outcome, effect, duplicate) = match result {
            Ok(taken) => {
                let reply = Reply { code: "1", message: "成功".to_owned(), data: taken.data };
                (reply, Outcome::Accepted, Some(taken.effect), taken.duplicate)
            }
            Err(reason) => (Reply::refusal(reason.0.clone()), Outcome::Refused(reason.0), None, false),
        };
        let outcome = match (fault, outcome) {
            (None, outcome) => outcome,
            (Some(fault), Outcome::Refused(reason)) => {
                Outcome::Faulted(format!("{fault}; refused: {reason}"))
            }
            (Some(fault), _) => Outcome::Faulted(fault),
        };
        self.journal.enter(
            self.options.clock.now(),
            Entry {
                direction: Direction::Received,
                interface: name.to_owned(),
                applyno,
                outcome,
                effect,
                duplicate,
                bytes: body.len(),
            },
        );
        reply
    }

    fn judge(&self, name: &str, message: &Message) -> Result<Taken, Reason> {
        let interface = fields::received(name).ok_or_else(|| Reason::new(format!("接口{name}不存在")))?;
        if message.text("appkey") != self.options.appkey {
            return Err(Reason::new("appkey不存在"));
        }
        if digest::sign(message.fields(), &self.options.appsecret) != message.text("sign") {
            return Err(Reason::new("报文摘要错误"));
        }
        message.check(interface)?;
        message.check_moment(self.options.clock.now(), self.options.timestamp_window)?;
        let content = match name {
            // A slice is compared by itself, and its content is a megabyte.
            "uploadbaohanfile" => String::new(),
            _ => digest::content(message.fields()),
        };
        let request = Request { interface, message, content };
        match name {
            "baohannotice" => self.application_result(&request),
            "downloadpublickey" => self.public_key(&request),
            "uploadbaohanfile" => self.slice(&request),
            "baohanfilecompletenotice" => self.completion(&request),
            "invoicenotice" => self.invoice_result(&request),
            "quitnotice" => self.surrender_result(&request),
            "claimsresultnotice" => self.claim_result(&request),
            _ => self.waiver(&request),
        }
    }

    /// A.2
    fn application_result(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let interface = request.interface.name;
        let (applyno, baohanno) = (request.applyno(), request.text("baohanno"));
        let effect = match request.text("applystatus") {
            "1" => Effect::Approved { baohanno: baohanno.to_owned() },
            _ => Effect::Declined,
        };
        let mut register = self.register();
        let case = register.known(applyno)?;
        if case.repeated(interface, &request.content) {
            return Ok(Taken::again(effect));
        }
        if case.has(interface) {
            return Err(case.contradicted(interface));
        }
        if case.waived {
            return Err(Reason::new("该申请已放弃"));
        }
        let case = if effect == Effect::Declined {
            register.known(applyno)?
        } else {
            register.name_guarantee(applyno, baohanno)?
        };
        case.approved = Some(effect != Effect::Declined);
        case.cost = request.message.get("cost").map(str::to_owned);
        case.noted(interface, &request.content);
        Ok(Taken::new(effect))
    }

    /// A.3
    fn public_key(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        self.register().known(request.applyno())?;
        let point = self.keys.public_sec1();
        let publickey = match self.options.wire.public_key {
            PublicKeyText::Hex => hex::encode(point),
            PublicKeyText::HexWithout04 => hex::encode(point.split_at(1).1),
            PublicKeyText::Base64 => {
                base64::Engine::encode(&base64::engine::general_purpose::STANDARD, point)
            }
        };
        let data = Some(json!({ "publickey": publickey }));
        Ok(Taken { effect: Effect::PublicKeyGiven, duplicate: false, data })
    }

    /// A.8: after a refusal the invoice may be asked for again.
    fn invoice_result(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let interface = request.interface.name;
        let issued = request.text("applystatus") == "1";
        let effect = Effect::InvoiceNoted { issued };
        let mut register = self.register();
        let case = register.by_guarantee(request.text("baohanno"))?;
        if case.repeated(interface, &request.content) {
            return Ok(Taken::again(effect));
        }
        match case.invoice_kind.as_deref() {
            None if case.has(interface) => return Err(case.contradicted(interface)),
            None => return Err(Reason::new("未申请过发票")),
            Some("0") if issued && request.message.get("invoiceurl").is_none() => {
                return Err(Reason::new("普票invoiceurl不能为空（A.8）"));
            }
            Some(_) => {}
        }
        case.invoice_kind = None;
        case.noted(interface, &request.content);
        Ok(Taken::new(effect))
    }

    /// A.10: after a refusal the surrender may be asked for again.
    fn surrender_result(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let interface = request.interface.name;
        let agreed = request.text("applystatus") == "1";
        let effect = Effect::SurrenderNoted { agreed };
        let mut register = self.register();
        let case = register.guaranteed(request.applyno(), request.text("baohanno"))?;
        if case.repeated(interface, &request.content) {
            return Ok(Taken::again(effect));
        }
        if agreed && request.message.get("tuibaotime").is_none() {
            return Err(Reason::new("退保成功时tuibaotime不能为空（A.10）"));
        }
        if case.opened && !case.surrender_asked {
            return Err(Reason::new("项目已开标，不能退保"));
        }
        if case.has(interface) && !case.surrender_asked {
            return Err(case.contradicted(interface));
        }
        case.surrender_asked = false;
        case.surrendered = agreed;
        case.noted(interface, &request.content);
        Ok(Taken::new(effect))
    }

    /// A.13: a claim may be answered several times, until it is paid or refused.
    fn claim_result(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let interface = request.interface.name;
        let status = request.text("compensatestatus");
        let effect = Effect::ClaimResultNoted { status: status.to_owned() };
        let mut register = self.register();
        let case = register.guaranteed(request.applyno(), request.text("baohanno"))?;
        if case.repeated(interface, &request.content) {
            return Ok(Taken::again(effect));
        }
        if case.claimed.is_none() {
            return Err(Reason::new("未发起过理赔"));
        }
        if matches!(status, "3" | "9") && request.message.get("compensateremark").is_none() {
            return Err(Reason::new("不予赔付和其他需要说明理由（A.13）"));
        }
        if matches!(case.claim_status.as_deref(), Some("2" | "3")) {
            return Err(case.contradicted(interface));
        }
        case.claim_status = Some(status.to_owned());
        case.noted(interface, &request.content);
        Ok(Taken::new(effect))
    }

    /// A.15
    fn waiver(&self, request: &Request<'_>) -> Result<Taken, Reason> {
        let interface = request.interface.name;
        let mut register = self.register();
        let case = register.known(request.applyno())?;
        if case.repeated(interface, &request.content) {
            return Ok(Taken::again(Effect::Waived));
        }
        if case.approved == Some(true) {
            return Err(Reason::new("已收到投保成功通知，不可以放弃"));
        }
        case.waived = true;
        case.noted(interface, &request.content);
        Ok(Taken::new(Effect::Waived))
    }
}
