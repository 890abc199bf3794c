//! Claims: whose, how much, how often, until when.

use super::*;
use crate::domain::particulars::{Particular, Particulars};

#[test]
fn claims_need_an_issued_guarantee_and_stay_within_it() {
    assert_eq!(refused(vec![apply(), approve()], claim("1")), Refusal::NotIssued);
    assert!(matches!(refused(issued(), claim("800000.01")), Refusal::ClaimExceedsGuarantee { .. }));
    assert_eq!(refused(with(issued(), [claim("800000")]), claim("1")), Refusal::ClaimPending);
}

#[test]
fn a_rejected_claim_needs_a_remark_and_lets_another_follow() {
    let claimed = with(issued(), [claim("1")]);
    assert_eq!(
        refused(claimed.clone(), claim_answer(ClaimStatus::Rejected, None)),
        Refusal::ClaimRemarkMissing
    );
    let rejected = with(claimed, [claim_answer(ClaimStatus::Rejected, Some("不属于保证范围"))]);
    assert_eq!(after(with(rejected, [claim("2")])).events.len(), 1);
}

#[test]
fn all_claims_together_stay_within_the_guarantee() {
    let paid = |amount| claim_answer_over(amount, ClaimStatus::Paid, None);
    let half = with(issued(), [claim("400000"), paid("400000")]);
    assert!(matches!(refused(half.clone(), claim("400000.01")), Refusal::ClaimExceedsGuarantee { .. }));
    let claimed_again = with(half, [claim("400000")]);
    assert!(matches!(
        refused(claimed_again.clone(), paid("400000.01")),
        Refusal::ClaimExceedsGuarantee { .. }
    ));
    let used_up = with(claimed_again, [paid("400000")]);
    assert!(matches!(refused(used_up, claim("0.01")), Refusal::ClaimExceedsGuarantee { .. }));
}

#[test]
fn a_paid_claim_that_comes_again_is_no_other_claim() {
    let settled = |status| after(with(issued(), [claim("1"), claim_answer(status, Some("理由"))])).guarantee;
    let paid = settled(ClaimStatus::Paid);
    assert!(!paid.may_ask_again(&claim("1"), Content::Same));
    assert!(paid.may_ask_again(&claim("2"), Content::Other));
    assert!(settled(ClaimStatus::Rejected).may_ask_again(&claim("1"), Content::Same));
    assert!(!settled(ClaimStatus::ToBePaid).may_ask_again(&claim("2"), Content::Other));
}

/// A claim that repeats whom and what it is about.
fn claim_about(applicant_code: Option<&str>, project_number: Option<&str>) -> Command {
    let Command::Claim { guarantee, request } = claim("1") else { panic!() };
    let about = ClaimSubject {
        applicant_code: applicant_code.map(str::to_owned),
        project_number: project_number.map(str::to_owned),
    };
    Command::Claim { guarantee, request: ClaimRequest { about, ..request } }
}

#[test]
fn a_claim_about_another_applicant_or_project_is_refused() {
    let particulars: Particulars =
        [(Particular::ProjectNumber, "NM-2026-001".to_owned())].into_iter().collect();
    let application =
        Application { particulars, secrecy: Secrecy::None, ..Application::for_testing("800000") };
    let code = application.applicant.code.clone();
    let apply = Command::Apply { application, replace: Replacement::Refused };
    let mut issued = issued_in_the_clear();
    issued[0] = apply;
    assert_eq!(refused(issued.clone(), claim_about(Some("91OTHER"), None)), Refusal::ApplicantMismatch);
    let elsewhere = claim_about(Some(&code), Some("NM-2026-002"));
    assert_eq!(refused(issued.clone(), elsewhere), Refusal::ProjectMismatch);
    let right = claim_about(Some(&code), Some("NM-2026-001"));
    assert!(after(with(issued, [right])).guarantee.claim.is_some());
    // Where the application told no project, there is nothing to compare with.
    assert!(
        after(with(issued_in_the_clear(), [claim_about(None, Some("NM-2026-002"))]))
            .guarantee
            .claim
            .is_some()
    );
}

