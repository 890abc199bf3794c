//! Guarantees of platforms that keep nothing secret.

use super::*;

#[test]
fn where_nothing_is_secret_the_first_letter_is_the_plaintext_one() {
    let issuing = after([apply_with(Secrecy::None), approve(), pay(BasicAccount::Confirmed)]);
    assert!(issuing.work.contains(&Work::MakeLetter { letter: LetterKind::Plaintext, deadline: None }));
    let history = vec![apply_with(Secrecy::None), approve(), pay(BasicAccount::Confirmed)];
    assert_eq!(refused(history, seal(LetterKind::Ciphertext)), Refusal::LetterNotExpected);
    let issued = after(issued_in_the_clear());
    assert_eq!(issued.guarantee.stage, Stage::Issued);
    assert_eq!(issued.work, [Work::HandOver { letter: LetterKind::Plaintext, deadline: None }]);
    assert!(issued.guarantee.letter(LetterKind::Ciphertext).is_none());
    assert!(application_result(&issued.guarantee).is_some());
}

#[test]
fn where_nothing_is_secret_there_is_nothing_to_restore() {
    assert_eq!(refused(issued_in_the_clear(), restore(KeyCheck::Fits)), Refusal::NothingSealed);
    assert_eq!(refused(issued_in_the_clear(), seal(LetterKind::Merged)), Refusal::LetterNotExpected);
}

#[test]
fn where_nothing_is_secret_everything_is_possible_from_issue_on() {
    let invoiced = with(issued_in_the_clear(), [invoice(), invoice_given()]);
    assert!(matches!(&told(invoiced.clone())[..], [Notice::InvoiceResult(it)] if it.invoice.is_some()));
    let claimed = with(invoiced, [claim("1"), claim_answer(ClaimStatus::Paid, None)]);
    let cancelled = after(with(claimed, [cancel()]));
    assert_eq!(cancelled.guarantee.stage, Stage::Cancelled);
    let surrendered = after(with(issued_in_the_clear(), [surrender(), Command::GrantSurrender]));
    assert_eq!(surrendered.guarantee.stage, Stage::Surrendered);
}
