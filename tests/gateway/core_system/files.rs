//! Files of applicants: handed in once, named by their digest, and fetched by the platform that asks for them.

use baohan_gateway::cli::demo::cast::Role;
use baohan_gateway::domain::identity::DocumentDigest;
use baohan_gateway::store::archive::digest_of;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{API, Core, paid};
use crate::house::{House, on_both_databases};
use crate::operator::MANUAL;

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n";

/// A file that is handed in, as a dossier names it.
async fn paper(core: &Core, name: &str) -> Value {
    let bytes = [PDF, name.as_bytes()].concat();
    let reply = core.upload("", "application/pdf", &bytes).await;
    assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
    json!({"digest": reply.body["digest"], "name": format!("{name}.pdf")})
}

on_both_databases! {
    async fn a_file_is_kept_once_under_its_digest(database: Database) {
        let house = House::open_with(database, API).await;
        let core = house.core().await;
        let first = core.upload("?name=licence.pdf", "application/pdf", PDF).await;
        assert_eq!(first.status, StatusCode::OK, "{first:?}");
        let digest = digest_of(PDF);
        let told = json!({
            "digest": digest.to_string(), "size": PDF.len(), "md5": "299639a9b16a83472220784172113abd", "media_type": "application/pdf",
        });
        assert_eq!(first.body, told);
        let again = house.core_allowed("other", &baohan_gateway::api::Scope::ALL).await;
        assert_eq!(again.upload("", "application/pdf", PDF).await.body, told);
        assert_eq!(house.ledger().lines("SELECT digest AS line FROM uploads"), [digest.to_string()]);
        assert_eq!(house.gateway.assembly.archive.get(&digest).await.unwrap(), PDF);
    }

    async fn a_file_that_is_not_what_it_is_said_to_be_is_not_kept(database: Database) {
        let house = House::open_with(database, &format!("{API}file_bytes = 1000\n")).await;
        let core = house.core().await;
        for (query, media_type, bytes, status, code) in [
            ("", "application/pdf", &b"MZ"[..], 400, "invalid-body"),
            ("", "application/pdf", b"", 400, "invalid-body"),
            ("", "image/png", PDF, 400, "invalid-body"),
            ("", "text/plain", b"\xb0\xe6", 400, "invalid-body"),
            ("", "text/html", b"<p>", 415, "unsupported-media-type"),
            ("", "application/octet-stream", PDF, 415, "unsupported-media-type"),
            ("", "text/plain", &[b'a'; 1001], 413, "body-too-large"),
            ("?name=licence.exe", "application/pdf", PDF, 400, "invalid-parameter"),
            ("?name=..%2Flicence.pdf", "application/pdf", PDF, 400, "invalid-parameter"),
            ("?title=licence.pdf", "application/pdf", PDF, 400, "invalid-parameter"),
        ] {
            let reply = core.upload(query, media_type, bytes).await;
            assert_eq!((reply.status.as_u16(), reply.code()), (status, code), "{query} {media_type}: {reply:?}");
        }
        assert!(house.ledger().lines("SELECT digest AS line FROM uploads").is_empty());
        let limited = house.core_allowed("limited", &[baohan_gateway::api::Scope::Underwrite]).await;
        assert_eq!(limited.upload("", "application/pdf", PDF).await.code(), "forbidden");
        assert_eq!(core.upload("", "text/plain", &[b'a'; 1000]).await.status, StatusCode::OK);
    }

    async fn a_dossier_is_replaced_as_a_whole(database: Database) {
        let house = House::open_with(database, &format!("{API}{MANUAL}")).await;
        let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        let licence = paper(&core, "licence").await;
        let first = json!({"contact": {"name": "林某某"}, "email": " a@example.com ", "papers": {"licence": licence}});
        core.act(&id, "dossier", first).await;
        let dossier = house.stored(&applyno).await.unwrap().dossier.unwrap();
        assert_eq!((dossier.contact.name.as_deref(), dossier.email.as_deref()), (Some("林某某"), Some("a@example.com")));
        let kept = dossier.licence.unwrap();
        assert_eq!((kept.name.as_str(), kept.document), ("licence.pdf", DocumentDigest::new(licence["digest"].as_str().unwrap())));

        let unnamed = json!({"digest": licence["digest"]});
        core.act(&id, "dossier", json!({"papers": {"payment_proof": unnamed}})).await;
        let dossier = house.stored(&applyno).await.unwrap().dossier.unwrap();
        assert_eq!((dossier.contact.name, dossier.email, dossier.licence), (None, None, None));
        assert_eq!(dossier.payment_proof.unwrap().name, "payment-proof.pdf");

        let wrong = json!({"digest": licence["digest"], "name": "licence.png"});
        let reply = core.refused(&id, "dossier", json!({"papers": {"licence": wrong}}), (422, "refused-content", "")).await;
        assert_eq!(reply.body["pointer"], "/papers/licence/name");
    }

    async fn a_platform_that_asks_gets_the_files_that_were_handed_in(database: Database) {
        let manual = "[platforms.zhangzhou.underwriting]\nmode = \"manual\"\n";
        let house = House::with(Role::Zhangzhou, database, &format!("{API}{manual}")).await.tender();
        let (applyno, answer) = house.sandbox.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        let (core, id) = (house.core().await, house.id_of(&applyno).await);
        // The voucher of the payment is the proof of payment that the platform fetches.
        let mut premium = paid();
        premium["voucher"] = paper(&core, "voucher").await;
        core.act(&id, "issue", json!({"approval": {}, "premium": premium})).await;
        house.until(|platform| platform.delivery(&applyno).unwrap().approved == Some(true)).await;
        house.at_rest().await;
        let early = house.sandbox.collect(&applyno).await.unwrap();
        assert_eq!(early.message, "投标人资料尚未齐备：缺少联系人姓名");
        let mut papers = json!({});
        for kind in ["order", "qualification", "licence"] {
            papers[kind] = paper(&core, kind).await;
        }
        let dossier = json!({
            "contact": {"name": "林某某", "phone": "13800000003"},
            "legal_representative": {"name": "黄某某", "phone": "13800000004"},
            "legal_representative_id": "350600199001010011",
            "email": "bidder@example.com",
            "address": "福建省漳州市示例路1号",
            "papers": papers,
        });
        core.act(&id, "dossier", dossier).await;
        // The platform fetches each file and compares its MD5.
        let collected = house.sandbox.collect(&applyno).await.unwrap();
        assert!(collected.is_accepted(), "{collected} {:?}", collected.flaw);
        for (url, kind) in [
            ("orderurl", "order"),
            ("qualficationfileurl", "qualification"),
            ("businesslicenseurl", "licence"),
            ("payfileurl", "voucher"),
        ] {
            let fetched = crate::pushes::client().get(collected.data[url].as_str().unwrap()).send().await.unwrap();
            assert_eq!(fetched.headers()["content-type"], "application/pdf");
            assert_eq!(fetched.bytes().await.unwrap(), [PDF, kind.as_bytes()].concat(), "{kind}");
        }
    }
}
