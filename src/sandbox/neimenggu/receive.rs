//! What a notice of the institution does: opened, held against its table, then taken or refused.

use jiff::Timestamp;
use serde_json::json;

use super::Platform;
use super::envelope::{self, Opened};
use super::fields::amount;
use super::refusal::{Code, Refusal, SUCCESS};
use super::register::Case;
use crate::clock;
use crate::sandbox::journal::{Direction, Effect, Entry, Outcome};
use crate::sandbox::message::Message;

/// What became of a notice.
enum Taken {
    New,
    /// It was accepted before; nothing changed.
    Again,
}

impl Platform {
    /// Handles one request body, enters it into the journal and gives the answer's body; `fault` is what the script
    /// adds to the answer. `path` is the transaction code of the URL, empty if it has none.
    pub fn answer_to(&self, path: &str, body: &[u8], fault: Option<String>) -> String {
        let mut entry = Entry {
            direction: Direction::Received,
            interface: path.to_owned(),
            applyno: None,
            outcome: Outcome::Accepted,
            effect: None,
            duplicate: false,
            bytes: body.len(),
        };
        let given = (!path.is_empty()).then_some(path);
        let result = envelope::open(&self.options, &self.keys, given, body).and_then(|opened| {
            opened.table.transcode.clone_into(&mut entry.interface);
            self.judge(&opened, &mut entry)
        });
        let answer = match result {
            Ok(taken) => {
                entry.duplicate = matches!(taken, Taken::Again);
                answer(SUCCESS, "成功")
            }
            Err(refusal) => {
                entry.effect = None;
                entry.outcome = Outcome::Refused(format!("{} {refusal}", refusal.code.number()));
                refusal_body(&refusal)
            }
        };
        if let Some(fault) = fault {
            entry.outcome = Outcome::Faulted(match &entry.outcome {
                Outcome::Refused(reason) => format!("{fault}; refused: {reason}"),
                _ => fault,
            });
        }
        self.desk.enter(entry);
        answer
    }

    fn judge(&self, opened: &Opened, entry: &mut Entry) -> Result<Taken, Refusal> {
        opened.table.check(&opened.message).map_err(Refusal::parameters)?;
        match opened.table.transcode {
            "PREP102" => self.application_status(opened, entry),
            "PREP106" => self.claim_result(opened, entry),
            _ => self.cancellation(opened, entry),
        }
    }

    /// 10.2
    fn application_status(&self, opened: &Opened, entry: &mut Entry) -> Result<Taken, Refusal> {
        let message = &opened.message;
        let (application_id, state) = (message.text("applicationId"), message.text("applicationStatus"));
        entry.effect = Some(Effect::StateNoted { state: state.to_owned() });
        let mut register = self.register();
        let guarantee_id = message.text("guaranteeId");
        let taken_number = register.is_anothers(guarantee_id, application_id);
        let case = register.known(application_id)?;
        entry.applyno = Some(application_id.to_owned());
        let progress = match case.progress.after(state, self.options.payment_first) {
            Ok(progress) => progress,
            Err(_) if case.repeated(&opened.content) => return Ok(Taken::Again),
            Err(why) => return Err(out_of_order(case, opened, state, why)),
        };
        let now = self.desk.clock.now();
        match state {
            "03" if taken_number => return Err(Refusal::parameters("保函唯一标识已被其他申请使用")),
            "03" => self.check_issue(case, message)?,
            "05" => self.not_in_the_future(message, "payTime")?,
            _ => {}
        }
        case.progress = progress;
        case.note(now, "PREP102", state, &opened.content, message);
        if state == "03" {
            case.guarantee_id = Some(guarantee_id.to_owned());
            case.amount = message.get("guaranteeAmt").map(str::to_owned);
            case.valid_until = clock::from_wire(message.text("validTimeEnd")).ok();
            register.name_guarantee(guarantee_id, application_id);
        }
        Ok(Taken::New)
    }

    /// What 03 says about the guarantee must go together with the application.
    fn check_issue(&self, case: &Case, message: &Message) -> Result<(), Refusal> {
        let application = &case.application;
        if message.text("companyName") != application.supplier {
            return Err(Refusal::parameters("companyName与申请企业不一致"));
        }
        if amount(message.text("guaranteeAmt")) > amount(&application.advance_amount) {
            return Err(Refusal::parameters("guaranteeAmt大于预付款申请金额"));
        }
        if message.text("validTimeEnd") <= message.text("validTimeStart") {
            return Err(Refusal::parameters("validTimeEnd不晚于validTimeStart"));
        }
        self.not_in_the_future(message, "letterOfTime")
    }

