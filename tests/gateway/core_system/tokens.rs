//! The tokens that applicants carry from the platform to the institution.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;

use super::API;
use crate::house::{House, on_both_databases};
use crate::operator::MANUAL;

const REDIRECTS: &str = "[redirects]\nsecret = \"0123456789abcdef0123456789abcdef\"\nvalid = \"1h\"\n\
                         [platforms.hainan.wire]\nredirect_url = \"https://pay.example.com/go?t={token}&a={application}\"\n";

on_both_databases! {
    async fn an_applicant_who_follows_the_platforms_link_is_known_for_an_hour(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}{REDIRECTS}")).await;
        let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
        let link = answer.data["redirecturl"].as_str().unwrap().to_owned();
        let rest = link.strip_prefix("https://pay.example.com/go?t=").unwrap();
        let token = rest.strip_suffix(&format!("&a={applyno}")).unwrap();
        let core = house.core().await;
        let verify = async |token: &str| core.post("/tokens/verification", json!({"token": token})).await;

        let known = verify(token).await;
        assert_eq!(known.status, StatusCode::OK, "{known:?}");
        assert_eq!(known.body["guarantee_id"], house.id_of(&applyno).await);
        assert_eq!((&known.body["platform"], &known.body["stage"]), (&json!("hainan"), &json!("applied")));
        let forged = verify(&format!("{}A", &token[..token.len() - 1])).await;
        let forged_otherwise = verify(&format!("{}B", &token[..token.len() - 1])).await;
        // One of the two letters may be the one that was there.
        assert!([&forged, &forged_otherwise].iter().any(|it| it.status == 422 && it.code() == "token-invalid"));

        house.gateway.assembly.clock.advance(Duration::from_secs(3601));
        let late = verify(token).await;
        assert_eq!((late.status.as_u16(), late.code()), (422, "token-expired"));
    }
}