#[test]
fn a_claim_is_told_of_at_each_step_until_it_is_paid() {
    let mut history = with(restored(), [claim("500000")]);
    let steps = [ClaimStatus::InHandling, ClaimStatus::ToBePaid, ClaimStatus::Paid];
    for status in steps {
        history.push(claim_answer_over("500000", status, None));
        let notices = told(history.clone());
        assert!(
            matches!(&notices[..], [Notice::ClaimResult { result, .. }] if result.status == status),
            "{notices:?}"
        );
        let paid = after(history.clone()).guarantee.paid_on_claims;
        let expected = if status == ClaimStatus::Paid { "500000" } else { "0" };
        assert_eq!(paid, expected.parse().unwrap(), "only what was paid counts");
    }
    assert_eq!(refused(history, claim_answer(ClaimStatus::Paid, None)), Refusal::NoClaim, "paid only once");
}

#[test]
fn a_claim_comes_on_the_last_day_at_the_latest_whether_or_not_the_guarantee_is_marked_as_expired() {
    let known = after(restored()).guarantee;
    let claimed_at = |at: &str| decide(Some(known.clone()), newcomer(), claim("1"), at.parse().unwrap());
    assert!(claimed_at("2024-12-01T15:59:59.999Z").is_ok());
    let too_late = Err(Refusal::NotClaimable(Stage::Expired));
    assert_eq!(claimed_at("2024-12-01T16:00:00Z"), too_late);
    let expired = decide(Some(known), newcomer(), Command::Expire, after_the_last_day()).unwrap().guarantee;
    assert_eq!(decide(Some(expired), newcomer(), claim("1"), after_the_last_day()), too_late);
}

#[test]
fn a_claim_outlives_the_cancellation_of_its_guarantee() {
    let cancelled = with(restored(), [claim("1"), cancel()]);
    assert_eq!(refused(cancelled.clone(), claim("1")), Refusal::NotClaimable(Stage::Cancelled));
    let answered = after(with(cancelled, [claim_answer(ClaimStatus::Paid, None)]));
    assert_eq!(answered.guarantee.stage, Stage::Cancelled);
    assert_eq!(answered.guarantee.paid_on_claims, "1".parse().unwrap());
}

#[test]
fn no_more_is_paid_on_a_claim_than_it_demands_and_never_nothing() {
    let claimed = with(issued(), [claim("500000")]);
    for status in [ClaimStatus::ToBePaid, ClaimStatus::Paid] {
        let too_much = Refusal::ClaimExceedsDemand {
            paid: "500000.01".parse().unwrap(),
            demanded: "500000".parse().unwrap(),
        };
        assert_eq!(refused(claimed.clone(), claim_answer_over("500000.01", status, None)), too_much);
    }
    let nothing = claim_answer_over("0", ClaimStatus::Paid, None);
    assert_eq!(refused(claimed.clone(), nothing.clone()), Refusal::ClaimPaymentMissing);
    assert_eq!(refused(issued(), nothing), Refusal::NoClaim);
    let less = after(with(claimed, [claim_answer_over("499999.99", ClaimStatus::Paid, None)]));
    assert_eq!(less.guarantee.paid_on_claims, "499999.99".parse().unwrap());
    // Where the platform tells no amount, the guarantee is the limit.
    let Command::Claim { guarantee, request } = claim("1") else { panic!() };
    let open = Command::Claim { guarantee, request: ClaimRequest { amount: None, ..request } };
    let whole = with(issued(), [open, claim_answer_over("800000", ClaimStatus::Paid, None)]);
    assert_eq!(after(whole).guarantee.paid_on_claims, "800000".parse().unwrap());
}

#[test]
fn only_an_answer_that_pays_tells_how_much_was_paid() {
    for status in ClaimStatus::ALL {
        let answered =
            after(with(issued(), [claim("500000"), claim_answer_over("300000", status, Some("理由"))]));
        let paid = (status == ClaimStatus::Paid).then(|| "300000".parse().unwrap());
        assert_eq!(answered.events, [Event::ClaimAnswered { status, paid }]);
    }
}

#[test]
fn a_claim_that_is_answered_while_the_letter_is_restored_leaves_a_surrender_for_behind_the_letter() {
    let opened = with(issued(), [surrender(), claim("1"), restore(KeyCheck::Fits)]);
    let answered = with(opened, [claim_answer(ClaimStatus::Rejected, Some("理由"))]);
    assert!(matches!(told(answered.clone())[..], [Notice::ClaimResult { .. }]));
    assert!(matches!(told(with(answered, [seal(LetterKind::Merged)]))[..], [Notice::SurrenderResult(_)]));
}
