//! What each act takes: the inputs of its form, and the decision that they make.

use jiff::Timestamp;

use crate::casework::decisions::Decision;
use crate::casework::decisions::content::ClaimAnswer;
use crate::console::frame::Frame;
use crate::console::proposals::fields::Fields;
use crate::console::proposals::words;
use crate::domain::Guarantee;
use crate::domain::claim::{ClaimSide, ClaimStatus};
use crate::domain::decision::Act;
use crate::domain::dossier::Dossier;
use crate::domain::identity::GuaranteeNumber;
use crate::domain::invoice::Invoice;
use crate::domain::money::Fen;
use crate::domain::party::{Account, Contact};
use crate::domain::terms::{BasicAccount, Payment, PaymentMethod};
use crate::institution::rules::Agreed;

/// A field of a form.
pub(super) struct Input {
    pub name: &'static str,
    pub label: &'static str,
    /// Of an `input`; `select` where there are options.
    pub kind: &'static str,
    pub options: Vec<(&'static str, &'static str)>,
    pub value: String,
    pub required: bool,
}

/// Lists inputs, with what was typed before.
struct Inputs<'a> {
    frame: &'a Frame,
    fields: &'a Fields,
    inputs: Vec<Input>,
}

impl Inputs<'_> {
    fn add(&mut self, name: &'static str, label: &'static str, kind: &'static str, required: bool) {
        let (label, value) = (self.frame.t(label), self.fields.text(name).to_owned());
        self.inputs.push(Input { name, label, kind, options: Vec::new(), value, required });
    }

    fn text(&mut self, name: &'static str, label: &'static str, required: bool) {
        self.add(name, label, "text", required);
    }

    /// With what is known already, where nothing was typed.
    fn known(&mut self, name: &'static str, label: &'static str, known: Option<&String>) {
        self.text(name, label, false);
        if let Some(input) = self.inputs.last_mut().filter(|input| input.value.is_empty()) {
            input.value = known.cloned().unwrap_or_default();
        }
    }

    fn select(
        &mut self,
        name: &'static str,
        label: &'static str,
        options: impl IntoIterator<Item = (&'static str, &'static str)>,
    ) {
        let options = options.into_iter().map(|(value, text)| (value, self.frame.t(text))).collect();
        let (label, value) = (self.frame.t(label), self.fields.text(name).to_owned());
        self.inputs.push(Input { name, label, kind: "select", options, value, required: true });
    }

    fn side(&mut self, names: [&'static str; 6], code: &'static str) {
        let labels = [
            code,
            "proposals.contact",
            "proposals.phone",
            "proposals.account_holder",
            "proposals.account",
            "proposals.bank",
        ];
        for (name, label) in names.into_iter().zip(labels) {
            self.text(name, label, true);
        }
    }
}

const PAYER: [&str; 6] =
    ["payer_code", "payer_contact", "payer_phone", "payer_holder", "payer_account", "payer_bank"];
const BENEFICIARY: [&str; 6] = [
    "beneficiary_code",
    "beneficiary_contact",
    "beneficiary_phone",
    "beneficiary_holder",
    "beneficiary_account",
    "beneficiary_bank",
];

pub(super) fn of(frame: &Frame, guarantee: &Guarantee, act: Act, fields: &Fields) -> Vec<Input> {
    let mut form = Inputs { frame, fields, inputs: Vec::new() };
    match act {
        Act::Approve | Act::Issue => {
            form.text("number", "proposals.number", false);
            form.text("premium", "proposals.premium", false);
            form.add("until", "proposals.until", "date", false);
        }
        Act::Decline
        | Act::AbandonIssue
        | Act::RefuseSurrender
        | Act::Surrender
        | Act::RefuseCancellation
        | Act::RefuseInvoice => form.text("said", "proposals.said", true),
        Act::RecordPremium => {
            form.text("holder", "proposals.account_holder", false);
            form.text("account", "proposals.account", true);
            form.text("bank", "proposals.bank", false);
            let answers = BasicAccount::ALL.map(|it| (it.name(), words::basic_account(it)));
            form.select("basic_account", "proposals.basic_account", answers);
            let methods = PaymentMethod::ALL.map(|it| (it.name(), words::method(it)));
            form.select("method", "proposals.method", methods);
            form.add("paid_at", "proposals.paid_at", "datetime-local", false);
            form.text("amount", "proposals.amount", false);
        }
        Act::RecordDossier => {
            let known = guarantee.dossier.clone().unwrap_or_default();
            form.known("contact", "proposals.contact", known.contact.name.as_ref());
            form.known("phone", "proposals.phone", known.contact.phone.as_ref());
            form.known("email", "proposals.email", known.email.as_ref());
            form.known("address", "proposals.address", known.address.as_ref());
            form.known("legal_name", "proposals.legal_name", known.legal_representative.name.as_ref());
            form.known("legal_phone", "proposals.legal_phone", known.legal_representative.phone.as_ref());
            form.known("legal_id", "proposals.legal_id", known.legal_representative_id.as_ref());
        }
        Act::IssueInvoice => {
            form.text("url", "proposals.invoice_url", false);
            form.text("code", "proposals.invoice_code", false);
            form.text("number", "proposals.invoice_number", false);
        }
        Act::AnswerClaim => {
            let statuses = ClaimStatus::ALL.map(|it| (it.name(), words::claim_status(it)));
            form.select("status", "proposals.claim_status", statuses);
            form.text("amount", "proposals.amount", false);
            form.add("paid_at", "proposals.paid_at", "datetime-local", false);
            form.text("said", "proposals.said", false);
            form.side(PAYER, "proposals.payer_code");
            form.side(BENEFICIARY, "proposals.beneficiary_code");
        }
        Act::Waive | Act::GrantSurrender | Act::GrantCancellation => {}
    }
    form.inputs
}

