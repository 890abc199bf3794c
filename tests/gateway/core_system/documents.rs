//! The documents of a guarantee, fetched by the core system.

use baohan_gateway::api::Scope;
use baohan_gateway::crypto::sm3;
use reqwest::{Method, StatusCode};

use super::{API, Core, reply_to};
use crate::house::{House, on_both_databases};

/// Status, headers of interest, and bytes.
struct Fetched {
    status: u16,
    headers: reqwest::header::HeaderMap,
    bytes: Vec<u8>,
}

impl Fetched {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

async fn fetch(core: &Core, href: &str, headers: &[(&str, &str)]) -> Fetched {
    let path = href.strip_prefix("/api/v1").unwrap();
    let request =
        headers.iter().fold(core.request(Method::GET, path), |it, (name, value)| it.header(*name, *value));
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Fetched { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
}

on_both_databases! {
    async fn letters_are_fetched_whole_in_part_and_not_again(database: Database) {
        let house = House::open_with(database, API).await;
        let (core, applyno) = (house.core().await, house.restored().await);
        house.at_rest().await;
        let (id, number) = (house.id_of(&applyno).await, house.number(&applyno).await);
        let listed = core.get(&format!("/guarantees/{id}/documents")).await.body;
        let items = listed["items"].as_array().unwrap();
        let letters: Vec<_> = items.iter().map(|it| it["letter"].as_str().unwrap()).collect();
        assert_eq!(letters, ["ciphertext", "merged"]);
        let delivery = house.sandbox.delivery(&applyno).unwrap();
        for (item, received) in items.iter().zip([delivery.ciphertext.unwrap(), delivery.plaintext.unwrap()]) {
            let (href, digest) = (item["href"].as_str().unwrap(), item["digest"].as_str().unwrap());
            let whole = fetch(&core, href, &[]).await;
            assert_eq!((whole.status, whole.bytes.as_slice()), (200, &*received.document));
            assert_eq!(hex::encode(sm3::digest(&whole.bytes)), digest);
            assert_eq!(item["size"], whole.bytes.len());
            assert_eq!(whole.header("etag"), format!("\"{digest}\""));
            assert_eq!((whole.header("content-type"), &item["media_type"]), ("application/ofd", &"application/ofd".into()));
            let name = item["name"].as_str().unwrap();
            assert!(name.starts_with(&number) && whole.header("content-disposition").contains(name), "{name}");
            let part = fetch(&core, href, &[("Range", "bytes=2-5")]).await;
            assert_eq!((part.status, part.bytes.as_slice()), (206, &whole.bytes[2..=5]));
            let known = fetch(&core, href, &[("If-None-Match", &format!("\"{digest}\""))]).await;
            assert_eq!((known.status, known.bytes.len()), (304, 0));
        }
    }

    async fn a_document_opens_under_its_own_guarantee_and_to_its_scope_alone(database: Database) {
        let house = House::open_with(database, API).await;
        let (one, other) = (house.issued().await, house.issued().await);
        house.at_rest().await;
        let (core, reader) = (house.core().await, house.core_allowed("reader", &[Scope::Read]).await);
        let digest = house.stored(&one).await.unwrap().issued_letter.unwrap().document;
        let path = async |applyno: &str, digest: &str| {
            format!("/guarantees/{}/documents/{digest}", house.id_of(applyno).await)
        };
        let own = path(&one, digest.as_str()).await;
        assert_eq!(core.get(&own).await.status, StatusCode::OK);
        assert_eq!(reader.get(&own).await.code(), "forbidden");
        let elsewhere = core.get(&path(&other, digest.as_str()).await).await;
        assert_eq!((elsewhere.status.as_u16(), elsewhere.code()), (404, "not-found"));
        for wrong in ["00", "%00", "..%2F..%2Fmaster.key", &digest.as_str()[..63]] {
            assert_eq!(core.get(&path(&one, wrong).await).await.code(), "not-found", "{wrong}");
        }
    }

    async fn a_document_that_was_damaged_is_not_handed_out(database: Database) {
        let house = House::open_with(database, API).await;
        let (core, applyno) = (house.core().await, house.issued().await);
        house.at_rest().await;
        let digest = house.stored(&applyno).await.unwrap().issued_letter.unwrap().document;
        let file = house.settings().archive.folder.join(&digest.as_str()[..2]).join(digest.as_str());
        let mut bytes = std::fs::read(&file).unwrap();
        bytes[100] ^= 1;
        std::fs::write(&file, bytes).unwrap();
        let path = format!("/guarantees/{}/documents/{digest}", house.id_of(&applyno).await);
        let reply = reply_to(core.request(Method::GET, &path)).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (500, "internal"));
    }
}
