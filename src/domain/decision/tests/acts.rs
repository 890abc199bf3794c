//! What the institution may do, and what is awaited, over every guarantee that can come about.

use std::collections::BTreeSet;

use super::table::every_guarantee;
use super::*;
use crate::domain::awaited::Awaited;

/// The act that a command of the institution is; `None` for what others do.
fn act(command: &Command) -> Option<Act> {
    Some(match command {
        Command::Approve { .. } => Act::Approve,
        Command::Decline { .. } => Act::Decline,
        Command::RecordPremium { .. } => Act::RecordPremium,
        Command::AbandonIssue { .. } => Act::AbandonIssue,
        Command::RecordDossier { .. } => Act::RecordDossier,
        Command::AskWaiver => Act::Waive,
        Command::GrantSurrender => Act::GrantSurrender,
        Command::RefuseSurrender { .. } => Act::RefuseSurrender,
        Command::Surrender { .. } => Act::Surrender,
        Command::GrantCancellation => Act::GrantCancellation,
        Command::RefuseCancellation { .. } => Act::RefuseCancellation,
        Command::IssueInvoice { .. } => Act::IssueInvoice,
        Command::RefuseInvoice { .. } => Act::RefuseInvoice,
        Command::AnswerClaim { .. } => Act::AnswerClaim,
        _ => return None,
    })
}

#[test]
fn an_act_is_legal_where_and_only_where_its_command_is_carried_out() {
    let mut seen = BTreeSet::new();
    for guarantee in every_guarantee() {
        let mut possible: BTreeSet<Act> = every_command(&guarantee, "1")
            .into_iter()
            .filter(|command| decide(Some(guarantee.clone()), newcomer(), command.clone(), now()).is_ok())
            .filter_map(|command| act(&command))
            .collect();
        if possible.contains(&Act::Approve) || possible.contains(&Act::RecordPremium) {
            possible.insert(Act::Issue);
        }
        let legal = legal_acts(&guarantee, now());
        assert!(legal.is_sorted(), "{legal:?}");
        assert_eq!(legal.iter().copied().collect::<BTreeSet<_>>(), possible, "{guarantee:?}");
        seen.extend(legal);
    }
    assert_eq!(seen.len(), Act::ALL.len(), "{seen:?}");
}

#[test]
fn what_the_institution_owes_an_answer_can_be_answered() {
    let mut seen = BTreeSet::new();
    for guarantee in every_guarantee() {
        let legal = legal_acts(&guarantee, now());
        for awaited in guarantee.awaits() {
            let answer = match awaited {
                Awaited::Underwriting => Act::Decline,
                Awaited::Premium => Act::RecordPremium,
                Awaited::Surrender => Act::RefuseSurrender,
                Awaited::Cancellation => Act::RefuseCancellation,
                Awaited::Invoice => Act::IssueInvoice,
                Awaited::Claim => Act::AnswerClaim,
                Awaited::Waiver => {
                    assert!(!legal.contains(&Act::Waive), "it is the platform's turn: {guarantee:?}");
                    seen.insert(awaited);
                    continue;
                }
            };
            assert!(legal.contains(&answer), "{awaited:?} of {guarantee:?}");
            seen.insert(awaited);
        }
        let waits = |act, awaited| assert!(!legal.contains(&act) || guarantee.awaits().contains(&awaited));
        waits(Act::Approve, Awaited::Underwriting);
        waits(Act::RecordPremium, Awaited::Premium);
        waits(Act::GrantSurrender, Awaited::Surrender);
        waits(Act::GrantCancellation, Awaited::Cancellation);
        waits(Act::IssueInvoice, Awaited::Invoice);
        waits(Act::AnswerClaim, Awaited::Claim);
    }
    assert_eq!(seen.len(), Awaited::ALL.len(), "{seen:?}");
}

#[test]
fn acts_and_what_is_awaited_have_names_of_their_own() {
    let kebab = |name: String| {
        let letter = |letter: char| match letter.is_uppercase() {
            true => format!("-{}", letter.to_ascii_lowercase()),
            false => letter.to_string(),
        };
        name.chars().map(letter).collect::<String>().trim_start_matches('-').to_owned()
    };
    assert!(Act::ALL.iter().all(|act| act.name() == kebab(format!("{act:?}"))));
    assert!(Awaited::ALL.iter().all(|awaited| awaited.name() == kebab(format!("{awaited:?}"))));
}

#[test]
fn an_applied_guarantee_can_be_decided_and_an_issued_one_surrendered() {
    let legal = |history: Vec<Command>| legal_acts(&after(history).guarantee, now());
    let applied = [Act::Approve, Act::Decline, Act::Issue, Act::RecordDossier, Act::Waive];
    assert_eq!(legal(vec![apply()]), applied);
    assert_eq!(legal(issued()), [Act::RecordDossier, Act::Surrender]);
    assert_eq!(legal(with(restored(), [claim("1")])), [Act::RecordDossier, Act::AnswerClaim]);
}