/// What was typed, as a decision; or in words what of it can't be read.
pub(super) fn decision(
    frame: &Frame,
    guarantee: &Guarantee,
    act: Act,
    fields: &Fields,
) -> Result<Decision, String> {
    let said = || needed(frame, fields, "said", "proposals.said");
    Ok(match act {
        Act::Approve => Decision::Approve {
            agreed: Agreed {
                number: fields.given("number").map(GuaranteeNumber::new),
                premium: money(frame, fields, "premium", "proposals.premium")?,
                until: match fields.given("until") {
                    Some(text) => Some(text.parse().map_err(|_| wrong(frame, "proposals.until"))?),
                    None => None,
                },
                ..Agreed::default()
            },
        },
        Act::Decline => Decision::Decline { reason: said()? },
        Act::AbandonIssue => Decision::AbandonIssue { reason: said()? },
        Act::RefuseSurrender => Decision::RefuseSurrender { reason: said()? },
        Act::Surrender => Decision::Surrender { reason: said()? },
        Act::RefuseCancellation => Decision::RefuseCancellation { reason: said()? },
        Act::RefuseInvoice => Decision::RefuseInvoice { reason: said()? },
        Act::RecordPremium => Decision::RecordPremium { payment: payment(frame, guarantee, fields)? },
        Act::RecordDossier => Decision::RecordDossier { dossier: dossier(guarantee, fields) },
        Act::Waive => Decision::Waive,
        Act::GrantSurrender => Decision::GrantSurrender,
        Act::GrantCancellation => Decision::GrantCancellation,
        Act::IssueInvoice => Decision::IssueInvoice {
            invoice: Invoice {
                url: fields.given("url"),
                code: fields.given("code"),
                number: fields.given("number"),
            },
        },
        Act::AnswerClaim => {
            let answer = ClaimAnswer {
                status: one_of(frame, fields, "status", "proposals.claim_status", ClaimStatus::ALL, |it| {
                    it.name()
                })?,
                remark: fields.given("said"),
                amount: money(frame, fields, "amount", "proposals.amount")?,
                paid_at: moment(frame, fields)?,
                payer: side(frame, fields, PAYER)?,
                beneficiary: side(frame, fields, BENEFICIARY)?,
            };
            let result = answer.result(frame.now).map_err(|misfit| misfit.to_string())?;
            Decision::AnswerClaim { result }
        }
        Act::Issue => return Err(frame.t("failure.not_understood").to_owned()),
    })
}

fn payment(frame: &Frame, guarantee: &Guarantee, fields: &Fields) -> Result<Payment, String> {
    let holder = fields.given("holder");
    Ok(Payment {
        payer: Account {
            holder: holder.unwrap_or_else(|| guarantee.application.applicant.name.clone()),
            number: needed(frame, fields, "account", "proposals.account")?,
            bank: fields.given("bank"),
        },
        basic_account: one_of(
            frame,
            fields,
            "basic_account",
            "proposals.basic_account",
            BasicAccount::ALL,
            BasicAccount::name,
        )?,
        method: one_of(frame, fields, "method", "proposals.method", PaymentMethod::ALL, PaymentMethod::name)?,
        paid_at: moment(frame, fields)?,
        amount: money(frame, fields, "amount", "proposals.amount")?,
        voucher: None,
    })
}

/// Papers stay as they are: a form of words has none.
fn dossier(guarantee: &Guarantee, fields: &Fields) -> Dossier {
    Dossier {
        contact: Contact { name: fields.given("contact"), phone: fields.given("phone") },
        email: fields.given("email"),
        address: fields.given("address"),
        legal_representative: Contact {
            name: fields.given("legal_name"),
            phone: fields.given("legal_phone"),
        },
        legal_representative_id: fields.given("legal_id"),
        ..guarantee.dossier.clone().unwrap_or_default()
    }
}

fn side(frame: &Frame, fields: &Fields, names: [&'static str; 6]) -> Result<ClaimSide, String> {
    let [code, contact, phone, holder, account, bank] = names;
    Ok(ClaimSide {
        code: needed(frame, fields, code, "proposals.code")?,
        contact: Contact { name: fields.given(contact), phone: fields.given(phone) },
        account: Account {
            holder: needed(frame, fields, holder, "proposals.account_holder")?,
            number: needed(frame, fields, account, "proposals.account")?,
            bank: fields.given(bank),
        },
    })
}

fn wrong(frame: &Frame, label: &'static str) -> String {
    frame.say("proposals.field_wrong", &[("field", frame.t(label))])
}

fn needed(frame: &Frame, fields: &Fields, name: &str, label: &'static str) -> Result<String, String> {
    let text = fields.given(name).filter(|text| !text.contains(char::is_control));
    text.ok_or_else(|| wrong(frame, label))
}

/// In yuan, with separators of thousands or without.
fn money(frame: &Frame, fields: &Fields, name: &str, label: &'static str) -> Result<Option<Fen>, String> {
    let Some(text) = fields.given(name) else { return Ok(None) };
    text.replace(',', "").parse().map(Some).map_err(|_| wrong(frame, label))
}

fn moment(frame: &Frame, fields: &Fields) -> Result<Option<Timestamp>, String> {
    fields.moment("paid_at").ok_or_else(|| wrong(frame, "proposals.paid_at"))
}

fn one_of<T: Copy, const N: usize>(
    frame: &Frame,
    fields: &Fields,
    name: &str,
    label: &'static str,
    all: [T; N],
    named: fn(T) -> &'static str,
) -> Result<T, String> {
    let text = fields.text(name);
    all.into_iter().find(|it| named(*it) == text).ok_or_else(|| wrong(frame, label))
}
