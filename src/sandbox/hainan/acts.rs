//! What the platform does of its own accord: applications, openings, claims and the rest, signed and pushed.

use std::fmt;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::applicants::{Application, fresh_key};
use super::faults::Act;
use super::journal::{Direction, Entry, Outcome};
use super::message::{Message, Outgoing};
use super::register::Case;
use super::{Platform, digest};
use crate::clock;

/// How many pushes are under way at once when a whole section is opened.
const AT_ONCE: usize = 64;

/// The institution's answer to a push.
#[derive(Clone, Debug, Serialize)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// As text, whether it came as a string or as a number; empty if the body has none.
    pub code: String,
    pub message: String,
    pub data: Value,
    /// The body as it came.
    pub body: String,
}

impl Answer {
    fn read(status: u16, body: String) -> Self {
        let parsed: Value = serde_json::from_str(&body).unwrap_or_default();
        let text = |name: &str| match parsed.get(name) {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        let data = parsed.get("data").cloned().unwrap_or_default();
        Self { status, code: text("code"), message: text("message"), data, body }
    }

    /// Status 200 and code `1`.
    pub fn is_accepted(&self) -> bool {
        self.status == 200 && self.code == "1"
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "status {}, code `{}`, {}", self.status, self.code, self.message)
    }
}

type Fields = Vec<(String, String)>;

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

impl Platform {
    /// The next application that is made up; it is unknown to the institution until it is sent.
    pub fn generate(&self) -> Application {
        let n = self.generated.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        Application::generated(n, self.options.clock.now())
    }

    /// A.1.
    ///
    /// # Errors
    /// As all acts: when no answer came; a refusal is an [`Answer`].
    pub async fn apply(&self, application: Application) -> anyhow::Result<Answer> {
        let sealed = application.sealed()?;
        let applyno = application.applyno.clone();
        let mut message = fields([
            ("biddername", &application.biddername),
            ("biddercode", &application.biddercode),
            ("jbrname", &application.jbrname),
            ("jbrphone", &application.jbrphone),
            ("biaoduanno", &sealed.biaoduanno),
            ("biaoduanname", &sealed.biaoduanname),
            ("bzjamount", &application.bond),
            ("zbr", &sealed.zbr),
        ]);
        message.extend(sealed.zbrorgnum.clone().map(|code| ("zbrorgnum".to_owned(), code)));
        self.register().add(application, sealed);
        self.push("baohanapply", &applyno, message).await
    }

    /// A.1 with made-up data; gives the `applyno` too.
    ///
    /// # Errors
    /// As [`Platform::apply`].
    pub async fn apply_generated(&self) -> anyhow::Result<(String, Answer)> {
        let application = self.generate();
        let applyno = application.applyno.clone();
        Ok((applyno, self.apply(application).await?))
    }

    /// A.1 with made-up data, `count` times, several at once.
    pub async fn apply_many(&self, count: u32) -> Vec<(String, anyhow::Result<Answer>)> {
        let applications = stream::iter((0..count).map(|_| self.generate()));
        let pushed = applications.map(|application| async {
            let applyno = application.applyno.clone();
            (applyno, self.apply(application).await)
        });
        pushed.buffer_unordered(AT_ONCE).collect().await
    }

    /// A.6: the section is opened, and the key of the project fields is sent.
    ///
    /// # Errors
    /// When A.2 has not named a guarantee yet, or no answer came.
    pub async fn restore(&self, applyno: &str) -> anyhow::Result<Answer> {
        let message = self.restoration(applyno, |case| {
            case.opened = true;
            case.application.key
        })?;
        self.push("baohanrestore", applyno, message).await
    }

    /// A.6 with a key that is not this application's; the section counts as not opened yet.
    ///
    /// # Errors
    /// As [`Platform::restore`].
    pub async fn restore_with_wrong_key(&self, applyno: &str) -> anyhow::Result<Answer> {
        let message = self.restoration(applyno, |_| fresh_key())?;
        self.send("baohanrestore", applyno, &message, false).await
    }

    /// A.6 for every approved guarantee that is not opened, surrendered or given up, many at once.
    pub async fn open_section(&self) -> Vec<(String, anyhow::Result<Answer>)> {
        let waiting: Vec<String> = {
            let register = self.register();
            let waiting = register.cases().filter(|case| {
                case.approved == Some(true) && !case.opened && !case.surrendered && !case.waived
            });
            waiting.map(|case| case.application.applyno.clone()).collect()
        };
        let pushed = stream::iter(waiting).map(|applyno| async {
            let answer = self.restore(&applyno).await;
            (applyno, answer)
        });
        pushed.buffer_unordered(AT_ONCE).collect().await
    }

