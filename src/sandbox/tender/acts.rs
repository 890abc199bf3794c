//! What the platform does of its own accord: applications, openings, claims and the rest, composed by the tables of what
//! it pushes, signed and sent.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;

use super::super::answer::Answer;
use super::super::digest;
use super::super::faults::Act;
use super::super::fields::{Field, Interface};
use super::super::journal::{Direction, Entry, Outcome};
use super::super::message::{Message, Outgoing};
use super::super::play::Acted;
use super::super::zhangzhou;
use super::Platform;
use super::applicants::{Application, encrypt_field, fresh_key};
use super::register::Case;
use crate::clock;

/// How many pushes are under way at once when a whole section is opened.
const AT_ONCE: usize = 64;
/// What every message has; added when it is sent.
const HEAD: [&str; 5] = ["appkey", "timestamp", "platformcode", "applyno", "sign"];

/// Names and values for one act; only those that the interface's table has are sent.
pub(super) type Values = Vec<(&'static str, String)>;
/// The fields of a message, without what every message has.
pub(super) type Fields = Vec<(String, String)>;

pub(super) fn values<const N: usize>(values: [(&'static str, &str); N]) -> Values {
    values.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

impl Platform {
    /// The next application that is made up; it is unknown to the institution until it is sent.
    pub fn generate(&self) -> Application {
        let n = self.generated.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        let mut application = Application::generated(self.specification().prefix, n, self.desk.clock.now());
        if !self.specification().restores() {
            application.key = self.options.agreed_key;
        }
        application
    }

    /// `baohanapply`.
    ///
    /// # Errors
    /// As all acts: when no answer came; a refusal is an [`Answer`].
    pub async fn apply(&self, application: Application) -> anyhow::Result<Answer> {
        let applyno = application.applyno.clone();
        self.enter(application)?;
        self.push("baohanapply", &applyno, |_| Ok(Values::new())).await
    }

    /// `baohanapply` with made-up data; gives the `applyno` too.
    ///
    /// # Errors
    /// As [`Platform::apply`].
    pub async fn apply_generated(&self) -> anyhow::Result<(String, Answer)> {
        let application = self.generate();
        let applyno = application.applyno.clone();
        Ok((applyno, self.apply(application).await?))
    }

    /// `baohanapply` with made-up data, `count` times, several at once.
    pub async fn apply_many(&self, count: u32) -> Vec<Acted> {
        let applications = stream::iter((0..count).map(|_| self.generate()));
        let pushed = applications.map(|application| async {
            let applyno = application.applyno.clone();
            (applyno, self.apply(application).await)
        });
        pushed.buffer_unordered(AT_ONCE).collect().await
    }

    /// `baohanrestore`: the section is opened, and the key of the project fields is sent.
    ///
    /// # Errors
    /// When `baohannotice` has not named a guarantee yet, the platform has no such interface, or no answer came.
    pub async fn restore(&self, applyno: &str) -> anyhow::Result<Answer> {
        let opened = |case: &mut Case| {
            case.opened = true;
            case.application.key
        };
        self.push("baohanrestore", applyno, |case| self.restoration(case, opened)).await
    }

    /// `baohanrestore` with a key that is not this application's; the section counts as not opened yet.
    ///
    /// # Errors
    /// As [`Platform::restore`].
    pub async fn restore_with_wrong_key(&self, applyno: &str) -> anyhow::Result<Answer> {
        let wrong = |case: &mut Case| self.restoration(case, |_| fresh_key());
        let (interface, message) = self.composed("baohanrestore", applyno, wrong)?;
        self.send(interface, Some(applyno), &message, false).await
    }

    /// The section is opened, and its key reaches nobody by a push: people tell it to each other.
    ///
    /// # Errors
    /// When there is no such application.
    pub fn open_without_a_push(&self, applyno: &str) -> anyhow::Result<()> {
        let now = clock::to_wire(self.desk.clock.now());
        self.about(applyno, |case| {
            case.opening.get_or_insert(now);
            case.opened = true;
            Ok(())
        })
    }

    /// Every approved guarantee that is not opened, surrendered or given up is opened, many at once. Where there is no
    /// opening, it is collected.
    pub async fn open_section(&self) -> Vec<Acted> {
        let waiting: Vec<String> = {
            let register = self.register();
            let waiting = register.cases().filter(|case| {
                case.approved == Some(true) && !case.opened && !case.surrendered && !case.waived
            });
            waiting.map(|case| case.application.applyno.clone()).collect()
        };
        let pushed = stream::iter(waiting).map(|applyno| async {
            let answer = self.open(&applyno).await;
            (applyno, answer)
        });
        pushed.buffer_unordered(AT_ONCE).collect().await
    }

    /// [`Platform::restore`] or, where there is no opening, [`Platform::collect`].
    ///
    /// # Errors
    /// As these.
    pub async fn open(&self, applyno: &str) -> anyhow::Result<Answer> {
        match self.specification().restores() {
            true => self.restore(applyno).await,
            false => self.collect(applyno).await,
        }
    }

    /// `invoiceapply`: `kind` is `0` for an ordinary invoice, `1` for a special one; the amount is the premium that
    /// `baohannotice` named.
    ///
    /// # Errors
    /// As [`Platform::restore`].
    pub async fn invoice(&self, applyno: &str, kind: &str) -> anyhow::Result<Answer> {
        let compose = |case: &mut Case| {
            case.invoice_kind = Some(kind.to_owned());
            let mut message = values([
                ("amount", case.cost.as_deref().unwrap_or_default()),
                ("type", kind),
                ("email", "caiwu@example.com"),
            ]);
            if kind == "1" {
                message.extend(values([
                    ("address", "国兴大道1号"),
                    ("phone", "0898-65300000"),
                    ("bank", "中国建设银行国兴支行"),
                    ("account", "46050100163600009876"),
                    ("mobile", &case.application.jbrphone),
                    ("contactname", &case.application.jbrname),
                    ("contactaddress", "国兴大道1号"),
                ]));
            }
            Ok(message)
        };
        self.push("invoiceapply", applyno, compose).await
    }

    /// `quitapply`.
    ///
    /// # Errors
    /// As [`Platform::restore`].
    pub async fn surrender(&self, applyno: &str) -> anyhow::Result<Answer> {
        let compose = |case: &mut Case| {
            case.surrender_asked = true;
            Ok(values([("reason", "项目延期，投标人放弃投标")]))
        };
        self.push("quitapply", applyno, compose).await
    }

    /// `canclenotice`.
    ///
    /// # Errors
    /// As [`Platform::restore`].
    pub async fn cancel(&self, applyno: &str) -> anyhow::Result<Answer> {
        self.push("canclenotice", applyno, |_| Ok(Values::new())).await
    }

    /// `claimsnotice`, for the whole amount, with two files.
    ///
    /// # Errors
    /// As [`Platform::restore`].
    pub async fn claim(&self, applyno: &str) -> anyhow::Result<Answer> {
        let first = format!("https://files.example.com/{applyno}/1.pdf?x=1&y=2");
        self.claim_with(applyno, &[&first, "https://files.example.com/2.pdf"]).await
    }

    /// The same with files of these addresses.
    ///
    /// # Errors
    /// As [`Platform::restore`].
    pub async fn claim_with(&self, applyno: &str, files: &[&str]) -> anyhow::Result<Answer> {
        let files: Vec<_> = files.iter().map(|url| serde_json::json!({ "fileurl": url })).collect();
        let filelist = serde_json::to_string(&files)?;
        let why = "投标人在投标有效期内撤销投标文件";
        let compose = |case: &mut Case| {
            case.claimed = Some(case.application.bond.clone());
            case.claim_status = None;
            Ok(values([
                ("payeraccount", "46050100163600001234"),
                ("payeramount", &case.application.bond),
                ("applyusername", "王某某"),
                ("applyuserphone", "13900001111"),
                // The specifications print the name in both ways; a table has one of them.
                ("reason", why),
                ("Reason", why),
                ("filelist", &filelist),
            ]))
        };
        self.push("claimsnotice", applyno, compose).await
    }

    /// The bidder gives the application up: `giveupapply`, in 漳州 `giveupnotice`.
    ///
    /// # Errors
    /// When the application is unknown, or no answer came.
    pub async fn waive(&self, applyno: &str) -> anyhow::Result<Answer> {
        let names = ["giveupapply", "giveupnotice"];
        let name = names.into_iter().find(|name| self.specification().pushed(name).is_some());
        self.push(name.unwrap_or("giveupapply"), applyno, |_| Ok(Values::new())).await
    }

    /// Enters an application whose push goes out by [`Platform::push_raw`].
    ///
    /// # Errors
    /// Never in practice: libsm declares its encryption fallible.
    pub fn enter(&self, application: Application) -> anyhow::Result<()> {
        let sealed = application.sealed()?;
        self.register().add(application, sealed, self.specification());
        Ok(())
    }

    /// What a restoration says, with the key that `choose` gives.
    fn restoration(
        &self,
        case: &mut Case,
        choose: impl FnOnce(&mut Case) -> [u8; 16],
    ) -> anyhow::Result<Values> {
        let now = clock::to_wire(self.desk.clock.now());
        let opening = case.opening.get_or_insert(now).clone();
        let key = BASE64.encode(choose(case));
        Ok(values([("kaibiaotime", &opening), ("key", &key)]))
    }

    pub(super) fn about<T>(
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

    /// The table of a push.
    pub(in crate::sandbox) fn table(&self, name: &str) -> anyhow::Result<&'static Interface> {
        let interface = self.specification().pushed(name);
        interface.with_context(|| format!("the platform `{}` has no `{name}`", self.specification().id))
    }

    /// Fills the table of an interface with what `compose` says of a case, or else with what is known of it.
    pub(super) fn composed(
        &self,
        interface: &str,
        applyno: &str,
        compose: impl FnOnce(&mut Case) -> anyhow::Result<Values>,
    ) -> anyhow::Result<(&'static Interface, Fields)> {
        let interface = self.table(interface)?;
        let message = self.about(applyno, |case| {
            if interface.has("baohanno") && case.baohanno.is_none() {
                anyhow::bail!("`{applyno}`: no guarantee number has been notified");
            }
            let values = compose(case)?;
            let wanted = interface.fields.iter().filter(|field| !HEAD.contains(&field.name));
            let mut message = Fields::new();
            for field in wanted {
                if let Some(value) = value_of(case, field, &values)? {
                    message.push((field.name.to_owned(), value));
                }
            }
            Ok(message)
        })?;
        Ok((interface, message))
    }

    /// Sends a message of the platform's own, as the script has it.
    pub(in crate::sandbox) async fn push(
        &self,
        interface: &str,
        applyno: &str,
        compose: impl FnOnce(&mut Case) -> anyhow::Result<Values>,
    ) -> anyhow::Result<Answer> {
        let (interface, message) = self.composed(interface, applyno, compose)?;
        let before =
            self.about(applyno, |case| Ok(case.pushes.insert(interface.name.to_owned(), message.clone())))?;
        // Whoever asks anew means it anew, and says so by another time.
        let anew = before.as_ref() == Some(&message);
        let fault = self.desk.faults.outgoing(interface.name);
        if fault == Some(Act::WrongKeyFirst) && interface.name == "baohanrestore" {
            let mut wrong = message.clone();
            for (_, value) in wrong.iter_mut().filter(|(name, _)| name == "key") {
                *value = BASE64.encode(fresh_key());
            }
            // Whatever becomes of the wrong one, the right one follows.
            drop(self.send(interface, Some(applyno), &wrong, false).await);
        }
        let answer = self.send(interface, Some(applyno), &message, anew).await;
        if fault == Some(Act::DuplicatePush) {
            drop(self.send(interface, Some(applyno), &message, true).await);
        }
        answer
    }

    /// Completes a message with what every message has, signs it and posts it.
    pub(in crate::sandbox) async fn send(
        &self,
        interface: &'static Interface,
        applyno: Option<&str>,
        message: &Fields,
        again: bool,
    ) -> anyhow::Result<Answer> {
        let (options, habits) = (&self.options, self.options.habits);
        // A repetition within the same second would otherwise carry the same timestamp and sign.
        let later = Duration::from_secs(u64::from(again));
        let now = self.desk.clock.now().saturating_add(later).unwrap_or(Timestamp::MAX);
        let head = values([
            ("appkey", &options.appkey),
            ("timestamp", &clock::to_wire(now)),
            ("platformcode", &options.platform_code),
            ("applyno", applyno.unwrap_or_default()),
        ]);
        let mut complete: Fields = head
            .into_iter()
            .filter(|(name, _)| interface.has(name))
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        complete.extend_from_slice(message);
        let numbers: &[&str] = if habits.numbers { &["amount", "type"] } else { &[] };
        if habits.numbers {
            for (_, value) in complete.iter_mut().filter(|(name, _)| name == "amount") {
                *value = as_double(value);
            }
        }
        let pairs = complete.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        complete.push(("sign".to_owned(), digest::sign(pairs, &options.appsecret)));
        let json = serde_json::to_vec(&Outgoing { fields: &complete, numbers })?;
        self.post(interface.name, applyno, json, again).await
    }

    /// Posts a message and enters the exchange.
    pub(super) async fn post(
        &self,
        interface: &str,
        applyno: Option<&str>,
        json: Vec<u8>,
        again: bool,
    ) -> anyhow::Result<Answer> {
        let url = format!("{}/{interface}", self.options.gateway.trim_end_matches('/'));
        let bytes = json.len();
        let message = Message::parse(&json).unwrap_or_default();
        let answer = match self.options.habits.form {
            false => self.desk.post(&url, json).await,
            true => self.desk.post_form(&url, "requestData", &String::from_utf8_lossy(&json)).await,
        };
        let answer = match answer {
            Ok(mut answer) if answer.is_accepted() => {
                answer.flaw = self.objection(interface, &message, &answer).await;
                Ok(answer)
            }
            answer => answer,
        };
        let outcome = match &answer {
            Ok(answer) => answer.outcome(),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        self.desk.enter(Entry {
            direction: Direction::Pushed,
            interface: interface.to_owned(),
            applyno: applyno.map(str::to_owned),
            outcome,
            effect: None,
            duplicate: again,
            bytes,
        });
        answer.with_context(|| format!("no answer from `{url}`"))
    }

    /// What is wrong with an answer of `1`, on the platforms whose answers say more than that.
    async fn objection(&self, interface: &str, message: &Message, answer: &Answer) -> Option<String> {
        let checked = match interface {
            "baohanapply" if self.specification().payment_page => zhangzhou::payment_page(&answer.body),
            "getbaohaninfo" => self.examine_information(message.text("applyno"), &answer.data).await,
            "checkbaohanlist" => {
                self.examine_list(message.text("startdate"), message.text("enddate"), &answer.data)
            }
            _ => Ok(()),
        };
        checked.err().map(|reason| reason.0)
    }
}

/// As some libraries write a number that they have read into floating point: `3200.00` becomes `3200.0`.
fn as_double(text: &str) -> String {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    match fraction.trim_end_matches('0') {
        "" => format!("{whole}.0"),
        fraction => format!("{whole}.{fraction}"),
    }
}

/// What a message says in a field: what the act says, or what is known of the application; ciphertext where the table
/// says so.
fn value_of(case: &Case, field: &Field, values: &Values) -> anyhow::Result<Option<String>> {
    let application = &case.application;
    let plain = match values.iter().chain(&case.particulars).find(|(name, _)| *name == field.name) {
        Some((_, value)) => value.clone(),
        None => match field.name {
            "baohanno" => case.baohanno.clone().unwrap_or_default(),
            "biddername" => application.biddername.clone(),
            "biddercode" => application.biddercode.clone(),
            "jbrname" => application.jbrname.clone(),
            "jbrphone" => application.jbrphone.clone(),
            "biaoduanno" => application.section_number.clone(),
            "biaoduanname" => application.section_name.clone(),
            "bzjamount" => application.bond.clone(),
            "zbr" => application.beneficiary.clone(),
            "zbrorgnum" => application.beneficiary_code.clone().unwrap_or_default(),
            _ => String::new(),
        },
    };
    if plain.is_empty() {
        return Ok(None);
    }
    Ok(Some(if field.sealed { encrypt_field(&application.key, &plain)? } else { plain }))
}
