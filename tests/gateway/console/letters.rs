//! Letters in the console: pages as pictures, what a seal is worth, the file itself.

use baohan_gateway::access::Role;
use baohan_gateway::cli::demo::cast::{Actor, Role as Platform};
use baohan_gateway::domain::identity::GuaranteeId;
use baohan_gateway::store::audit::{self, Actor as Who};
use baohan_gateway::store::documents::{self, Document};
use reqwest::{StatusCode, header};

use super::CONSOLE;
use super::visitor::Visitor;
use crate::house::{House, on_both_databases};

impl<P> House<P> {
    /// The letters of an application, oldest first, and their data.
    async fn documents(&self, applyno: &str) -> (GuaranteeId, Vec<Document>) {
        let id = self.stored(applyno).await.unwrap().id;
        let guarantee = id.clone();
        let found = self.gateway.assembly.store.read(move |c| documents::for_guarantee(c, &guarantee)).await;
        (id, found.unwrap())
    }

    /// Action and detail of what the trail has about letters, oldest first.
    async fn looks_at_letters(&self) -> Vec<(String, String, serde_json::Value)> {
        let filter = audit::Filter { action: Some("letter.".to_owned()), limit: 10, ..Default::default() };
        let entries = self.gateway.assembly.store.read(move |c| audit::list(c, &filter)).await.unwrap();
        let told = entries.into_iter().rev().map(|entry| match entry.actor {
            Who::Operator { name, .. } => (entry.action, name, entry.detail),
            other => panic!("{other:?}"),
        });
        told.collect()
    }
}

fn header_of<'a>(headers: &'a header::HeaderMap, name: &str) -> &'a str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

fn place(guarantee: &GuaranteeId, digest: &str) -> String {
    format!("/guarantees/{guarantee}/documents/{digest}")
}

async fn bytes(visitor: &Visitor, place: &str) -> (header::HeaderMap, Vec<u8>) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.get(format!("{}{place}", visitor.base)).header(header::COOKIE, &visitor.cookie);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK, "{place}");
    (answer.headers().clone(), answer.bytes().await.unwrap().to_vec())
}

on_both_databases! {
    async fn a_letter_is_shown_page_by_page_beside_its_report_and_whoever_looks_is_noted(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let applyno = house.restored().await;
        house.at_rest().await;
        let (guarantee, documents) = house.documents(&applyno).await;
        let letter = |name: &str| {
            let found = documents.iter().find(|it| it.letter.name() == name && it.format == "ofd").unwrap();
            (place(&guarantee, found.digest.as_str()), found)
        };
        let (merged, _) = letter("merged");
        let visitor = house.visitor("王复核", &[Role::Checker]).await;
        let page = visitor.get(&merged).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        let said = ["明文保函（附密文保函）", "共 4 页", "覆盖整个文件", "两套 SM2 实现一致通过", "DEMO0000000001", "签章人证书有效期"];
        assert!(said.iter().all(|part| page.text.contains(part)), "{}", page.text);
        assert!(!page.text.contains("图像与文件不完全一致") && !page.text.contains("失败"), "{}", page.text);
        for number in 1..=4 {
            let picture = format!("{merged}/pages/{number}");
            assert!(page.text.contains(&format!("src=\"{picture}\"")));
            let picture = visitor.get(&picture).await;
            assert_eq!(header_of(&picture.headers, "content-type"), "image/svg+xml");
            assert_eq!(header_of(&picture.headers, "content-security-policy"), "default-src 'none'; img-src data:; sandbox");
            assert_eq!(header_of(&picture.headers, "cache-control"), "no-store");
            assert!(picture.text.matches("<use href=\"#g").count() > 100, "page {number}");
        }
        let (ciphertext, _) = letter("ciphertext");
        assert!(visitor.get(&ciphertext).await.text.contains("共 2 页"));

        let looks = house.looks_at_letters().await;
        let told: Vec<_> = looks.iter().map(|(action, name, detail)| (action.as_str(), name.as_str(), &detail["letter"])).collect();
        assert_eq!(told, [("letter.view", "王复核", &"merged".into()), ("letter.view", "王复核", &"ciphertext".into())]);
    }

    async fn a_letter_is_found_under_its_own_guarantee_only(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let (one, other) = (house.issued().await, house.issued().await);
        house.at_rest().await;
        let ((one, documents), (other, _)) = (house.documents(&one).await, house.documents(&other).await);
        let visitor = house.visitor("李工", &[Role::Operations]).await;
        let own = place(&one, documents[0].digest.as_str());
        for wrong in [
            place(&other, documents[0].digest.as_str()),
            place(&one, "00"),
            format!("{own}/pages/0"),
            format!("{own}/pages/3"),
            format!("{own}/pages/x"),
        ] {
            assert_eq!(visitor.get(&wrong).await.status, StatusCode::NOT_FOUND, "{wrong}");
        }
        let administrator = house.visitor("管理员", &[Role::Administrator]).await;
        for hidden in [own.clone(), format!("{own}/pages/1"), format!("{own}/file")] {
            assert_eq!(administrator.get(&hidden).await.status, StatusCode::FORBIDDEN, "{hidden}");
        }
        assert!(house.looks_at_letters().await.is_empty());
    }

    async fn a_pdf_letter_is_shown_too_and_its_file_is_the_one_that_was_sealed(database: Database) {
        let house = House::with(Platform::Neimenggu, database, CONSOLE).await;
        let Actor::Procurement(platform) = &house.sandbox else { panic!("another platform") };
        let application = platform.generate();
        let applyno = application.application_id.clone();
        assert!(platform.apply(application).await.unwrap().is_accepted());
        house.at_rest().await;
        let (guarantee, documents) = house.documents(&applyno).await;
        let letter = documents.iter().find(|it| it.format == "pdf").unwrap();
        let place = place(&guarantee, letter.digest.as_str());
        let visitor = house.visitor("李工", &[Role::Operations]).await;
        let page = visitor.get(&place).await;
        assert!(page.text.contains("覆盖整个文件") && page.text.contains(&format!("{place}/pages/1")), "{}", page.text);
        let (headers, picture) = bytes(&visitor, &format!("{place}/pages/1")).await;
        assert_eq!(header_of(&headers, "content-type"), "image/png");
        assert!(picture.starts_with(b"\x89PNG") && picture.len() > 20_000);

        let (headers, file) = bytes(&visitor, &format!("{place}/file")).await;
        assert!(file == house.gateway.assembly.archive.get(&letter.digest).await.unwrap());
        assert_eq!(header_of(&headers, "content-type"), "application/pdf");
        assert!(header_of(&headers, "content-disposition").starts_with("attachment; filename=\"letter.pdf\"; filename*=UTF-8''"));
        let looks = house.looks_at_letters().await;
        let told: Vec<_> = looks.iter().map(|(action, ..)| action.as_str()).collect();
        assert_eq!(told, ["letter.view", "letter.download"]);
        assert_eq!(looks[1].2["digest"], letter.digest.as_str());
    }
}
