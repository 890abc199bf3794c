//! Sound pushes that do not fit what is stored: every command of every platform against guarantees that are past it or
//! not there yet, under numbers that do not belong together, and under keys of business that was done already.

use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::dialect::action::Action;
use baohan_gateway::dialect::meaning::Meaning;
use baohan_gateway::dialect::table::Interface;
use baohan_gateway::domain::Stage;
use baohan_gateway::sandbox::neimenggu::Invalidation;

use crate::house::{House, on_both_databases};
use crate::operator::PAID;
use crate::spoken::{About, Speaker};

/// Code, outcome and words of a refusal.
type Told = (&'static str, &'static str, &'static str);

const CONFLICT: Told = ("103", "conflict", "同一业务已收到过不同内容的请求，本次内容未受理");
const UNKNOWN_NUMBER: Told = ("203", "refused", "保函编号未找到对应的保函");
const OTHER_NUMBER: Told = ("203", "refused", "保函编号与该申请的保函编号不一致");

/// How far an application has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Now {
    Applied,
    Waived,
    Issued,
    Surrendered,
    Cancelled,
}

impl Now {
    fn stage(self) -> Stage {
        match self {
            Self::Applied => Stage::Applied,
            Self::Waived => Stage::Waived,
            Self::Issued => Stage::Issued,
            Self::Surrendered => Stage::Surrendered,
            Self::Cancelled => Stage::Cancelled,
        }
    }
}

/// What a platform is told that asks for this now; `None` where it may.
fn told(does: Action, now: Now, interface: &Interface) -> Option<Told> {
    use {Action as A, Now as N};
    let refused = |words| Some(("103", "refused", words));
    let numbered = interface.field(Meaning::GuaranteeNumber).is_some();
    let by_number = numbered && interface.field(Meaning::ApplicationNumber).is_none();
    match (does, now) {
        (A::Apply, _) | (A::RequestSurrender, N::Surrendered) => Some(CONFLICT),
        (A::Restore, N::Cancelled) => Some(CONFLICT),
        (_, N::Applied | N::Waived) if by_number => Some(UNKNOWN_NUMBER),
        (A::LetterInfo | A::FetchLetter, N::Applied | N::Waived) => refused("保函文件尚未生成，请稍后再查询"),
        (A::LetterInfo, _) => refused("投标人资料尚未齐备：缺少联系人姓名"),
        (A::Waive, N::Applied | N::Waived) => None,
        (A::RequestSurrender, N::Waived) if !numbered => refused("该保函已放弃，不能退保"),
        (
            A::Restore | A::RequestInvoice | A::RequestSurrender | A::Cancel | A::Claim,
            N::Applied | N::Waived,
        ) => refused("保函尚未出具"),
        (A::Restore, N::Issued) => refused("key 不能还原该保函的密文，密文保持不变"),
        (A::Restore, N::Surrendered) => refused("该保函已退保，不能还原"),
        (A::RequestInvoice, N::Issued | N::Surrendered) => refused("保函尚未还原，不能开具发票"),
        (A::RequestSurrender, N::Cancelled) => refused("该保函已注销，不能退保"),
        (A::Cancel, N::Issued) if !by_number => refused("尚未开标，不能注销保函，开标前请申请退保"),
        (A::Cancel, N::Surrendered) => refused("该保函已退保，不能注销"),
        // The others say nothing beside the numbers, so that it is the same push again.
        (A::Cancel, N::Cancelled) => interface.field(Meaning::EffectiveAt).map(|_| CONFLICT),
        (A::Claim, N::Surrendered) => refused("该保函已退保，不能索赔"),
        (A::Claim, N::Cancelled) => refused("该保函已注销，不能索赔"),
        (A::Waive, N::Issued) => {
            // The order is cancelled or kept by a notice; everything else is answered at once.
            if interface.does == A::Withdraw {
                None
            } else {
                refused("保函已出具，不能放弃申请，可在开标前申请退保")
            }
        }
        (A::Waive, N::Surrendered) => refused("该申请已退保，不能放弃"),
        (A::Waive, N::Cancelled) => refused("该申请已注销，不能放弃"),
        _ => None,
    }
}

/// What an interface can be used for, and the field's value that says so.
fn uses(interface: &Interface) -> Vec<(Action, Vec<(Meaning, &str)>)> {
    if interface.does != Action::Withdraw {
        return vec![(interface.does, Vec::new())];
    }
    let words = &interface.field(Meaning::WithdrawalKind).unwrap().values;
    vec![
        (Action::RequestSurrender, vec![(Meaning::WithdrawalKind, words["surrender"].as_str())]),
        (Action::Waive, vec![(Meaning::WithdrawalKind, words["order"].as_str())]),
    ]
}

