//! What the platform does of its own accord: applications, claims and the rest, encrypted and pushed.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::stream::{self, StreamExt};
use jiff::Timestamp;
use serde_json::Value;

use super::Platform;
use super::applicants::Application;
use super::progress::Withdrawal;
use super::register::{Case, Claim};
use super::{answer, envelope, letter};
use crate::clock;
use crate::sandbox::answer::Answer;
use crate::sandbox::faults::Act;
use crate::sandbox::journal::{Direction, Entry, Outcome};
use crate::sandbox::message::Outgoing;
use crate::sandbox::play::Acted;

/// How many pushes are under way at once.
const AT_ONCE: usize = 16;

/// Why a purchaser wants a guarantee to end (`invalidType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invalidation {
    /// 0, 项目履约完成
    Fulfilled,
    /// 1, 保函文件格式错误
    WrongFile,
}

type Fields = Vec<(String, String)>;

fn fields<const N: usize>(fields: [(&str, &str); N]) -> Fields {
    fields.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

impl Platform {
    /// The next application that is made up; it is unknown to the institution until it is sent.
    pub fn generate(&self) -> Application {
        let n = self.generated.fetch_add(1, Ordering::Relaxed);
        Application::generated(n, self.desk.clock.now())
    }

    /// PREP101.
    ///
    /// # Errors
    /// As all acts: when no answer came; a refusal is an [`Answer`].
    pub async fn apply(&self, application: Application) -> anyhow::Result<Answer> {
        let application_id = application.application_id.clone();
        let message = application.fields();
        self.register().add(application);
        self.push("PREP101", &application_id, message).await
    }

    /// PREP101 with made-up data; gives the `applicationId` too.
    ///
    /// # Errors
    /// As [`Platform::apply`].
    pub async fn apply_generated(&self) -> anyhow::Result<(String, Answer)> {
        let application = self.generate();
        let application_id = application.application_id.clone();
        Ok((application_id, self.apply(application).await?))
    }

    /// PREP101 with made-up data, `count` times, several at once.
    pub async fn apply_many(&self, count: u32) -> Vec<Acted> {
        let applications: Vec<Application> = (0..count).map(|_| self.generate()).collect();
        let pushed = stream::iter(applications).map(|application| async {
            let application_id = application.application_id.clone();
            (application_id, self.apply(application).await)
        });
        pushed.buffer_unordered(AT_ONCE).collect().await
    }

    /// PREP103: fetches the letter and keeps it. A letter that is no signed PDF, or another one than before, is the
    /// answer's flaw.
    ///
    /// # Errors
    /// As [`Platform::apply`]; also when the application is unknown.
    pub async fn fetch_letter(&self, application_id: &str) -> anyhow::Result<Answer> {
        self.about(application_id, |_| Ok(()))?;
        self.push("PREP103", application_id, fields([("applicationId", application_id)])).await
    }

    /// PREP103 for every issued guarantee whose letter has not been fetched.
    pub async fn fetch_letters(&self) -> Vec<Acted> {
        let waiting: Vec<String> = {
            let register = self.register();
            let waiting =
                register.cases().filter(|case| case.progress.is_issued() && case.letters.is_empty());
            waiting.map(|case| case.application.application_id.clone()).collect()
        };
        let pushed = stream::iter(waiting).map(|application_id| async {
            let answer = self.fetch_letter(&application_id).await;
            (application_id, answer)
        });
        pushed.buffer_unordered(AT_ONCE).collect().await
    }

    /// PREP104 with any file; `data.status` of the answer is 01 (genuine) or 02.
    ///
    /// # Errors
    /// As [`Platform::apply`]; also when 03 has not named a guarantee yet.
    pub async fn verify(&self, application_id: &str, document: &[u8]) -> anyhow::Result<Answer> {
        let guarantee_id = self.about(application_id, |case| guarantee_of(case))?;
        let text = BASE64.encode(document);
        let message = fields([("guaranteeId", &guarantee_id), ("guaranteeData", &text)]);
        self.push("PREP104", application_id, message).await
    }

    /// PREP104 with the letter that PREP103 has brought.
    ///
    /// # Errors
    /// As [`Platform::verify`]; also when no letter has been fetched.
    pub async fn verify_letter(&self, application_id: &str) -> anyhow::Result<Answer> {
        let document = self.about(application_id, |case| {
            let letter = case.letters.last().context("no letter has been fetched (PREP103)")?;
            Ok(letter.document.clone())
        })?;
        self.verify(application_id, &document).await
    }

    /// PREP105 for the whole guaranteed amount.
    ///
    /// # Errors
    /// As [`Platform::verify`].
    pub async fn claim(&self, application_id: &str) -> anyhow::Result<Answer> {
        let amount = self.about(application_id, |case| {
            case.amount.clone().context("no guarantee has been notified (PREP102, 03)")
        })?;
        self.claim_amount(application_id, &amount).await
    }

    /// PREP105 for an amount in yuan with two places. A claim that the institution refuses counts as not made, and so it
    /// is with the other requests.
    ///
    /// # Errors
    /// As [`Platform::verify`].
    pub async fn claim_amount(&self, application_id: &str, amount: &str) -> anyhow::Result<Answer> {
        let (message, before) = self.about(application_id, |case| {
            let guarantee_id = guarantee_of(case)?;
            let application = &case.application;
            let message = fields([
                ("guaranteeId", &guarantee_id),
                ("bidNum", &application.bid_code),
                ("projectName", &application.project_name),
                ("projectCode", &application.project_code),
                ("companyName", &application.supplier),
                ("socialCreditCode", &application.social_credit_code),
                ("purchaseName", &application.purchase_name),
                ("purchaseSocCode", &application.purchase_soc_code),
                ("claimAmount", amount),
                ("claimReason", "供应商未按合同约定使用预付款"),
                ("openBank", "中国建设银行呼和浩特新城支行"),
                ("bankAccount", "15050170663600001234"),
                ("contract", "苏日娜"),
                ("contractway", "0471-6900000"),
                ("contractCertCode", "150102199002022345"),
            ]);
            Ok((message, case.claim.replace(Claim { amount: amount.to_owned(), status: None })))
        })?;
        let answer = self.push("PREP105", application_id, message).await?;
        self.unless_accepted(&answer, application_id, |case| case.claim = before);
        Ok(answer)
    }

    /// PREP107.
    ///
    /// # Errors
    /// As [`Platform::verify`].
    pub async fn invalidate(&self, application_id: &str, kind: Invalidation) -> anyhow::Result<Answer> {
        let now = clock::to_wire(self.desk.clock.now());
        let (kind, remark) = match kind {
            Invalidation::Fulfilled => ("0", "合同已履行完毕"),
            Invalidation::WrongFile => ("1", "保函文件格式有误，请重新开立"),
        };
        let message = self.about(application_id, |case| {
            let guarantee_id = guarantee_of(case)?;
            case.invalidation_asked = true;
            Ok(fields([
                ("guaranteeId", &guarantee_id),
                ("invalidTime", &now),
                ("invalidType", kind),
                ("remark", remark),
            ]))
        })?;
        let answer = self.push("PREP107", application_id, message).await?;
        self.unless_accepted(&answer, application_id, |case| case.invalidation_asked = false);
        Ok(answer)
    }

    /// PREP109 with type 01 (退保).
    ///
    /// # Errors
    /// As [`Platform::fetch_letter`].
    pub async fn surrender(&self, application_id: &str) -> anyhow::Result<Answer> {
        self.withdraw(application_id, Withdrawal::Surrender).await
    }

    /// PREP109 with type 02 (订单取消).
    ///
    /// # Errors
    /// As [`Platform::fetch_letter`].
    pub async fn cancel_order(&self, application_id: &str) -> anyhow::Result<Answer> {
        self.withdraw(application_id, Withdrawal::OrderCancellation).await
    }

    async fn withdraw(&self, application_id: &str, withdrawal: Withdrawal) -> anyhow::Result<Answer> {
        self.enter_withdrawal(application_id, withdrawal)?;
        let message = fields([
            ("applicationId", application_id),
            ("applicationType", withdrawal.number()),
            ("refundReason", "合同变更，暂不需要预付款保函"),
        ]);
        let answer = self.push("PREP109", application_id, message).await?;
        self.unless_accepted(&answer, application_id, |case| case.progress.withdrawal = None);
        Ok(answer)
    }

    /// The last push of a transaction once more: the same message under a new `msgcode` and `reqtime`.
    ///
    /// # Errors
    /// When there was no such push, or no answer came.
    pub async fn duplicate(&self, application_id: &str, transcode: &str) -> anyhow::Result<Answer> {
        let message = self.last_push(application_id, transcode)?;
        self.send(transcode, application_id, &message, true).await
    }

    /// The last push of a transaction with one field changed, under the same business key.
    ///
    /// # Errors
    /// When there was no such push, it has nothing that could be changed, or no answer came.
    pub async fn conflict(&self, application_id: &str, transcode: &str) -> anyhow::Result<Answer> {
        let mut message = self.last_push(application_id, transcode)?;
        let (name, other) = match transcode {
            "PREP101" => ("advanceAmount", "13579.00"),
            "PREP105" => ("claimReason", "另一个原因"),
            "PREP107" => ("remark", "另一个原因"),
            "PREP109" => ("refundReason", "另一个原因"),
            _ => bail!("`{transcode}` has no field that could differ"),
        };
        let field = message.iter_mut().find(|(known, _)| known == name).context("the field is missing")?;
        other.clone_into(&mut field.1);
        self.send(transcode, application_id, &message, false).await
    }

    /// Enters an application whose PREP101 goes out by [`Platform::push_raw`].
    pub fn enter(&self, application: Application) {
        self.register().add(application);
    }

    /// The platform stands by a PREP109 that goes out by [`Platform::push_raw`].
    ///
    /// # Errors
    /// When the application is unknown.
    pub fn enter_withdrawal(&self, application_id: &str, withdrawal: Withdrawal) -> anyhow::Result<()> {
        self.about(application_id, |case| {
            case.progress.withdrawal = Some(withdrawal);
            Ok(())
        })
    }

    /// A complete request body around any message, encrypted and signed as it should be: what tests of bad input
    /// spoil before they push it.
    ///
    /// # Errors
    /// When the institution's public key is none.
    pub fn sealed_body(&self, transcode: &str, message: &[(String, String)]) -> anyhow::Result<Vec<u8>> {
        let plain = serde_json::to_vec(&Outgoing { fields: message, numbers: &[] })?;
        Ok(envelope::compose(&self.options, transcode, &plain, self.desk.clock.now())?)
    }

    /// Any body to any transaction, as it is. The register does not learn of it.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn push_raw(&self, transcode: &str, body: impl Into<Vec<u8>>) -> anyhow::Result<Answer> {
        self.post(transcode, None, body.into(), false).await
    }

    fn about<T>(
        &self,
        application_id: &str,
        read: impl FnOnce(&mut Case) -> anyhow::Result<T>,
    ) -> anyhow::Result<T> {
        let mut register = self.register();
        let case = register
            .known(application_id)
            .ok()
            .with_context(|| format!("`{application_id}` is not an application of this platform"))?;
        read(case)
    }

    fn unless_accepted(&self, answer: &Answer, application_id: &str, undo: impl FnOnce(&mut Case)) {
        if !answer.is_accepted()
            && let Ok(case) = self.register().known(application_id)
        {
            undo(case);
        }
    }

    fn last_push(&self, application_id: &str, transcode: &str) -> anyhow::Result<Fields> {
        self.about(application_id, |case| {
            let message = case.pushes.get(transcode).cloned();
            message.with_context(|| format!("`{transcode}` has not been pushed for `{application_id}`"))
        })
    }

    /// Sends a message of the platform's own, as the script has it.
    async fn push(&self, transcode: &str, application_id: &str, message: Fields) -> anyhow::Result<Answer> {
        self.about(application_id, |case| Ok(case.pushes.insert(transcode.to_owned(), message.clone())))?;
        let fault = self.desk.faults.outgoing(transcode);
        let answer = self.send(transcode, application_id, &message, false).await;
        if fault == Some(Act::DuplicatePush) {
            drop(self.send(transcode, application_id, &message, true).await);
        }
        answer
    }

    async fn send(
        &self,
        transcode: &str,
        application_id: &str,
        message: &[(String, String)],
        again: bool,
    ) -> anyhow::Result<Answer> {
        // A repetition within the same second would otherwise carry the same `reqtime`.
        let later = Duration::from_secs(u64::from(again));
        let now = self.desk.clock.now().saturating_add(later).unwrap_or(Timestamp::MAX);
        let plain = serde_json::to_vec(&Outgoing { fields: message, numbers: &[] })?;
        let body = envelope::compose(&self.options, transcode, &plain, now)?;
        self.post(transcode, Some(application_id.to_owned()), body, again).await
    }

    async fn post(
        &self,
        transcode: &str,
        application_id: Option<String>,
        body: Vec<u8>,
        again: bool,
    ) -> anyhow::Result<Answer> {
        let url = format!("{}/{transcode}", self.options.gateway.trim_end_matches('/'));
        let bytes = body.len();
        let posted = self.desk.post(&url, body).await;
        let answer = posted.map(|general| {
            let mut answer = answer::read(&self.keys, transcode, general);
            self.examine(transcode, application_id.as_deref(), &mut answer);
            answer
        });
        let outcome = match &answer {
            Ok(answer) => answer.outcome(),
            Err(error) => Outcome::Failed(error.to_string()),
        };
        self.desk.enter(Entry {
            direction: Direction::Pushed,
            interface: transcode.to_owned(),
            applyno: application_id,
            outcome,
            effect: None,
            duplicate: again,
            bytes,
        });
        answer.with_context(|| format!("no answer from `{url}`"))
    }

    /// Holds what a successful answer brings against what the platform knows.
    fn examine(&self, transcode: &str, application_id: Option<&str>, answer: &mut Answer) {
        let Some(application_id) = application_id.filter(|_| answer.is_accepted()) else { return };
        let text = |name: &str| answer.data.get(name).and_then(Value::as_str).unwrap_or_default();
        let result = match transcode {
            "PREP103" => {
                letter::read(text("guaranteeFileName"), text("guaranteeFileContext"), self.desk.clock.now())
                    .and_then(|letter| self.keep(application_id, letter))
            }
            "PREP104" => self.check_verification(application_id, &text),
            _ => Ok(()),
        };
        answer.flaw = result.err();
    }

    fn keep(&self, application_id: &str, mut letter: letter::Letter) -> Result<(), String> {
        if !self.options.keep_letters {
            letter.document = [].into();
        }
        let mut register = self.register();
        register.known(application_id).map_err(|refusal| refusal.to_string())?.fetched(letter)
    }

    fn check_verification<'a>(
        &self,
        application_id: &str,
        text: &impl Fn(&str) -> &'a str,
    ) -> Result<(), String> {
        let known = self.register().case(application_id).and_then(|case| case.guarantee_id.clone());
        if known.as_deref() != Some(text("guaranteeId")) {
            return Err("应答的guaranteeId与请求不一致".to_owned());
        }
        let (begin, end) = (text("certBeginTime"), text("certEndTime"));
        // Dates of this form sort as they follow each other.
        if !end.is_empty() && end < begin {
            return Err("certEndTime早于certBeginTime".to_owned());
        }
        Ok(())
    }
}

fn guarantee_of(case: &Case) -> anyhow::Result<String> {
    let application_id = &case.application.application_id;
    let guarantee_id = case.guarantee_id.clone();
    guarantee_id.with_context(|| format!("`{application_id}`: no guarantee has been notified (PREP102, 03)"))
}
