//! Templates of letters: which there are, what they print, and another text proposed with pictures of what it would print.

use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::{Bytes, Data, Path, Query};
use askama::Template;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde::Deserialize;

use super::effects::Tried;
use super::fields::Fields;
use super::proposing;
use crate::access::Permission;
use crate::changes::{Change, Content, Item, Subject};
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::{go_to, page};
use crate::console::{Console, Failure, Need, Route};
use crate::document::{Form, Letter, LetterKind, Press};

/// Fine enough to be read on a screen, and small enough for a page of several.
const DPI: u32 = 72;

pub(super) fn routes() -> Vec<Route> {
    let (see, propose) = (Need::Permission(Permission::SeeBusiness), Need::Permission(Permission::Propose));
    vec![
        Route::get("/rules/templates", see, list),
        Route::get("/rules/templates/{name}/text", see, text),
        Route::get("/rules/templates/{name}/pages", see, pages),
        Route::get("/rules/template", propose, get),
        Route::post("/rules/template", propose, post),
    ]
}

#[derive(Template)]
#[template(path = "console/rules/templates.html")]
struct TemplatesPage {
    frame: Frame,
    here: &'static str,
    templates: Vec<Listed>,
}

/// A template in the list.
struct Listed {
    name: String,
    /// What is printed by it; empty for what several share.
    form: &'static str,
    bytes: usize,
    /// The version that stands above the settings.
    version: Option<i64>,
}

#[derive(Template)]
#[template(path = "console/rules/pages.html")]
struct PagesPage {
    frame: Frame,
    here: &'static str,
    name: String,
    pictures: Vec<Picture>,
}

#[derive(Template)]
#[template(path = "console/rules/template.html")]
struct TemplatePage {
    frame: Frame,
    here: &'static str,
    name: String,
    text: String,
    reason: String,
    after: i64,
    refusal: Option<String>,
    tried: Option<Tried>,
    pictures: Vec<Picture>,
}

/// A page of a letter of invented data.
pub(super) struct Picture {
    pub(super) form: &'static str,
    pub(super) ciphertext: bool,
    pub(super) number: usize,
    /// PNG in Base64.
    pub(super) png: String,
}

#[derive(Deserialize)]
struct Asked {
    name: String,
}

async fn list(frame: Frame, console: Data<Console>) -> Result<HttpResponse, Failure> {
    let (press, overlay) = (console.changes.printing.current.get(), console.changes.overlay());
    let standing = overlay.templates();
    let templates = press.templates().map(|(name, text)| {
        let subject = Subject::Template { name: name.to_owned() };
        let version = standing.get(name).and_then(|_| overlay.latest(&subject)).map(|it| it.number);
        let form = Form::ALL.into_iter().find(|form| printed_by(*form, name)).map(Form::title);
        Listed { name: name.to_owned(), form: form.unwrap_or_default(), bytes: text.len(), version }
    });
    let templates = templates.collect();
    page(&TemplatesPage { frame, here: "templates", templates })
}

