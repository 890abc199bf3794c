//! A request of the institution on its way in: authenticated, held against its table, then taken or refused.

use std::sync::Arc;

use actix_web::web::{self, Bytes};
use serde_json::{Map, Value, json};

use super::super::digest;
use super::super::fields::Interface;
use super::super::journal::{Direction, Effect, Entry, Outcome};
use super::super::message::{Message, Reason};
use super::Platform;

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
    pub content: &'a str,
    /// What the link in `baohanurl` leads to, where there is one.
    pub linked: Option<&'a [u8]>,
}

impl Request<'_> {
    pub fn text(&self, name: &str) -> &str {
        self.message.text(name)
    }

    pub fn applyno(&self) -> &str {
        self.text("applyno")
    }

    /// Whether the request says that something has succeeded; where its table has no `applystatus`, nothing else is
    /// ever said.
    pub fn succeeded(&self) -> bool {
        !self.interface.has("applystatus") || self.text("applystatus") == "1"
    }

    /// A reason that names the clause of the specification.
    pub fn objection(&self, text: &str) -> Reason {
        Reason::new(format!("{text}（{}）", self.interface.clause))
    }
}

/// A message that is authentic and as its table wants it.
struct Opened {
    interface: &'static Interface,
    message: Message,
    content: String,
}

type Judged = Result<Taken, Reason>;

impl Platform {
    /// Handles one request body, enters it into the journal, and gives the answer's body; `fault` is what the script
    /// adds to the answer.
    pub(super) async fn answer_to(
        self: Arc<Self>,
        name: String,
        body: Bytes,
        fault: Option<String>,
    ) -> String {
        let bytes = body.len();
        let (applyno, judged) = self.judged(&name, body).await;
        let (reply, outcome, effect, duplicate) = match judged {
            Ok(taken) => {
                let reply = self.reply("1", "成功", taken.data);
                (reply, Outcome::Accepted, Some(taken.effect), taken.duplicate)
            }
            Err(reason) => (self.reply("0", &reason.0, None), Outcome::Refused(reason.0), None, false),
        };
        let outcome = match (fault, outcome) {
            (None, outcome) => outcome,
            (Some(fault), Outcome::Refused(reason)) => {
                Outcome::Faulted(format!("{fault}; refused: {reason}"))
            }
            (Some(fault), _) => Outcome::Faulted(fault),
        };
        let interface = name;
        let direction = Direction::Received;
        self.desk.enter(Entry { direction, interface, applyno, outcome, effect, duplicate, bytes });
        reply
    }

    /// The answer's body.
    pub(super) fn reply(&self, code: &str, message: &str, data: Option<Value>) -> String {
        let code = match self.options.habits.numeric_code {
            true => json!(u8::from(code == "1")),
            false => json!(code),
        };
        let mut body = Map::new();
        body.insert("code".to_owned(), code);
        body.insert("message".to_owned(), json!(message));
        if let Some(data) = data {
            body.insert("data".to_owned(), data);
        }
        Value::Object(body).to_string()
    }

    /// Two visits to threads that may take their time, since libsm does, and between them the download of what the
    /// message links to.
    async fn judged(self: &Arc<Self>, name: &str, body: Bytes) -> (Option<String>, Judged) {
        let busy = || Reason::new("系统繁忙");
        let (platform, interface) = (Arc::clone(self), name.to_owned());
        let read = web::block(move || match Message::parse(&body) {
            Ok(message) => (message.get("applyno").map(str::to_owned), platform.opened(&interface, message)),
            Err(reason) => (None, Err(reason)),
        });
        let (applyno, opened) = read.await.unwrap_or_else(|_| (None, Err(busy())));
        let opened = match opened {
            Ok(opened) => opened,
            Err(reason) => return (applyno, Err(reason)),
        };
        let linked = match opened.message.get("baohanurl") {
            None => None,
            Some(url) => match self.desk.fetch("baohanurl", url).await {
                Ok(file) => Some(file),
                Err(reason) => return (applyno, Err(reason)),
            },
        };
        let platform = Arc::clone(self);
        let taken = web::block(move || {
            let Opened { interface, message, content } = &opened;
            let request = Request { interface, message, content, linked: linked.as_deref() };
            (platform.specification().take)(&platform, &request)
        });
        (applyno, taken.await.unwrap_or_else(|_| Err(busy())))
    }

    fn opened(&self, name: &str, message: Message) -> Result<Opened, Reason> {
        let interface = self.specification().received(name);
        let interface = interface.ok_or_else(|| Reason::new(format!("接口{name}不存在")))?;
        if message.text("appkey") != self.options.appkey {
            return Err(Reason::new("appkey不存在"));
        }
        if digest::sign(message.fields(), &self.options.appsecret) != message.text("sign") {
            return Err(Reason::new("报文摘要错误"));
        }
        message.check(interface)?;
        message.check_moment(self.desk.clock.now(), self.options.timestamp_window)?;
        let content = match name {
            // A slice is compared by itself, and its content is a megabyte.
            "uploadbaohanfile" => String::new(),
            _ => digest::content(message.fields()),
        };
        Ok(Opened { interface, message, content })
    }
}