    /// A.7: `kind` is `0` for an ordinary invoice, `1` for a special one; the amount is the premium that A.2 named.
    ///
    /// # Errors
    /// As [`Platform::restore`].
    pub async fn invoice(&self, applyno: &str, kind: &str) -> anyhow::Result<Answer> {
        let message = self.about_guarantee(applyno, |case, message| {
            case.invoice_kind = Some(kind.to_owned());
            let application = &case.application;
            message.extend(fields([
                ("biddername", &application.biddername),
                ("biddercode", &application.biddercode),
                ("amount", case.cost.as_deref().unwrap_or_default()),
                ("type", kind),
                ("email", "caiwu@example.com"),
            ]));
            if kind == "1" {
                message.extend(fields([
                    ("address", "海南省海口市美兰区国兴大道1号"),
                    ("phone", "0898-65300000"),
                    ("bank", "中国建设银行海口国兴支行"),
                    ("account", "46050100163600009876"),
                    ("mobile", &application.jbrphone),
                    ("contactname", &application.jbrname),
                    ("contactaddress", "海南省海口市美兰区国兴大道1号"),
                ]));
            }
        })?;
        self.push("invoiceapply", applyno, message).await
    }

    /// A.9.
    ///
    /// # Errors
    /// As [`Platform::restore`].
    pub async fn surrender(&self, applyno: &str) -> anyhow::Result<Answer> {
        let message = self.about_guarantee(applyno, |case, message| {
            case.surrender_asked = true;
            message.extend(fields([("reason", "项目延期，投标人放弃投标")]));
        })?;
        self.push("quitapply", applyno, message).await
    }

    /// A.11.
    ///
    /// # Errors
    /// As [`Platform::restore`].
    pub async fn cancel(&self, applyno: &str) -> anyhow::Result<Answer> {
        let message = self.about_guarantee(applyno, |_, _| {})?;
        self.push("canclenotice", applyno, message).await
    }

    /// A.12, for the whole amount, with two files.
    ///
    /// # Errors
    /// As [`Platform::restore`].
    pub async fn claim(&self, applyno: &str) -> anyhow::Result<Answer> {
        let files = [
            format!("https://files.example.com/{applyno}/1.pdf?x=1&y=2"),
            String::from("https://files.example.com/2.pdf"),
        ];
        let files = files.map(|url| serde_json::json!({ "fileurl": url }));
        let filelist = serde_json::to_string(&files)?;
        let message = self.about_guarantee(applyno, |case, message| {
            case.claimed = Some(case.application.bond.clone());
            case.claim_status = None;
            message.extend(fields([
                ("payeraccount", "46050100163600001234"),
                ("payeramount", &case.application.bond),
                ("applyusername", "王某某"),
                ("applyuserphone", "13900001111"),
                ("reason", "投标人在投标有效期内撤销投标文件"),
                ("filelist", &filelist),
            ]));
        })?;
        self.push("claimsnotice", applyno, message).await
    }

    /// A.14.
    ///
    /// # Errors
    /// When the application is unknown, or no answer came.
    pub async fn waive(&self, applyno: &str) -> anyhow::Result<Answer> {
        self.about(applyno, |_| Ok(()))?;
        self.push("giveupapply", applyno, Vec::new()).await
    }

    /// The last push of an interface once more: the same content under a new timestamp and sign.
    ///
    /// # Errors
    /// When there was no such push, or no answer came.
    pub async fn duplicate(&self, applyno: &str, interface: &str) -> anyhow::Result<Answer> {
        let message = self.last_push(applyno, interface)?;
        self.send(interface, applyno, &message, true).await
    }

    /// The last push of an interface with one field changed, under the same business key.
    ///
    /// # Errors
    /// When there was no such push, it has nothing that could be changed, or no answer came.
    pub async fn conflict(&self, applyno: &str, interface: &str) -> anyhow::Result<Answer> {
        let mut message = self.last_push(applyno, interface)?;
        let (name, other) = match interface {
            "baohanapply" => ("bzjamount", "13579.00"),
            "baohanrestore" => ("kaibiaotime", "2001-01-01 09:30:00"),
            "invoiceapply" => ("amount", "13579.00"),
            "quitapply" | "claimsnotice" => ("reason", "另一个原因"),
            _ => bail!("`{interface}` has no field that could differ"),
        };
        let field = message.iter_mut().find(|(known, _)| known == name).context("the field is missing")?;
        other.clone_into(&mut field.1);
        self.send(interface, applyno, &message, false).await
    }

    /// Enters an application whose A.1 goes out by [`Platform::push_raw`].
    ///
    /// # Errors
    /// Never in practice: libsm declares its encryption fallible.
    pub fn enter(&self, application: Application) -> anyhow::Result<()> {
        let sealed = application.sealed()?;
        self.register().add(application, sealed);
        Ok(())
    }

