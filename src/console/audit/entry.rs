//! One entry with its details.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;

use super::words::{address, area_words, kind_words, who};
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::store::audit::{self, ActorKind, Record};

#[derive(Template)]
#[template(path = "console/audit/entry.html")]
struct EntryPage {
    frame: Frame,
    record: Record,
    detail: String,
    has_next: bool,
}

impl EntryPage {
    fn who(&self) -> (&str, &str) {
        who(&self.record.actor)
    }

    fn kind(&self) -> &'static str {
        self.frame.t(kind_words(ActorKind::of(&self.record.actor)))
    }

    fn area(&self) -> &'static str {
        self.frame.t(area_words(&self.record.action))
    }

    fn address(&self) -> Option<String> {
        address(&self.record.subject)
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    number: Path<String>,
) -> Result<HttpResponse, Failure> {
    let number: i64 = number.parse().map_err(|_| Failure::NotFound)?;
    let found = console
        .store
        .read(move |connection| Ok((audit::find(connection, number)?, audit::head(connection)?)));
    let (record, head) = found.await?;
    let record = record.ok_or(Failure::NotFound)?;
    let detail = serde_json::to_string_pretty(&record.detail).map_err(|_| Failure::Internal)?;
    let has_next = head.is_some_and(|head| head.number > number);
    page(&EntryPage { frame, record, detail, has_next })
}