/// The text that is in force, as a file.
async fn text(console: Data<Console>, name: Path<String>) -> Result<HttpResponse, Failure> {
    let text = text_of(&console.changes.printing.current.get(), &name).ok_or(Failure::NotFound)?;
    let disposition = format!("attachment; filename=\"{name}\"");
    Ok(HttpResponse::Ok()
        .content_type("text/plain; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, disposition))
        .body(text))
}

/// What is printed by the template that is in force.
async fn pages(frame: Frame, console: Data<Console>, name: Path<String>) -> Result<HttpResponse, Failure> {
    let name = name.into_inner();
    text_of(&console.changes.printing.current.get(), &name).ok_or(Failure::NotFound)?;
    let pictures = pictures(&console, name.clone(), None).await?;
    page(&PagesPage { frame, here: "templates", name, pictures })
}

async fn get(frame: Frame, console: Data<Console>, asked: Query<Asked>) -> Result<HttpResponse, Failure> {
    let name = asked.into_inner().name;
    let text = text_of(&console.changes.printing.current.get(), &name).ok_or(Failure::NotFound)?;
    let after = proposing::last_version(&console, &Subject::Template { name: name.clone() }).await?;
    page(&TemplatePage {
        frame,
        here: "templates",
        name,
        text,
        reason: String::new(),
        after,
        refusal: None,
        tried: None,
        pictures: Vec::new(),
    })
}

async fn post(
    frame: Frame,
    acting: Acting,
    console: Data<Console>,
    body: Bytes,
) -> Result<HttpResponse, Failure> {
    let fields = Fields::read(&body)?;
    let (name, reason) = (fields.line("name").to_owned(), fields.line("reason").to_owned());
    let text = fields.text("text");
    let subject = Subject::Template { name: name.clone() };
    let after = match fields.optional::<i64>("after")?.filter(|_| fields.proposes()) {
        Some(after) => after,
        None => proposing::last_version(&console, &subject).await?,
    };
    let content = Content::Template { text: text.clone() };
    let change = Change::new(vec![Item { subject, after, content }], reason.clone());
    let (mut refusal, mut tried, mut shown) = (None, None, Vec::new());
    if fields.proposes() {
        match proposing::proposed(&console, &frame, acting, &change).await? {
            Ok(place) => return Ok(go_to(&place)),
            Err(reason) => refusal = Some(reason),
        }
    } else {
        match proposing::tried(&console, &change).await? {
            Ok(effects) => {
                tried = Some(Tried::new(&frame, effects));
                shown = pictures(&console, name.clone(), Some(text.clone())).await?;
            }
            Err(reason) => refusal = Some(proposing::said(&frame, &reason)),
        }
    }
    let here = "templates";
    page(&TemplatePage { frame, here, name, text, reason, after, refusal, tried, pictures: shown })
}

fn text_of(press: &Press, name: &str) -> Option<String> {
    press.templates().find(|(known, _)| *known == name).map(|(_, text)| text.to_owned())
}

fn printed_by(form: Form, name: &str) -> bool {
    name.strip_suffix(".typ") == Some(form.name())
}

/// Pictures of the letters that a template prints, or all letters where it is one that they share; with another text of it,
/// where there is one.
///
/// # Errors
/// When a page can't be drawn.
pub(super) async fn pictures(
    console: &Console,
    name: String,
    text: Option<String>,
) -> Result<Vec<Picture>, Failure> {
    let printing = &console.changes.printing;
    let (base, overlay) = (printing.base.clone(), console.changes.overlay());
    let drawn = printing.workshop.run(move || {
        let mut texts = overlay.templates();
        texts.extend(text.map(|text| (name.clone(), text)));
        let press = base.with_templates(&texts)?;
        let own = Form::ALL.into_iter().any(|form| printed_by(form, &name));
        let forms = Form::ALL.into_iter().filter(|form| !own || printed_by(*form, &name));
        let mut pictures = Vec::new();
        for form in forms {
            for kind in [LetterKind::Plaintext, LetterKind::Ciphertext] {
                if form.has(kind) {
                    pictures.extend(draw(&press, form, kind)?);
                }
            }
        }
        Ok::<_, anyhow::Error>(pictures)
    });
    let drawn = drawn.await.map_err(|_| Failure::Internal)?;
    drawn.map_err(|error| {
        tracing::error!(error = format!("{error:#}"), "a template could not be drawn");
        Failure::Internal
    })
}

fn draw(press: &Press, form: Form, kind: LetterKind) -> anyhow::Result<Vec<Picture>> {
    let laid = press.letter(&Letter::sample(form, kind))?;
    let pages = (0..laid.pages()).filter_map(|index| {
        let png = BASE64_STANDARD.encode(laid.page_png(index, DPI)?);
        Some(Picture {
            form: form.title(),
            ciphertext: kind == LetterKind::Ciphertext,
            number: index + 1,
            png,
        })
    });
    Ok(pages.collect())
}
