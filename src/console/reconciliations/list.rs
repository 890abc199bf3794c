//! All reconciliations, newest first, and where to hand in a file.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use jiff::civil::Date;
use serde::Deserialize;

use super::words;
use crate::access::Permission;
use crate::clock;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::domain::identity::PlatformId;
use crate::store::reconciliations::{self, Reconciliation, ReconciliationId};

/// Reconciliations on one page.
const PAGE: u32 = 50;

/// What the address asks for.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    platform: String,
    /// A day in China; any where it is empty.
    #[serde(default)]
    day: String,
    /// `yes`: only those with differences that nobody has explained or signed for.
    #[serde(default)]
    open: String,
    /// The last one of the page before.
    #[serde(default)]
    behind: String,
}

impl Wanted {
    fn is_open(&self) -> bool {
        self.open == "yes"
    }

    fn filter(&self) -> Result<reconciliations::Filter, Failure> {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let day = given(&self.day).map(|day| day.parse::<Date>()).transpose();
        Ok(reconciliations::Filter {
            platform: given(&self.platform).map(PlatformId::new),
            day: day.map_err(|_| Failure::NotUnderstood)?,
            before: given(&self.behind).map(ReconciliationId::new),
            open: self.is_open(),
            limit: PAGE.saturating_add(1),
        })
    }
}

#[derive(Template)]
#[template(path = "console/reconciliations/list.html")]
struct ListPage {
    frame: Frame,
    wanted: Wanted,
    /// Ids and names of the platforms whose statements are understood.
    platforms: Vec<(String, String)>,
    found: Vec<Reconciliation>,
    next: Option<String>,
    yesterday: Date,
}

impl ListPage {
    fn standing(&self, reconciliation: &Reconciliation) -> (&'static str, &'static str) {
        words::standing(reconciliation)
    }

    fn differences(&self, reconciliation: &Reconciliation) -> Vec<(&'static str, u64)> {
        let differences = reconciliation.differences.iter();
        differences.map(|(kind, count)| (self.frame.t(words::kind(kind)), *count)).collect()
    }

    fn title(&self, id: &PlatformId) -> String {
        let known = self.platforms.iter().find(|(known, _)| known == id.as_str());
        known.map_or_else(|| id.to_string(), |(_, title)| title.clone())
    }

    fn may_reconcile(&self) -> bool {
        self.frame.may(Permission::Reconcile)
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    wanted: Query<Wanted>,
) -> Result<HttpResponse, Failure> {
    let filter = wanted.filter()?;
    let mut found = console.store.read(move |c| reconciliations::list(c, &filter)).await?;
    let more = u32::try_from(found.len()).is_ok_and(|count| count > PAGE);
    found.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let next = found.last().filter(|_| more).map(|last| last.id.to_string());
    let today = clock::china_date(frame.now);
    page(&ListPage {
        platforms: platforms(&console),
        yesterday: today.yesterday().unwrap_or(today),
        wanted: wanted.into_inner(),
        found,
        next,
        frame,
    })
}

fn platforms(console: &Console) -> Vec<(String, String)> {
    let known = console.reconciler.platforms.keys();
    let titled = known.map(|id| {
        let platform = console.platforms.find(id);
        (id.to_string(), platform.map_or_else(|| id.to_string(), |it| it.profile.title().to_owned()))
    });
    titled.collect()
}
