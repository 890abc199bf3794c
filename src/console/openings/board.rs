//! All sections of a day, and what waits.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;

use super::card::{Card, Course};
use super::names::{Name, SectionNames};
use crate::casework::Platforms;
use crate::clock;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::domain::identity::PlatformId;
use crate::reconciliation::statement::Period;
use crate::store::openings::{self, Day, Planned, Refused, Totals, Waiting};
use crate::store::{Connection, StoreError};

/// Keys that do not fit and are told one by one.
const REFUSED: u32 = 20;

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Wanted {
    /// A day in China; today where it is empty.
    #[serde(default)]
    day: String,
    #[serde(default)]
    platform: String,
}

impl Wanted {
    fn day(&self, now: Timestamp) -> Result<Date, Failure> {
        match self.day.trim() {
            "" => Ok(clock::china_date(now)),
            day => day.parse().map_err(|_| Failure::NotUnderstood),
        }
    }

    fn platform(&self) -> Option<PlatformId> {
        let id = self.platform.trim();
        (!id.is_empty()).then(|| PlatformId::new(id))
    }
}

/// A day's openings.
pub(in crate::console) struct Today {
    pub day: Date,
    pub cards: Vec<Card>,
    pub planned: Vec<Plan>,
    pub waiting: Vec<Unassigned>,
    pub refused: Vec<Refused>,
    pub totals: Totals,
}

/// A section that is to be opened.
pub(in crate::console) struct Plan {
    pub section: Planned,
    pub name: Option<Arc<Name>>,
    pub platform: String,
}

impl Plan {
    pub fn title(&self) -> String {
        let mark = || self.section.section.as_str().chars().take(8).collect();
        self.name.as_ref().map_or_else(mark, |name| name.name.clone())
    }

    pub fn opens_at(&self) -> Option<Timestamp> {
        self.name.as_ref()?.opens_at
    }
}

/// What waits on a platform.
pub(in crate::console) struct Unassigned {
    pub waiting: Waiting,
    pub platform: String,
}

impl Today {
    pub fn count(&self, course: Course) -> usize {
        self.cards.iter().filter(|card| card.course() == course).count()
    }

    pub fn in_trouble(&self) -> usize {
        self.count(Course::Trouble)
    }

    pub fn done(&self) -> usize {
        self.count(Course::Done)
    }

    pub fn missing(&self) -> u64 {
        self.cards.iter().map(|card| card.section.missing).sum()
    }
}

/// Reads a day's openings, in so many statements, however many sections and guarantees there are; a section that was
/// never looked at costs one or two more, once.
///
/// # Errors
/// When the database fails or a row can't be read.
pub(in crate::console) fn look(
    connection: &mut Connection,
    names: &SectionNames,
    platforms: &Platforms,
    day: Date,
    now: Timestamp,
) -> Result<Today, StoreError> {
    let period = Period::day(day);
    let bounds = Day { from: period.begin(), until: period.end() };
    let opened = openings::day(connection, bounds, now)?;
    let planned = openings::planned(connection, day)?;
    let keys = opened.iter().filter_map(|it| Some((it.platform.clone(), it.section.clone()?)));
    let plans = planned.iter().map(|it| (it.platform.clone(), it.section.clone()));
    let known = names.of(connection, platforms, keys.chain(plans).collect::<Vec<_>>())?;
    let title = |id: &PlatformId| {
        platforms.find(id).map_or_else(|| id.to_string(), |platform| platform.profile.title().to_owned())
    };
    let card = |section: openings::OpenedSection| {
        let key = section.section.clone().map(|mark| (section.platform.clone(), mark));
        Card {
            name: key.and_then(|key| known.get(&key).cloned()),
            platform: title(&section.platform),
            section,
        }
    };
    let mut cards: Vec<Card> = opened.into_iter().map(card).collect();
    cards.sort_by_key(Card::place);
    let plan = |section: Planned| Plan {
        name: known.get(&(section.platform.clone(), section.section.clone())).cloned(),
        platform: title(&section.platform),
        section,
    };
    let mut planned: Vec<Plan> = planned.into_iter().map(plan).collect();
    planned.sort_by_key(Plan::opens_at);
    let waiting = openings::waiting(connection)?.into_iter().map(|it| without_opened(it, &cards));
    let waiting = waiting.map(|it| Unassigned { platform: title(&it.platform), waiting: it }).collect();
    Ok(Today {
        day,
        cards,
        planned,
        waiting,
        refused: openings::refused_keys(connection, REFUSED)?,
        totals: openings::totals(connection, bounds, now)?,
    })
}

/// What is missing in a section that was opened is shown there: its section is known.
fn without_opened(mut waiting: Waiting, cards: &[Card]) -> Waiting {
    for card in cards.iter().filter(|card| card.section.platform == waiting.platform) {
        waiting.count = waiting.count.saturating_sub(card.section.missing);
        waiting.groups.retain(|group| !card.section.sealed.contains(&group.mark));
    }
    waiting
}

#[derive(Template)]
#[template(path = "console/openings/page.html")]
struct BoardPage {
    frame: Frame,
    today: Today,
    platform: String,
    /// Ids and names of the platforms.
    platforms: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "console/openings/board.html")]
struct BoardPart {
    frame: Frame,
    today: Today,
    platform: String,
}

async fn read(console: &Console, frame: &Frame, wanted: &Wanted) -> Result<Today, Failure> {
    let (day, now) = (wanted.day(frame.now)?, frame.now);
    let (names, platforms) = (Arc::clone(&console.section_names), console.platforms.clone());
    let read = move |connection: &mut Connection| look(connection, &names, &platforms, day, now);
    let mut today = console.store.read(read).await?;
    if let Some(platform) = wanted.platform() {
        today.cards.retain(|card| card.section.platform == platform);
        today.planned.retain(|plan| plan.section.platform == platform);
        today.waiting.retain(|it| it.waiting.platform == platform);
        today.refused.retain(|it| it.platform == platform);
    }
    Ok(today)
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let today = read(&console, &frame, &wanted).await?;
    let platforms = console.platforms.iter().map(|it| it.profile.clone());
    let platforms = platforms.map(|profile| (profile.id().to_string(), profile.title().to_owned()));
    let platforms = platforms.collect();
    page(&BoardPage { frame, today, platform: wanted.into_inner().platform, platforms })
}

/// The board alone, for the page that refreshes it.
pub(super) async fn live(
    frame: Frame,
    console: Data<Console>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let today = read(&console, &frame, &wanted).await?;
    page(&BoardPart { frame, today, platform: wanted.into_inner().platform })
}
