//! SIGKILL at each step of one guarantee's life.

use baohan_gateway::sandbox::hainan::Letter;

use crate::ground::on_both_databases;
use crate::premises::Premises;

/// Slices before the one whose answer is never seen were acknowledged and are not sent again; it and no other is.
fn assert_resumed_at(premises: &Premises, applyno: &str, letter: Letter, interrupted: u64) {
    let slices = premises.slices(applyno, letter);
    assert!(slices.len() > 3, "the letter has too few slices for this test: {slices:?}");
    for (index, times) in &slices {
        assert_eq!(*times, if *index == interrupted { 2 } else { 1 }, "{letter:?}: {slices:?}");
    }
}

on_both_databases! {
    async fn a_guarantee_survives_a_kill_at_each_step(database: Database) {
        let premises = Premises::found(database).await;

        let process = premises.start().await;
        let applyno = premises.applied().await;
        process.kill();

        for (interface, nth) in [("baohannotice", 1), ("uploadbaohanfile", 3), ("baohanfilecompletenotice", 1)] {
            premises.leave_unanswered(interface, nth);
            let process = premises.start().await;
            premises.until_unanswered(&applyno, interface).await;
            process.kill();
        }

        premises.sandbox.script(Vec::new());
        let process = premises.start().await;
        premises.until_idle().await;
        let answer = premises.sandbox.restore(&applyno).await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        process.kill();

        for (interface, nth) in [("uploadbaohanfile", 2), ("baohanfilecompletenotice", 1)] {
            premises.leave_unanswered(interface, nth);
            let process = premises.start().await;
            premises.until_unanswered(&applyno, interface).await;
            process.kill();
        }

        premises.sandbox.script(Vec::new());
        let _process = premises.start().await;
        premises.until_idle().await;
        premises.assert_exactly_once(std::slice::from_ref(&applyno));
        assert_resumed_at(&premises, &applyno, Letter::Ciphertext, 3);
        assert_resumed_at(&premises, &applyno, Letter::Plaintext, 2);
        // The first answers were lost with the process that waited for them.
        let delivery = premises.sandbox.delivery(&applyno).unwrap();
        assert_eq!(delivery.notices["baohannotice"].contents[0].times, 2);
        assert_eq!(delivery.ciphertext.unwrap().completions, 2);
        assert_eq!(delivery.plaintext.unwrap().completions, 2);
    }
}
