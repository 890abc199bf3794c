//! The platforms' side of a run: who applies, what becomes of it there, and which pushes follow.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rand::RngExt as _;

use super::agenda::{DAY, HOUR, MILLISECOND, MINUTE, Micros, SECOND};
use super::cast::Role;
use super::weather::Fault;
use super::world::{Happening, World, instant};
use crate::crypto::{sm3, sm4};
use crate::dialect::action::Action;
use crate::dialect::{Opened, Request, SectionKey, Subject};
use crate::domain::application::Application;
use crate::domain::claim::{ClaimRequest, ClaimSubject};
use crate::domain::guarantee::Cancellation;
use crate::domain::identity::{ApplicationNumber, GuaranteeNumber};
use crate::domain::invoice::{InvoiceKind, InvoiceRequest};
use crate::domain::money::Fen;
use crate::domain::particulars::Particulars;
use crate::domain::party::{Contact, Party};
use crate::domain::section::{Ciphertext, SealedSection};

/// How long a platform waits for an answer before it says the same again.
const PATIENCE: [Micros; 4] = [10 * SECOND, MINUTE, 10 * MINUTE, HOUR];

/// How often a platform comes back with what was refused.
const INSISTENCE: u32 = 40;

/// Longer than the longest validity that the rules give.
const LONGEST_LIFE: Micros = 63 * DAY;

/// One application, as its platform knows it.
pub(super) struct Case {
    pub role: usize,
    pub application: Application,
    key: [u8; 16],
    /// From when the platform was told it.
    pub guarantee: Option<GuaranteeNumber>,
    /// Whether the platform lets the application go where it is asked.
    pub lets_go: bool,
    opening_at: Micros,
}

/// Something that a platform or an applicant has in mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Plot {
    Apply,
    /// The same application with another amount.
    ApplyOtherwise,
    Open,
    OpenWithAnotherKey,
    Waive,
    CancelOrder,
    Surrender,
    Cancel,
    Claim,
    Invoice,
}

/// A push, which may be sent many times.
pub(super) struct Push {
    pub case: usize,
    pub does: Action,
    pub opened: Opened,
    /// Grows with each sending; a plan to send it again holds only if it has not grown since.
    times: u32,
    refused: u32,
    /// The success that the platform was told.
    pub told: Option<Arc<[u8]>>,
    /// Whether it brings the key of its own case.
    pub is_right_key: bool,
}

