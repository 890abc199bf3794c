//! The institution's people: they look through what waits for them, every now and then, and decide.

use jiff::Timestamp;
use rand::RngExt as _;

use super::agenda::{DAY, HOUR, MINUTE};
use super::world::{Happening, World, Written};
use crate::dialect::Profile;
use crate::domain::awaited::Awaited;
use crate::domain::claim::{ClaimResult, ClaimSide, ClaimStatus};
use crate::domain::command::PayerRule;
use crate::domain::identity::GuaranteeId;
use crate::domain::invoice::Invoice;
use crate::domain::money::Fen;
use crate::domain::notice::Notice;
use crate::domain::party::{Account, Contact};
use crate::domain::terms::{BasicAccount, Payment, PaymentMethod};
use crate::domain::{Command, Guarantee, Stage};

impl World<'_> {
    /// Whoever decides does so at some replica, in a transaction like any other; what fails is done the next time.
    pub fn desk_hour(&mut self) {
        let next = match self.now {
            now if now < self.weather.until => self.some_time(5 * MINUTE, HOUR),
            now if now < self.weather.until.saturating_add(10 * DAY) => self.some_time(HOUR, 6 * HOUR),
            _ => DAY,
        };
        self.agenda.plan(self.now.saturating_add(next), Happening::Desk);
        let waiting: Vec<GuaranteeId> = self
            .ledger
            .guarantees
            .iter()
            .filter(|(_, stored)| !stored.guarantee.stage.is_ended() || stored.guarantee.invoice_is_asked())
            .map(|(id, _)| id.clone())
            .collect();
        for id in waiting {
            let Some(stored) = self.ledger.find(&id).cloned() else { continue };
            for awaited in stored.guarantee.awaits() {
                if self.rng.random_bool(0.7) {
                    self.decide(&id, awaited, &stored.guarantee);
                }
            }
            let early = matches!(stored.guarantee.stage, Stage::Applied | Stage::Approved);
            // Where the platform can't be asked, nobody asks.
            let application = stored.guarantee.application.number.clone();
            let asks = |profile: &Profile| profile.speaks(&Notice::WaiverRequest { application });
            let role = self.role_of(stored.guarantee.platform.as_str());
            let early = early && role.is_some_and(|role| asks(&role.profile));
            if early && self.rng.random_range(0..100) < 3 {
                self.have_it(&id, Command::AskWaiver);
            }
        }
    }

    fn decide(&mut self, id: &GuaranteeId, awaited: Awaited, guarantee: &Guarantee) {
        let says_yes = self.rng.random_bool(0.7);
        let reason = || "材料不全".to_owned();
        let command = match awaited {
            Awaited::Underwriting => match (self.terms(guarantee), says_yes) {
                (Some(approve), true) => approve,
                _ => Command::Decline { reason: reason(), issuer: "model".to_owned() },
            },
            Awaited::Premium => payment(guarantee),
            Awaited::Surrender if says_yes => Command::GrantSurrender,
            Awaited::Surrender => Command::RefuseSurrender { reason: reason() },
            Awaited::Cancellation if says_yes => Command::GrantCancellation,
            Awaited::Cancellation => Command::RefuseCancellation { reason: reason() },
            Awaited::Invoice if says_yes => {
                let url = Some("https://insurer.example/invoice".to_owned());
                Command::IssueInvoice { invoice: Invoice { url, code: None, number: None } }
            }
            Awaited::Invoice => Command::RefuseInvoice { reason: reason() },
            Awaited::Claim => {
                let status = if says_yes { ClaimStatus::Paid } else { ClaimStatus::Rejected };
                let paid_at = says_yes.then(|| super::world::instant(self.now));
                Command::AnswerClaim { result: claim_result(status, guarantee, paid_at) }
            }
            // That is for the platform.
            Awaited::Waiver => return,
        };
        // Rules that decide do so without people.
        let by_rules = matches!(awaited, Awaited::Underwriting | Awaited::Surrender | Awaited::Cancellation);
        if by_rules && self.deciding != super::cast::Deciding::People {
            return;
        }
        self.have_it(id, command);
    }

    fn terms(&mut self, guarantee: &Guarantee) -> Option<Command> {
        let at = super::world::instant(self.now);
        let rules = self.role_of(guarantee.platform.as_str())?.rules(self.deciding)?;
        let terms = rules.terms(guarantee, at).ok()?;
        Some(self.numbered(Command::Approve { terms }))
    }

    fn have_it(&mut self, id: &GuaranteeId, command: Command) {
        let replica = self.rng.random_range(0..self.replicas.len());
        let up = self.replicas.get(replica).is_some_and(|it| it.up && it.frozen_until <= self.now);
        let platform = self.ledger.find(id).map(|stored| stored.guarantee.platform.clone());
        let role = platform.and_then(|platform| self.role_of(platform.as_str()));
        let Some(role) = role.filter(|_| up) else { return };
        let at = self.clock_of(replica);
        let commands = [command];
        let written = self.write(replica, |ledger| ledger.carry_out_all(&role.profile, id, &commands, at));
        if let Written::Done(outcome) = written {
            self.trace.add(self.now, || match outcome {
                Ok(()) => format!("people decide of {id}: {:?}", commands.first()),
                Err(refusal) => format!("people can't decide of {id}: {refusal}"),
            });
        }
    }
}

fn account(holder: &str) -> Account {
    Account { holder: holder.to_owned(), number: "6222".to_owned(), bank: Some("示例银行".to_owned()) }
}

fn payment(guarantee: &Guarantee) -> Command {
    let payment = Payment {
        payer: account(&guarantee.application.applicant.name),
        basic_account: BasicAccount::Confirmed,
        method: PaymentMethod::OnlineBanking,
        paid_at: None,
        amount: None,
        voucher: None,
    };
    Command::RecordPremium { payment, payer: PayerRule::BasicAccountOnly }
}

fn claim_result(status: ClaimStatus, guarantee: &Guarantee, paid_at: Option<Timestamp>) -> ClaimResult {
    let asked = guarantee.open_claim().and_then(|claim| claim.request.amount).unwrap_or(Fen::ZERO);
    let contact = || Contact { name: Some("张某".to_owned()), phone: Some("13800001234".to_owned()) };
    let side = |code: &str, holder: &str| ClaimSide {
        code: code.to_owned(),
        contact: contact(),
        account: account(holder),
    };
    ClaimResult {
        status,
        remark: (status == ClaimStatus::Rejected).then(|| "不属于保函责任".to_owned()),
        payer: side("91460000MA5T000002", "model"),
        beneficiary: side("91460000MA5T000003", "示例建设投资有限公司"),
        amount: if status == ClaimStatus::Paid { asked } else { Fen::ZERO },
        paid_at,
    }
}