/// Applies, and brings the application as far as it is to come.
async fn brought(house: &House<Actor>, now: Now) -> About {
    let (applyno, answer) = match &house.sandbox {
        Actor::Tender(it) => it.apply_generated().await.unwrap(),
        Actor::Procurement(it) => it.apply_generated().await.unwrap(),
    };
    assert!(answer.is_accepted(), "{answer}");
    if now == Now::Waived {
        let answer = match &house.sandbox {
            Actor::Tender(it) => it.waive(&applyno).await.unwrap().is_accepted(),
            Actor::Procurement(it) => it.cancel_order(&applyno).await.unwrap().is_accepted(),
        };
        assert!(answer);
    }
    house.at_rest().await;
    if matches!(now, Now::Issued | Now::Surrendered | Now::Cancelled) {
        house.decided(&applyno, &["approve"]).await;
        house.decided(&applyno, PAID).await;
        house.at_rest().await;
    }
    match (&house.sandbox, now) {
        (Actor::Tender(it), Now::Surrendered) => assert!(it.surrender(&applyno).await.unwrap().is_accepted()),
        (Actor::Tender(it), Now::Cancelled) => {
            assert!(it.restore(&applyno).await.unwrap().is_accepted());
            house.at_rest().await;
            assert!(it.cancel(&applyno).await.unwrap().is_accepted());
        }
        (Actor::Procurement(it), Now::Surrendered) => {
            assert!(it.surrender(&applyno).await.unwrap().is_accepted());
        }
        (Actor::Procurement(it), Now::Cancelled) => {
            assert!(it.invalidate(&applyno, Invalidation::Fulfilled).await.unwrap().is_accepted());
        }
        _ => {}
    }
    house.at_rest().await;
    let stored = house.stored(&applyno).await.unwrap();
    assert_eq!(stored.stage, now.stage(), "{} {now:?}", house.role.id());
    let guarantee = stored.number().map_or_else(|| "BH-NOBODY-1".to_owned(), ToString::to_string);
    About { application: applyno, guarantee }
}

/// Sends a sound push that is to be refused, and sees that nothing but a record came of it.
async fn refuse(
    speaker: &Speaker<'_>,
    house: &House<Actor>,
    interface: &Interface,
    (about, changes): (&About, &[(Meaning, &str)]),
    (code, outcome, words): Told,
) {
    let name = format!("{} {} {changes:?} {about:?}", house.role.id(), interface.name);
    let before = house.ledger().state();
    let platform = house.role.id();
    let counter = format!(
        r#"gw_inbound_requests_total{{platform="{platform}",interface="{}",outcome="{outcome}"}}"#,
        interface.name
    );
    let counted = house.counted(&counter);
    let reply = house.post(interface.path(), speaker.push(interface, about, changes)).await;
    house.assert_failed(&name, &reply, speaker.code(code), outcome, words).await;
    assert_eq!(house.counted(&counter), counted + 1, "{name}");
    assert_eq!(house.ledger().state(), before, "{name}");
}

async fn every_command_in_every_state(role: Role, database: crate::ground::Database) {
    let manual = format!("[platforms.{}.underwriting]\nmode = \"manual\"\n", role.id());
    let house = House::with(role, database, &manual).await;
    let speaker = Speaker::of(&house);
    let has = |wanted| speaker.interfaces().flat_map(uses).any(|(does, _)| does == wanted);
    let mut states = vec![Now::Applied, Now::Issued, Now::Surrendered];
    states.extend(has(Action::Waive).then_some(Now::Waived));
    states.extend(has(Action::Cancel).then_some(Now::Cancelled));
    let mut brought_here = Vec::new();
    for now in states {
        brought_here.push((now, brought(&house, now).await));
    }
    let mut refused = 0;
    for (now, about) in &brought_here {
        for interface in speaker.interfaces() {
            for (does, changes) in uses(interface) {
                let Some(told) = told(does, *now, interface) else { continue };
                refuse(&speaker, &house, interface, (about, &changes), told).await;
                refused += 1;
            }
        }
    }
    assert!(refused > 10, "{refused}");
    numbers_that_do_not_belong_together(&house, &speaker, &brought_here).await;
}

async fn numbers_that_do_not_belong_together(
    house: &House<Actor>,
    speaker: &Speaker<'_>,
    brought: &[(Now, About)],
) {
    let [issued, other] = [Now::Issued, Now::Surrendered]
        .map(|wanted| brought.iter().find(|(now, _)| *now == wanted).unwrap().1.clone());
    let nowhere = "BH-NOBODY-2".to_owned();
    let mixed = [
        About { guarantee: other.guarantee.clone(), ..issued.clone() },
        About { guarantee: nowhere, ..issued },
    ];
    for interface in speaker.interfaces() {
        let both = [Meaning::ApplicationNumber, Meaning::GuaranteeNumber];
        if both.into_iter().all(|meaning| interface.field(meaning).is_some()) {
            for about in &mixed {
                refuse(speaker, house, interface, (about, &[]), OTHER_NUMBER).await;
            }
        }
    }
}

on_both_databases! {
    async fn hainan_is_told_what_is_not_possible_as_things_stand(database: Database) {
        every_command_in_every_state(Role::Hainan, database).await;
    }

    async fn jilin_is_told_what_is_not_possible_as_things_stand(database: Database) {
        every_command_in_every_state(Role::Jilin, database).await;
    }

    async fn ggzy_is_told_what_is_not_possible_as_things_stand(database: Database) {
        every_command_in_every_state(Role::Ggzy, database).await;
    }

    async fn zhangzhou_is_told_what_is_not_possible_as_things_stand(database: Database) {
        every_command_in_every_state(Role::Zhangzhou, database).await;
    }

    async fn inner_mongolia_is_told_what_is_not_possible_as_things_stand(database: Database) {
        every_command_in_every_state(Role::Neimenggu, database).await;
    }
}