    /// Any body to any interface, as it is. Where it is a message about a known application, the platform stands by
    /// it: a key counts as sent, an invoice as asked for.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn push_raw(&self, interface: &str, body: impl Into<Vec<u8>>) -> anyhow::Result<Answer> {
        let body = body.into();
        if let Ok(message) = Message::parse(&body) {
            self.stand_by(interface, &message);
        }
        self.post(interface, None, body, false).await
    }

    fn stand_by(&self, interface: &str, message: &Message) {
        let mut register = self.register();
        let Ok(case) = register.known(message.text("applyno")) else { return };
        match interface {
            "baohanrestore" if message.text("key") == BASE64.encode(case.application.key) => {
                case.opened = true;
            }
            "invoiceapply" => case.invoice_kind = message.get("type").map(str::to_owned),
            "quitapply" => case.surrender_asked = true,
            "claimsnotice" => case.claimed = message.get("payeramount").map(str::to_owned),
            _ => {}
        }
    }

    /// The fields of a restoration, with the key that `choose` gives.
    fn restoration(
        &self,
        applyno: &str,
        choose: impl FnOnce(&mut Case) -> [u8; 16],
    ) -> anyhow::Result<Fields> {
        let now = clock::to_wire(self.options.clock.now());
        self.about(applyno, |case| {
            let baohanno = guarantee_of(case)?;
            let opening = case.opening.get_or_insert(now).clone();
            let key = BASE64.encode(choose(case));
            Ok(fields([("baohanno", &baohanno), ("kaibiaotime", &opening), ("key", &key)]))
        })
    }

    fn about_guarantee(
        &self,
        applyno: &str,
        add: impl FnOnce(&mut Case, &mut Fields),
    ) -> anyhow::Result<Fields> {
        self.about(applyno, |case| {
            let mut message = fields([("baohanno", &guarantee_of(case)?)]);
            add(case, &mut message);
            Ok(message)
        })
    }

    fn about<T>(
        &self,
        applyno: &str,
        read: impl FnOnce(&mut Case) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut register = self.register();
        let case = register
            .known(applyno)
            .ok()
            .with_context(|| format!("`{applyno}` is not an application of this platform"))?;
        read(case)
    }

    fn last_push(&self, applyno: &str, interface: &str) -> anyhow::Result<Fields> {
        self.about(applyno, |case| {
            let message = case.pushes.get(interface).cloned();
            message.with_context(|| format!("`{interface}` has not been pushed for `{applyno}`"))
        })
    }

    /// Sends a message of the platform's own, as the script has it.
    async fn push(&self, interface: &str, applyno: &str, message: Fields) -> anyhow::Result<Answer> {
        self.about(applyno, |case| Ok(case.pushes.insert(interface.to_owned(), message.clone())))?;
        let fault = self.faults.outgoing(interface);
        if fault == Some(Act::WrongKeyFirst) && interface == "baohanrestore" {
            let mut wrong = message.clone();
            for (_, value) in wrong.iter_mut().filter(|(name, _)| name == "key") {
                *value = BASE64.encode(fresh_key());
            }
            // Whatever becomes of the wrong one, the right one follows.
            drop(self.send(interface, applyno, &wrong, false).await);
        }
        let answer = self.send(interface, applyno, &message, false).await;
        if fault == Some(Act::DuplicatePush) {
            drop(self.send(interface, applyno, &message, true).await);
        }
        answer
    }

    /// Completes a message with what every message has, signs it and posts it.
    async fn send(
        &self,
        interface: &str,
        applyno: &str,
        message: &Fields,
        again: bool,
    ) -> anyhow::Result<Answer> {
        let options = &self.options;
        // A repetition within the same second would otherwise carry the same timestamp and sign.
        let later = Duration::from_secs(u64::from(again));
        let now = options.clock.now().saturating_add(later).unwrap_or(Timestamp::MAX);
        let mut complete = fields([
            ("appkey", &options.appkey),
            ("timestamp", &clock::to_wire(now)),
            ("platformcode", &options.platform_code),
            ("applyno", applyno),
        ]);
        complete.extend_from_slice(message);
        let pairs = complete.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let sign = digest::sign(pairs, &options.appsecret);
        complete.push(("sign".to_owned(), sign));
        let body = serde_json::to_vec(&Outgoing(&complete))?;
        self.post(interface, Some(applyno.to_owned()), body, again).await
    }

    async fn post(
        &self,
        interface: &str,
        applyno: Option<String>,
        body: Vec<u8>,
        again: bool,
    ) -> anyhow::Result<Answer> {
        let url = format!("{}/{interface}", self.options.gateway.trim_end_matches('/'));
        let bytes = body.len();
        let request =
            self.client.post(&url).header("content-type", "application/json; charset=UTF-8").body(body);
        let answer = async {
            let response = request.send().await?;
            let status = response.status().as_u16();
            Ok::<_, reqwest::Error>(Answer::read(status, response.text().await?))
        };
        let answer = answer.await;
        let outcome = match &answer {
            Ok(answer) if answer.is_accepted() => Outcome::Accepted,
            Ok(answer) if answer.code == "0" => Outcome::Refused(answer.message.clone()),
            Ok(answer) => Outcome::Failed(answer.to_string()),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        let entry = Entry {
            direction: Direction::Pushed,
            interface: interface.to_owned(),
            applyno,
            outcome,
            effect: None,
            duplicate: again,
            bytes,
        };
        self.journal.enter(self.options.clock.now(), entry);
        answer.with_context(|| format!("no answer from `{url}`"))
    }
}

fn guarantee_of(case: &Case) -> anyhow::Result<String> {
    let applyno = &case.application.applyno;
    case.baohanno.clone().with_context(|| format!("`{applyno}`: no guarantee number has been notified (A.2)"))
}
