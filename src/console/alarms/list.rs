//! The page of alarms: what is open stands first, and below it what was, by the filter in the address.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use jiff::Timestamp;
use serde::Deserialize;

use crate::alarms::{Rule, figure, subject};
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::values::encoded;
use crate::console::{Console, Failure};
use crate::domain::identity::PlatformId;
use crate::store::alarms::{self, Alarm, Filter, Severity};

/// Rows of a page.
const ROWS: u32 = 50;

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Asked {
    rule: String,
    subject: String,
    /// The last row of the page before.
    behind: String,
}

impl Asked {
    /// All that fit, open or over, however many there are.
    pub fn filter(&self) -> Filter {
        let chosen = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Filter { rule: chosen(&self.rule), subject: chosen(&self.subject), ..Filter::default() }
    }

    /// The address of the list as a file, but for the kind of file.
    fn export(&self) -> String {
        let query = [("rule", &self.rule), ("subject", &self.subject)];
        let query = query.map(|(key, value)| format!("{key}={}", encoded(value)));
        format!("/alarms/export?{}&format=", query.join("&"))
    }
}

/// An alarm as the page shows it.
pub(super) struct Row {
    id: String,
    pub rule: String,
    pub title: String,
    pub subject: String,
    pub figure: String,
    is_page: bool,
    pub raised_at: Timestamp,
    pub recovered_at: Option<Timestamp>,
    pub acknowledged: Option<(Timestamp, String)>,
    is_escalated: bool,
}

#[derive(Template)]
#[template(path = "console/alarms/page.html")]
struct AlarmsPage {
    frame: Frame,
    open: Vec<Row>,
    past: Vec<Row>,
    asked: Asked,
    /// Names and titles, for the filter.
    rules: Vec<(&'static str, &'static str)>,
    /// The address of the next page.
    next: Option<String>,
}

pub(super) async fn page_of(
    frame: Frame,
    console: Data<Console>,
    asked: Query<Asked>,
) -> Result<HttpResponse, Failure> {
    let asked = asked.into_inner();
    let (filter, behind) = (asked.filter(), asked.behind.clone());
    let (open, past) = console
        .store
        .read(move |connection| {
            // No alarm has an empty id, and so the first page is behind none.
            let behind = alarms::find(connection, &behind)?.map(|alarm| (alarm.raised_at, alarm.id));
            let past = Filter { is_open: Some(false), behind, limit: ROWS, ..filter.clone() };
            Ok((alarms::open(connection)?, alarms::list(connection, &past)?))
        })
        .await?;
    let is_full = u32::try_from(past.len()).is_ok_and(|found| found == ROWS);
    let next = past.last().filter(|_| is_full).map(|last| {
        let query = [("rule", &asked.rule), ("subject", &asked.subject), ("behind", &last.id)];
        let query = query.map(|(key, value)| format!("{key}={}", encoded(value)));
        format!("/alarms?{}", query.join("&"))
    });
    let row = |alarm: Alarm| Row::of(alarm, &frame, &console);
    let open: Vec<Row> = open.into_iter().map(row).collect();
    let past: Vec<Row> = past.into_iter().map(row).collect();
    let title = |rule: Rule| frame.either(rule.title().0, rule.title().1);
    let rules = Rule::ALL.map(|rule| (rule.name(), title(rule))).to_vec();
    page(&AlarmsPage { open, past, asked, rules, next, frame })
}

impl Row {
    pub fn of(alarm: Alarm, frame: &Frame, console: &Console) -> Self {
        let platform = console.platforms.find(&PlatformId::new(&alarm.about.subject));
        let title = platform.as_ref().map(|platform| platform.profile.title().to_owned());
        let words = Rule::named(&alarm.about.rule).map(Rule::title);
        Self {
            title: words.map_or_else(String::new, |(zh, en)| frame.either(zh, en).to_owned()),
            subject: subject(&alarm, title.as_deref()),
            figure: figure(&alarm).unwrap_or_else(|| "—".to_owned()),
            is_page: alarm.severity == Severity::Page,
            raised_at: alarm.raised_at,
            recovered_at: alarm.recovered_at,
            acknowledged: alarm.acknowledged,
            is_escalated: alarm.escalated_at.is_some(),
            rule: alarm.about.rule,
            id: alarm.id,
        }
    }
}
