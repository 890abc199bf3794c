//! The rules in force on a day, and what stands above the settings.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use jiff::civil::Date;
use serde::Deserialize;

use super::effects;
use super::history::Shown;
use crate::access::Permission;
use crate::clock::china_date;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure, Need, Route};

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/rules", Need::Permission(Permission::SeeBusiness), get)]
}

#[derive(Deserialize)]
struct Asked {
    /// The day of receipt; today, where it is missing or empty.
    #[serde(default)]
    on: String,
}

#[derive(Template)]
#[template(path = "console/rules/overview.html")]
struct RulesPage {
    frame: Frame,
    here: &'static str,
    on: Date,
    standing: Vec<Shown>,
    platforms: Vec<PlatformRules>,
}

/// The rules of one platform on that day.
struct PlatformRules {
    id: String,
    title: String,
    figures: Vec<Figure>,
    entries: Vec<Entry>,
}

struct Figure {
    key: &'static str,
    title: &'static str,
    value: String,
    source: String,
    is_changed: bool,
}

/// A line of the timetable.
struct Entry {
    name: String,
    from: String,
    until: String,
    standing: &'static str,
    badge: &'static str,
}

async fn get(frame: Frame, console: Data<Console>, asked: Query<Asked>) -> Result<HttpResponse, Failure> {
    let on = match asked.on.trim() {
        "" => china_date(frame.now),
        day => day.parse().map_err(|_| Failure::NotUnderstood)?,
    };
    let overlay = console.changes.overlay();
    let standing = overlay.standing().into_iter().map(|version| Shown::new(&frame, version)).collect();
    let platforms = console.platforms.iter().map(|platform| {
        let (profile, rules) = (&platform.profile, &platform.rules);
        let figures = rules.figures(on).lines().into_iter().map(|line| {
            let source = effects::source(&frame, &line.source);
            let is_changed = source.contains('@');
            Figure { key: line.key, title: line.title, value: line.value, source, is_changed }
        });
        let day = |day: Option<Date>| day.map_or_else(|| "—".to_owned(), |day| day.to_string());
        let entries = rules.entries(on).map(|(entry, holds)| {
            let (standing, badge) = match entry.from.is_some_and(|from| from > on) {
                _ if holds => ("rules.entry_holds", "badge-good"),
                true => ("rules.entry_to_come", "badge-warn"),
                false => ("rules.entry_over", "badge-idle"),
            };
            let (name, from, until) = (entry.name.clone(), day(entry.from), day(entry.until));
            Entry { name, from, until, standing: frame.t(standing), badge }
        });
        PlatformRules {
            id: profile.id().to_string(),
            title: profile.title().to_owned(),
            figures: figures.collect(),
            entries: entries.collect(),
        }
    });
    let platforms = platforms.collect();
    page(&RulesPage { frame, here: "overview", on, standing, platforms })
}
