//! One section: its figures, what is missing or failed, and its guarantees.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use jiff::Timestamp;
use serde::Deserialize;

use super::card::Card;
use super::took;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure, values};
use crate::domain::identity::PlatformId;
use crate::store::Connection;
use crate::store::abnormal_sections::SectionMark;
use crate::store::openings::{self, Member};

/// Guarantees on one page.
const PAGE: u32 = 100;

/// Guarantees without a key that are told one by one.
const MISSING: u32 = 100;

#[derive(Clone, Copy, Debug, Default, Deserialize)]
pub(super) struct Place {
    /// How many guarantees stand before the page.
    #[serde(default)]
    behind: u32,
}

/// Everything that the page shows.
struct Section {
    card: Card,
    mark: String,
    missing: Vec<Member>,
    failures: Vec<openings::Failure>,
    members: Vec<Member>,
    /// How many guarantees stand before this page, and before the next one, where there is one.
    behind: u32,
    next: Option<u32>,
}

#[derive(Template)]
#[template(path = "console/openings/section.html")]
struct SectionPage {
    frame: Frame,
    section: Section,
}

#[derive(Template)]
#[template(path = "console/openings/section_live.html")]
struct SectionPart {
    frame: Frame,
    section: Section,
}

impl Section {
    /// From the key to the delivered letter, or to now.
    fn took(&self, member: &Member, frame: &Frame) -> String {
        let end = member.delivered_at.or_else(|| member.deadline.map(|_| frame.now));
        let span = member.key_at.zip(end).map(|(from, to)| took(to.duration_since(from), frame.language));
        span.unwrap_or_else(|| "—".to_owned())
    }

    /// The look and the key of the word for how far a guarantee is.
    fn state(&self, member: &Member, frame: &Frame) -> (&'static str, &'static str) {
        match member {
            Member { delivered_at: Some(_), .. } => ("badge-good", "openings.is_delivered"),
            Member { deadline: Some(deadline), .. } if *deadline < frame.now => {
                ("badge-bad", "openings.is_overdue")
            }
            Member { deadline: None, .. } => ("badge-idle", "openings.is_released"),
            Member { restored_at: Some(_), .. } => ("badge-warn", "openings.is_restored"),
            _ => ("badge-warn", "openings.is_received"),
        }
    }

    fn clock(&self, at: &Option<Timestamp>) -> String {
        at.map_or_else(|| "—".to_owned(), values::clock_time)
    }
}

async fn read(
    console: &Console,
    frame: &Frame,
    (platform, mark): (String, String),
    place: Place,
) -> Result<Section, Failure> {
    let section = SectionMark::parse(&mark).ok_or(Failure::NotFound)?;
    let (id, now) = (PlatformId::new(platform), frame.now);
    let (names, platforms) = (Arc::clone(&console.section_names), console.platforms.clone());
    let read = move |connection: &mut Connection| {
        let Some(opened) = openings::section(connection, &id, &section, now)? else { return Ok(None) };
        let key = (id.clone(), section.clone());
        let name = names.of(connection, &platforms, [key.clone()])?.remove(&key);
        let title = platforms.find(&id).map(|platform| platform.profile.title().to_owned());
        let card = Card { section: opened, name, platform: title.unwrap_or_else(|| id.to_string()) };
        let missing = match card.section.missing {
            0 => Vec::new(),
            _ => openings::missing(connection, &id, &section, MISSING)?,
        };
        let failures = match card.section.failed {
            0 => Vec::new(),
            _ => openings::failures(connection, &id, &section)?,
        };
        let members = openings::members(connection, &id, &section, place.behind, PAGE)?;
        Ok(Some((card, missing, failures, members)))
    };
    let (card, missing, failures, members) = console.store.read(read).await?.ok_or(Failure::NotFound)?;
    let shown = place.behind.saturating_add(u32::try_from(members.len()).unwrap_or(u32::MAX));
    let next = (u64::from(shown) < card.section.received).then_some(shown);
    Ok(Section { card, mark, missing, failures, members, behind: place.behind, next })
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    path: Path<(String, String)>,
    place: Query<Place>,
) -> Result<HttpResponse, Failure> {
    let section = read(&console, &frame, path.into_inner(), place.into_inner()).await?;
    page(&SectionPage { frame, section })
}

/// What changes while it is looked at.
pub(super) async fn live(
    frame: Frame,
    console: Data<Console>,
    path: Path<(String, String)>,
    place: Query<Place>,
) -> Result<HttpResponse, Failure> {
    let section = read(&console, &frame, path.into_inner(), place.into_inner()).await?;
    page(&SectionPart { frame, section })
}
