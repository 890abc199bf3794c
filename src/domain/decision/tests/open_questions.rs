//! Which questions wait for an answer, and what a guarantee waits for.

use super::*;
use crate::domain::awaited::Awaited;

fn open(history: Vec<Command>) -> Vec<Question> {
    let known = after(history).guarantee;
    Question::ALL.into_iter().filter(|question| question.is_open(&known)).collect()
}

fn awaited(history: Vec<Command>) -> Vec<Awaited> {
    after(history).guarantee.awaits()
}

#[test]
fn a_question_is_open_until_it_is_answered() {
    assert_eq!(open(vec![apply()]), [Question::Underwriting]);
    assert_eq!(open(vec![apply(), approve()]), []);
    let refuse_surrender = || Command::RefuseSurrender { reason: "已开标".into() };
    assert_eq!(open(with(issued(), [surrender()])), [Question::Surrender]);
    assert_eq!(open(with(issued(), [surrender(), refuse_surrender()])), []);
    assert_eq!(open(with(restored(), [invoice()])), [Question::Invoice]);
    assert_eq!(open(with(restored(), [invoice(), invoice_given()])), []);
    assert_eq!(open(with(issued(), [claim("1")])), [Question::Claim]);
    // What is to be cancelled is not underwritten meanwhile, and goes on if it is kept.
    assert_eq!(open(vec![apply(), cancel_order()]), [Question::Cancellation]);
    assert_eq!(open(vec![apply(), cancel_order(), refuse_cancellation()]), [Question::Underwriting]);
}

#[test]
fn a_claim_that_is_being_handled_is_awaited_without_being_asked_about_anew() {
    let handled = || with(restored(), [claim("1"), claim_answer(ClaimStatus::InHandling, None)]);
    assert_eq!(open(handled()), []);
    assert_eq!(awaited(handled()), [Awaited::Claim]);
    assert_eq!(open(with(handled(), [invoice()])), [Question::Invoice]);
    assert_eq!(awaited(with(handled(), [claim_answer(ClaimStatus::Paid, None)])), []);
}

#[test]
fn whoever_gives_an_application_up_holds_up_everything_else() {
    assert_eq!(awaited(vec![apply(), approve()]), [Awaited::Premium]);
    assert_eq!(awaited(vec![apply(), approve(), Command::AskWaiver]), [Awaited::Waiver]);
    assert_eq!(awaited(vec![apply(), Command::AskWaiver]), [Awaited::Waiver]);
    assert_eq!(awaited(vec![apply(), approve(), cancel_order()]), [Awaited::Cancellation]);
    assert_eq!(awaited(issued()), []);
}