    /// 10.6: a claim may be reported as being handled, and then once as paid or refused.
    fn claim_result(&self, opened: &Opened, entry: &mut Entry) -> Result<Taken, Refusal> {
        let message = &opened.message;
        let status = message.text("status");
        entry.effect = Some(Effect::ClaimResultNoted { status: status.to_owned() });
        let mut register = self.register();
        let case = register.by_guarantee(message.text("guaranteeId"))?;
        entry.applyno = Some(case.application.application_id.clone());
        let handled = match &case.claim {
            None => Err("未发起过索赔"),
            Some(claim) if claim.is_over() => Err("索赔已有理赔结果"),
            Some(claim) if status == "00" && claim.status.is_some() => Err("理赔已受理"),
            Some(_) => Ok(()),
        };
        match handled {
            Ok(()) => {}
            Err(_) if case.repeated(&opened.content) => return Ok(Taken::Again),
            Err(why) => return Err(out_of_order(case, opened, status, why)),
        }
        let application = &case.application;
        let differs = |name: &str, known: &str| message.get(name).is_some_and(|value| value != known);
        if differs("paymentBeneficiary", &application.purchase_name)
            || differs("paymentBeneficiarySocial", &application.purchase_soc_code)
        {
            return Err(Refusal::parameters("理赔受益人不是采购人"));
        }
        let claimed = case.claim.as_ref().and_then(|claim| amount(&claim.amount));
        if amount(message.text("paymentMoney")) > claimed {
            return Err(Refusal::parameters("paymentMoney大于索赔金额"));
        }
        self.not_in_the_future(message, "paymentTime")?;
        if let Some(claim) = &mut case.claim {
            claim.status = Some(status.to_owned());
        }
        case.note(self.desk.clock.now(), "PREP106", status, &opened.content, message);
        Ok(Taken::New)
    }

    /// 10.8: after PREP107, or when the guarantee has run out.
    fn cancellation(&self, opened: &Opened, entry: &mut Entry) -> Result<Taken, Refusal> {
        let message = &opened.message;
        entry.effect = Some(Effect::Cancelled);
        let now = self.desk.clock.now();
        let mut register = self.register();
        let case = register.by_guarantee(message.text("guaranteeId"))?;
        entry.applyno = Some(case.application.application_id.clone());
        let run_out = case.valid_until.is_some_and(|end| end <= now);
        if !case.progress.is_in_force() || !(case.invalidation_asked || run_out) {
            if case.repeated(&opened.content) {
                return Ok(Taken::Again);
            }
            let why = if case.progress.is_in_force() { "未申请注销" } else { "保函已失效" };
            return Err(out_of_order(case, opened, "", why));
        }
        self.not_in_the_future(message, "cancelDate")?;
        case.invalidation_asked = false;
        case.progress.end();
        case.note(now, "PREP108", "", &opened.content, message);
        Ok(Taken::New)
    }

    fn not_in_the_future(&self, message: &Message, name: &str) -> Result<(), Refusal> {
        let Some(time) = message.get(name).and_then(|text| clock::from_wire(text).ok()) else {
            return Ok(());
        };
        let limit = self.desk.clock.now().saturating_add(self.options.timestamp_window);
        if time > limit.unwrap_or(Timestamp::MAX) {
            return Err(Refusal::parameters(format!("{name}晚于当前时间")));
        }
        Ok(())
    }
}

/// A notice that cannot come now: either another one of its kind was accepted, or something must come before.
fn out_of_order(case: &mut Case, opened: &Opened, status: &str, why: &str) -> Refusal {
    let name = format!("{}{status}", if status.is_empty() { "" } else { opened.table.status });
    if case.has(opened.table.transcode, status) {
        case.conflicts += 1;
        return Refusal::parameters(format!("{name}重复通知，且内容与已接收的不一致"));
    }
    Refusal::parameters(format!("{name}不能通知：{why}"))
}

/// A failure as 9.2.2 has it.
pub fn refusal_body(refusal: &Refusal) -> String {
    answer(refusal.code.number(), &refusal.message())
}

/// A failure that has nothing to do with the request.
pub fn breakdown(detail: &str) -> String {
    refusal_body(&Refusal::new(Code::Server, detail))
}

fn answer(code: &str, message: &str) -> String {
    json!({ "code": code, "message": message }).to_string()
}
