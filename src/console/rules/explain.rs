//! How the rules come to what they say of one application.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use serde::Deserialize;

use super::effects;
use crate::access::Permission;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure, Need, Route};
use crate::domain::identity::{ApplicationNumber, PlatformId};
use crate::institution::rules::Explanation;
use crate::institution::rules::explanation::{Premium, PremiumBound, ValidityBasis};
use crate::store::guarantees;

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/rules/explain", Need::Permission(Permission::SeeBusiness), get)]
}

#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    platform: String,
    #[serde(default)]
    application: String,
}

#[derive(Template)]
#[template(path = "console/rules/explain.html")]
struct ExplainPage {
    frame: Frame,
    here: &'static str,
    platforms: Vec<String>,
    platform: String,
    application: String,
    /// Whether something was looked for.
    sought: bool,
    found: Option<Explained>,
}

/// An explanation in words.
struct Explained {
    explanation: Explanation,
    figures: Vec<[String; 4]>,
    premium: Vec<String>,
    validity: String,
    checks: Vec<String>,
    answers: Vec<[String; 4]>,
}

async fn get(frame: Frame, console: Data<Console>, asked: Query<Asked>) -> Result<HttpResponse, Failure> {
    let (platform, application) = (asked.platform.trim().to_owned(), asked.application.trim().to_owned());
    let sought = !platform.is_empty() && !application.is_empty();
    let known = console.platforms.find(&PlatformId::new(&platform)).filter(|_| sought);
    let found = match known {
        None => None,
        Some(known) => {
            let (id, number) = (known.profile.id().clone(), ApplicationNumber::new(&application));
            let read = console
                .store
                .read(move |connection| guarantees::find_by_application(connection, &id, &number));
            read.await?.map(|it| Explained::new(&frame, known.rules.explain(&it.guarantee, frame.now)))
        }
    };
    let platforms = console.platforms.iter().map(|it| it.profile.id().to_string()).collect();
    page(&ExplainPage { frame, here: "explain", platforms, platform, application, sought, found })
}

impl Explained {
    fn new(frame: &Frame, explanation: Explanation) -> Self {
        let figures = explanation.figures.iter().map(|line| {
            let source = effects::source(frame, &line.source);
            [line.key.to_owned(), line.title.to_owned(), line.value.clone(), source]
        });
        let answers = explanation.answers.iter().map(|it| {
            let standing = if it.open { "rules.waits" } else { "rules.settled" };
            let told = it.told.clone().unwrap_or_default();
            let answer = match it.later {
                Some(later) => format!("{} {}", effects::answer(frame, it.answer), frame.time(&later)),
                None => effects::answer(frame, it.answer).to_owned(),
            };
            let question = format!("{}（{}）", question(frame, it.question), frame.t(standing));
            [question, answer, it.ground.clone(), told]
        });
        Self {
            figures: figures.collect(),
            premium: premium(frame, &explanation.premium),
            validity: validity(frame, &explanation),
            checks: checks(frame, &explanation),
            answers: answers.collect(),
            explanation,
        }
    }
}

fn premium(frame: &Frame, premium: &Premium) -> Vec<String> {
    match premium {
        Premium::Refused { amount, reason } => vec![format!("{amount}：{reason}")],
        Premium::Reckoned {
            amount,
            tier_up_to,
            rate,
            product,
            rounding,
            rounded,
            bound,
            premium,
            rate_source,
        } => {
            let source = effects::source(frame, rate_source);
            let tier = tier_up_to.as_ref().map(|end| frame.say("rules.tier_up_to", &[("amount", end)]));
            let mut steps = vec![
                format!("{} {rate} ← {source} {}", frame.t("rules.rate"), tier.unwrap_or_default()),
                format!("{amount} × {rate} = {product}"),
                format!("{}：{rounded}", rounding.title()),
            ];
            match bound {
                PremiumBound::None => {}
                PremiumBound::Minimum => steps.push(frame.say("rules.raised", &[("premium", premium)])),
                PremiumBound::Maximum => steps.push(frame.say("rules.lowered", &[("premium", premium)])),
            }
            steps.push(format!("{} {premium}", frame.t("rules.premium")));
            steps
        }
    }
}

fn validity(frame: &Frame, explanation: &Explanation) -> String {
    let validity = &explanation.validity;
    let from = validity.from.map_or_else(|| frame.t("rules.from_issue").to_owned(), |day| day.to_string());
    let basis = frame.t(match validity.basis {
        ValidityBasis::AskedDay => "rules.basis_day",
        ValidityBasis::AskedMonths => "rules.basis_months",
        ValidityBasis::LongestValidityDays => "rules.basis_rule",
    });
    let empty = validity.empty.clone().unwrap_or_default();
    let (latest, days) = (validity.latest.to_string(), validity.days_after_bid_validity.to_string());
    let said = [("from", from.as_str()), ("days", &days), ("latest", &latest), ("basis", basis)];
    format!("{} {empty}", frame.say("rules.validity_says", &said))
}

fn checks(frame: &Frame, explanation: &Explanation) -> Vec<String> {
    let hours = match (explanation.hours.open, explanation.hours.opens) {
        (true, _) => frame.t("rules.hours_open").to_owned(),
        (false, Some(opens)) => frame.say("rules.hours_open_at", &[("time", &frame.time(&opens))]),
        (false, None) => frame.t("rules.hours_closed").to_owned(),
    };
    let opening = match (explanation.opening.known, explanation.opening.too_near) {
        (None, _) => frame.t("rules.opening_unknown").to_owned(),
        (Some(at), false) => frame.say("rules.opening_at", &[("time", &frame.time(&at))]),
        (Some(at), true) => frame.say("rules.opening_near", &[("time", &frame.time(&at))]),
    };
    let listed = if explanation.blacklist.listed { "rules.listed" } else { "rules.not_listed" };
    vec![hours, opening, frame.t(listed).to_owned()]
}

fn question(frame: &Frame, name: &str) -> &'static str {
    frame.t(match name {
        "underwriting" => "rules.question_underwriting",
        "surrender" => "rules.question_surrender",
        "cancellation" => "rules.question_cancellation",
        "invoice" => "rules.question_invoice",
        _ => "rules.question_claim",
    })
}