impl World<'_> {
    /// Who is going to apply, and what else they have in mind.
    pub fn invite(&mut self) {
        let count = if self.rng.random_bool(0.1) { 24 } else { self.rng.random_range(1..=6) };
        let horizons = [20 * MINUTE, 3 * HOUR, DAY, 3 * DAY];
        let openings: Vec<Micros> = (0..2)
            .map(|_| horizons.get(self.rng.random_range(0..horizons.len())).copied().unwrap_or(DAY))
            .collect();
        for nth in 0..count {
            let which = self.rng.random_range(0..self.platforms.len());
            let Some((role, _)) = self.platforms.get(which).copied() else { continue };
            let opening_at = openings.get(nth % openings.len()).copied().unwrap_or(DAY);
            let applied_at = self.some_time(0, opening_at / 2);
            let mut key = [0; 16];
            self.rng.fill(&mut key);
            let Some(application) = self.role(role).and_then(|it| application(it, nth, &key)) else {
                continue;
            };
            let lets_go = self.rng.random_bool(0.5);
            let case = self.cases.len();
            self.cases.push(Case { role, application, key, guarantee: None, lets_go, opening_at });
            self.end = self.end.max(applied_at.saturating_add(LONGEST_LIFE));
            self.intend(case, applied_at);
        }
        self.end = self.end.max(self.weather.until.saturating_add(8 * DAY));
    }

    fn intend(&mut self, case: usize, applied_at: Micros) {
        let Some((role, opening)) = self.cases.get(case).map(|case| (case.role, case.opening_at)) else {
            return;
        };
        let Some(role) = self.role(role) else { return };
        let can = |does: Action| role.pushes.contains(&does);
        let mut plots = vec![(applied_at, Plot::Apply)];
        let mut perhaps = |can: bool, percent: u32, from: Micros, to: Micros, plot: Plot| {
            if can && self.rng.random_range(0..100) < percent {
                plots.push((self.rng.random_range(from..=to), plot));
            }
        };
        perhaps(true, 8, applied_at, applied_at + HOUR, Plot::ApplyOtherwise);
        perhaps(can(Action::Restore), 95, opening, opening + MINUTE, Plot::Open);
        perhaps(can(Action::Restore), 12, opening, opening + MINUTE, Plot::OpenWithAnotherKey);
        perhaps(can(Action::Waive), 6, applied_at, applied_at + 2 * HOUR, Plot::Waive);
        perhaps(can(Action::Withdraw), 12, applied_at, applied_at + HOUR, Plot::CancelOrder);
        let surrenders = can(Action::RequestSurrender) || can(Action::Withdraw);
        perhaps(surrenders, 12, applied_at, opening + DAY, Plot::Surrender);
        perhaps(can(Action::Claim), 12, opening, opening + 10 * MINUTE, Plot::Claim);
        perhaps(can(Action::Claim), 8, opening, opening + 10 * DAY, Plot::Claim);
        perhaps(can(Action::RequestInvoice), 15, opening, opening + 10 * DAY, Plot::Invoice);
        perhaps(can(Action::Cancel), 8, opening, opening + HOUR, Plot::Cancel);
        perhaps(can(Action::Cancel), 8, opening, opening + 10 * DAY, Plot::Cancel);
        for (at, plot) in plots {
            self.agenda.plan(at, Happening::Plot { case, plot });
        }
    }

    pub fn plot(&mut self, index: usize, plot: Plot) {
        let Some(case) = self.cases.get(index) else { return };
        let Some(role) = self.role(case.role) else { return };
        let Some((does, request)) = said(role, case, plot, self.now) else {
            // The platform does not know the guarantee yet.
            if self.now < case.opening_at.saturating_add(20 * DAY) {
                let later = self.now.saturating_add(10 * MINUTE);
                self.agenda.plan(later, Happening::Plot { case: index, plot });
            }
            return;
        };
        let Some(interface) = role.interface(does).map(str::to_owned) else { return };
        let application = case.application.number.clone();
        let name = if plot == Plot::Surrender { "surrender/" } else { "" };
        let opened = Opened {
            interface,
            business_key: format!("{name}{application}"),
            subject: Subject { application: Some(application), guarantee: case.guarantee.clone() },
            request,
            content: sm3::digest(format!("{index}/{plot:?}").as_bytes()),
            tolerances: Vec::new(),
            sent_at: instant(self.now),
            authentic: true,
            signature: None,
        };
        let is_right_key = plot == Plot::Open;
        let push = Push { case: index, does, opened, times: 0, refused: 0, told: None, is_right_key };
        let number = self.pushes.len();
        self.trace.add(self.now, || format!("push {number}: {plot:?} of case {index}"));
        self.pushes.push(push);
        self.send_push(number, 0);
    }

    /// Sends a push, and plans to do so again for as long as there is no answer.
    pub fn send_push(&mut self, number: usize, times: u32) {
        let Some(push) = self.pushes.get_mut(number).filter(|push| push.times == times) else { return };
        push.times = push.times.saturating_add(1);
        let times = push.times;
        let patience = usize::try_from(times).ok().and_then(|times| PATIENCE.get(times));
        let patience = patience.copied().unwrap_or(HOUR);
        self.agenda.plan(self.now.saturating_add(patience), Happening::Send { push: number, times });
        self.carry_push(number);
        if self.trouble(Fault::PushDoubled) {
            self.carry_push(number);
        }
    }

    fn carry_push(&mut self, push: usize) {
        let replica = self.rng.random_range(0..self.replicas.len());
        let delay = self.some_time(MILLISECOND, SECOND);
        let Some(life) = self.replicas.get(replica).filter(|it| it.up).map(|it| it.life) else { return };
        if !self.trouble(Fault::PushLost) {
            self.agenda.plan(self.now.saturating_add(delay), Happening::Arrive { push, replica, life });
        }
    }

    /// The platform has its answer: a success, with its bytes, or a failure.
    pub fn push_answered(&mut self, number: usize, answer: Option<Arc<[u8]>>) {
        if answer.is_some() {
            self.promise(number);
        }
        let (again, pause) = (self.rng.random_bool(0.08), self.some_time(SECOND, 2 * DAY));
        let Some(push) = self.pushes.get_mut(number) else { return };
        match answer {
            Some(answer) => {
                let asked_anew = push.does != Action::Restore && push.does != Action::Apply;
                if push.told.as_ref().is_some_and(|told| *told != answer) && !asked_anew {
                    self.oracle
                        .broken("G2", || format!("push {number} was answered with other bytes than before"));
                }
                push.told = Some(answer);
                push.times = push.times.saturating_add(1);
                if again {
                    let times = push.times;
                    let later = self.now.saturating_add(pause);
                    self.agenda.plan(later, Happening::Send { push: number, times });
                }
            }
            None => {
                push.refused = push.refused.saturating_add(1);
                if push.refused > INSISTENCE || !push.is_right_key && push.refused > 3 {
                    push.times = push.times.saturating_add(1);
                }
            }
        }
    }

    pub fn case_of(&self, application: &ApplicationNumber) -> Option<usize> {
        self.cases.iter().position(|case| case.application.number == *application)
    }
}

