//! One message with its answer, as anybody may see it who may see business data.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;

use super::digest::{DigestView, explained};
use super::masking::{Mask, covered};
use super::sight::{Sight, Wish, sight};
use super::timeline::interface;
use super::words;
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::store::messages::{self, Direction, Header};
use crate::store::proposals::Subject;

#[derive(Template)]
#[template(path = "console/guarantees/message.html")]
struct MessagePage {
    frame: Frame,
    header: Header,
    platform: String,
    interface: String,
    body: String,
    answer: Option<String>,
    digest: Option<DigestView>,
    sight: Sight,
}

impl MessagePage {
    fn direction(&self) -> &'static str {
        words::direction(self.header.direction)
    }

    fn is_inbound(&self) -> bool {
        self.header.direction == Direction::In
    }

    fn outcome(&self) -> (String, &'static str) {
        let (key, look) = words::outcome(&self.header.outcome);
        let word = key.map_or_else(|| self.header.outcome.clone(), |key| self.frame.t(key).to_owned());
        (word, look.badge())
    }

    fn detail(&self) -> Option<String> {
        self.header.detail.as_deref().map(covered)
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    id: Path<String>,
    wish: Query<Wish>,
) -> Result<HttpResponse, Failure> {
    let id = id.into_inner();
    let wanted = id.clone();
    let found = console.store.read(move |connection| messages::find(connection, &wanted)).await?;
    let message = found.ok_or(Failure::NotFound)?;
    let sight = sight(&console, acting, Subject::Message(id), &wish).await?;
    let platform = console.platforms.find(&message.header.platform);
    let profile = platform.as_ref().map(|platform| platform.profile.as_ref());
    let mask = Mask::of(profile, &message.header.interface);
    let shown = Mask::of(profile, &message.header.interface);
    let shown = if sight.is_lifted() { shown.lifted() } else { shown };
    page(&MessagePage {
        platform: profile.map_or_else(|| message.header.platform.to_string(), |it| it.title().to_owned()),
        interface: interface(&frame, profile, &message.header.interface),
        body: shown.bytes(&message.body),
        answer: message.answer.as_ref().filter(|it| !it.is_empty()).map(|answer| shown.bytes(answer)),
        digest: profile.and_then(|profile| explained(&frame, profile, &message.body, &mask)),
        header: message.header,
        sight,
        frame,
    })
}
