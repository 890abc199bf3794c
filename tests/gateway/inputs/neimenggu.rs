//! 内蒙古: an encrypted application for an advance-payment guarantee, and the cancellation of the order.

use baohan_gateway::cli::demo::cast::{Actor, Role};
use baohan_gateway::crypto::second_opinion::KeyPair;
use baohan_gateway::domain::Stage;
use baohan_gateway::sandbox::neimenggu::Withdrawal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;

use crate::files;
use crate::house::{House, PATIENCE, on_both_databases};

/// What is encrypted to the institution in a file.
fn message_in(file: &str) -> Value {
    let file: Value = serde_json::from_str(file).unwrap();
    let key = files::private_key(&files::credential(Role::Neimenggu, "institution_private_key_pem"));
    let ciphertext = BASE64.decode(file["data"].as_str().unwrap()).unwrap();
    let plain = KeyPair::from_private_bytes(&key).unwrap().decrypt_c1c3c2(&ciphertext).unwrap();
    serde_json::from_slice(&plain).unwrap()
}

on_both_databases! {
    async fn the_files_do_what_they_are_there_for(database: Database) {
        let manual = "[platforms.neimenggu.underwriting]\nmode = \"manual\"";
        let house = House::with(Role::Neimenggu, database, manual).await;
        let Actor::Procurement(platform) = &house.sandbox else { panic!("for procurement") };
        let [application, withdrawal] =
            ["01-PREP101.json", "02-PREP109.json"].map(|name| files::text(Role::Neimenggu, name));
        let message = message_in(&application);
        let number = message["applicationId"].as_str().unwrap();
        platform.enter(serde_json::from_value(message.clone()).unwrap());
        let answer = platform.push_raw("PREP101", application).await.unwrap();
        assert!(answer.is_accepted() && answer.code == "000", "{answer}");
        let guarantee = house.stored(number).await.unwrap();
        assert_eq!(guarantee.application.amount.to_string(), message["advanceAmount"].as_str().unwrap());
        assert_eq!(guarantee.application.applicant.name, message["supplier"].as_str().unwrap());
        assert_eq!(guarantee.stage, Stage::Applied);

        let message = message_in(&withdrawal);
        assert_eq!((&message["applicationId"], &message["applicationType"]), (&number.into(), &"02".into()));
        platform.enter_withdrawal(number, Withdrawal::OrderCancellation).unwrap();
        let answer = platform.push_raw("PREP109", withdrawal).await.unwrap();
        assert!(answer.is_accepted() && answer.code == "000", "{answer}");
        let told = |platform: &baohan_gateway::sandbox::neimenggu::Platform| {
            platform.delivery(number).unwrap().states() == ["07"]
        };
        assert!(platform.wait_until(told, PATIENCE).await);
        house.at_rest().await;
        assert_eq!(house.stored(number).await.unwrap().stage, Stage::Waived);
    }
}