impl Case {
    /// What the key of the opening is, as the store keeps it.
    pub fn key_bytes(&self) -> &[u8] {
        &self.key
    }
}

/// An application whose section is encrypted where the platform encrypts it.
fn application(role: &Role, nth: usize, key: &[u8; 16]) -> Option<Application> {
    let sealed = role.profile.sealed_fields();
    let key = match role.is_secret() {
        true => sm4::Key::from_bytes(*key),
        // The key that the settings agree on.
        false => sm4::Key::from_bytes([0x5a; 16]),
    };
    let field = |encrypted: bool, text: &str| -> Option<Ciphertext> {
        if !encrypted {
            return Some(Ciphertext::new(text));
        }
        let bytes = sm4::encrypt(&key, sm4::Mode::Ecb, sm4::Padding::Pkcs7, text.as_bytes()).ok()?;
        Some(Ciphertext::new(BASE64_STANDARD.encode(bytes)))
    };
    Some(Application {
        number: ApplicationNumber::new(format!("{}-A{nth:03}", role.profile.id())),
        platform_code: None,
        applicant: Party {
            name: "示例建设有限公司".to_owned(), code: "91460000MA5T000001".to_owned()
        },
        contact: Contact::default(),
        amount: Fen::new(80_000_000).ok()?,
        section: SealedSection {
            number: field(sealed.number, &format!("SECTION-{nth:03}-OF-THE-TENDER"))?,
            name: field(sealed.name, "示例工程施工一标段")?,
            beneficiary: field(sealed.beneficiary, "示例建设投资有限公司")?,
            beneficiary_code: None,
        },
        particulars: Particulars::default(),
        secrecy: role.profile.secrecy(),
    })
}

/// What a plot comes to; None where the platform has to wait for the guarantee's number.
fn said(role: &Role, case: &Case, plot: Plot, now: Micros) -> Option<(Action, Request)> {
    let number = || case.guarantee.clone();
    let restore = |key: [u8; 16]| {
        let key = SectionKey::new(sm4::Key::from_bytes(key), None);
        Some((Action::Restore, Request::Restore { guarantee: number()?, opened_at: instant(now), key }))
    };
    let has = |does: Action| role.pushes.contains(&does);
    match plot {
        Plot::Apply => Some((Action::Apply, Request::Apply(case.application.clone()))),
        Plot::ApplyOtherwise => {
            let amount = Fen::new(70_000_000).ok()?;
            Some((Action::Apply, Request::Apply(Application { amount, ..case.application.clone() })))
        }
        Plot::Open => restore(case.key),
        Plot::OpenWithAnotherKey => restore([7; 16]),
        Plot::Waive => Some((Action::Waive, Request::Waive)),
        Plot::CancelOrder => Some((Action::Withdraw, Request::CancelOrder { reason: "项目延期".to_owned() })),
        Plot::Surrender => {
            let does =
                if has(Action::RequestSurrender) { Action::RequestSurrender } else { Action::Withdraw };
            let reason = "项目延期".to_owned();
            Some((does, Request::RequestSurrender { guarantee: Some(number()?), reason }))
        }
        Plot::Cancel => {
            let cancellation = Cancellation::default();
            Some((Action::Cancel, Request::Cancel { guarantee: number()?, cancellation }))
        }
        Plot::Claim => Some((Action::Claim, Request::Claim { guarantee: number()?, request: claim()? })),
        Plot::Invoice => {
            let request = invoice(&case.application)?;
            Some((Action::RequestInvoice, Request::RequestInvoice { guarantee: number()?, request }))
        }
    }
}

fn claim() -> Option<ClaimRequest> {
    Some(ClaimRequest {
        amount: Some(Fen::new(10_000_000).ok()?),
        payee_account: Some("6222".to_owned()),
        payee_bank: None,
        claimant: Contact::default(),
        claimant_id: None,
        reason: Some("撤销投标".to_owned()),
        about: ClaimSubject::default(),
        evidence: Vec::new(),
    })
}

fn invoice(application: &Application) -> Option<InvoiceRequest> {
    Some(InvoiceRequest {
        kind: InvoiceKind::Ordinary,
        buyer: application.applicant.clone(),
        amount: Fen::new(320_000).ok()?,
        address: None,
        phone: None,
        bank: None,
        account: None,
        email: None,
        mobile: None,
        recipient: None,
        recipient_address: None,
    })
}
