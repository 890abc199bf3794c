//! SIGKILL between the arrival of a callback and the note of it.

use std::time::Duration;

use crate::ground::on_both_databases;
use crate::premises::Premises;
use crate::receiver::{Answer, Receiver, SECRETS, signature};

on_both_databases! {
    async fn a_callback_whose_answer_was_lost_with_the_process_comes_again_under_its_id(database: Database) {
        let premises = Premises::found(database).await;
        let receiver = Receiver::start();
        receiver.answers(|attempt| match attempt.kind() {
            "guarantee.issued" => Answer::Never,
            _ => Answer::Status(204),
        });
        let told = format!(
            "[callbacks]\nurl = \"http://{}/callbacks\"\nsecret = \"whsec_{}\"\n\
             [callbacks.schedule]\ndelays = [\"20ms\"]\nrepeat_last = 1000\n",
            receiver.address, SECRETS[0]
        );
        let process = premises.start_with(&told, premises.address()).await;
        let applyno = premises.applied().await;
        receiver.until(|all| all.iter().any(|attempt| attempt.kind() == "guarantee.issued")).await;
        process.kill();

        receiver.answers(|_| Answer::Status(204));
        // Its time is in whole seconds, and the second attempt's has to be another one.
        premises.clock.wait(Duration::from_millis(1100)).await;
        let _process = premises.start_with(&told, premises.address()).await;
        receiver.until_taken("guarantee.delivered").await;
        premises.until_idle().await;
        assert!(premises.sandbox.delivery(&applyno).unwrap().ciphertext.is_some());
        let attempts = receiver.attempts();
        let issued: Vec<_> = attempts.iter().filter(|it| it.kind() == "guarantee.issued").collect();
        assert_eq!(issued.len(), 2, "{issued:?}");
        assert_eq!((&issued[0].id, &issued[0].raw), (&issued[1].id, &issued[1].raw));
        assert_ne!(issued[0].timestamp, issued[1].timestamp);
        assert!(issued.iter().all(|it| it.signatures == [signature(SECRETS[0], it)]));
        let taken: Vec<&str> = attempts.iter().filter(|it| it.taken).map(|it| it.kind()).collect();
        let order = ["application.received", "application.approved", "premium.paid", "guarantee.issued", "guarantee.delivered"];
        let mut once = taken.clone();
        once.dedup();
        assert_eq!(once, order);
    }
}
