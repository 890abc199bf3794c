//! A platform's new secret: written once into the form, sealed at once, never shown again.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Query};
use askama::Template;
use serde::Deserialize;

use super::fields::{Fields, in_a_day};
use super::proposing;
use crate::access::Permission;
use crate::changes::{Change, SecretKey, propose_secret};
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::{go_to, page};
use crate::console::{Console, Failure, Need, Route};
use crate::domain::identity::PlatformId;
use crate::secret::Secret;

pub(super) fn routes() -> Vec<Route> {
    let need = Need::Permission(Permission::Propose);
    vec![Route::get("/rules/secret", need, get), Route::post("/rules/secret", need, post)]
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    platform: String,
}

#[derive(Template)]
#[template(path = "console/rules/secret.html")]
struct SecretPage {
    frame: Frame,
    here: &'static str,
    platforms: Vec<(String, String)>,
    platform: String,
    keys: [SecretKey; 6],
    overlap: String,
    reason: String,
    refusal: Option<String>,
}

impl SecretPage {
    fn new(frame: Frame, console: &Console, platform: String) -> Self {
        let titled = console.platforms.iter();
        let titled = titled.map(|it| (it.profile.id().to_string(), it.profile.title().to_owned()));
        Self {
            frame,
            here: "secret",
            platforms: titled.collect(),
            platform,
            keys: SecretKey::ALL,
            overlap: in_a_day(console.clock.now()),
            reason: String::new(),
            refusal: None,
        }
    }
}

async fn get(frame: Frame, console: Data<Console>, asked: Query<Asked>) -> Result<HttpResponse, Failure> {
    page(&SecretPage::new(frame, &console, asked.into_inner().platform))
}

async fn post(
    frame: Frame,
    acting: Acting,
    console: Data<Console>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let fields = Fields::read(&body)?;
    let (platform, reason) = (fields.line("platform").to_owned(), fields.line("reason").to_owned());
    let until = fields.moment("overlap")?;
    let given = SecretKey::ALL.into_iter().filter_map(|key| {
        // A key in PEM has lines; of any other, no secret begins or ends with a blank.
        let text = fields.text(key.name());
        (!text.trim().is_empty()).then(|| (key, Secret::new(text.trim())))
    });
    let given: Vec<(SecretKey, Secret)> = given.collect();
    let id = PlatformId::new(&platform);
    let sealed = console.store.read(move |connection| {
        let seal = |(key, secret): &(SecretKey, Secret)| propose_secret(connection, &id, *key, secret, until);
        given.iter().map(seal).collect::<Result<Vec<_>, _>>()
    });
    let change = Change::new(sealed.await?, reason.clone());
    match proposing::proposed(&console, &frame, acting, &change).await? {
        Ok(place) => Ok(go_to(&place)),
        Err(refusal) => {
            let shown = SecretPage::new(frame, &console, platform);
            let overlap = fields.line("overlap").to_owned();
            page(&SecretPage { refusal: Some(refusal), reason, overlap, ..shown })
        }
    }
}
