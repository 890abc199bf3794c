//! The page of a letter, and the pictures in it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use actix_web::web::{Data, Path};
use askama::Template;
use serde_json::json;
use tokio::time::timeout;

use super::found::Found;
use super::verdict::{self, Word};
use crate::console::acting::Acting;
use crate::console::frame::Frame;
use crate::console::page::page as filled;
use crate::console::{Console, Failure};
use crate::document::preview::{LeftOut, Limits, PreviewError};
use crate::domain::guarantee::LetterKind;
use crate::seal::verify::{Check, SignatureReport};
use crate::seal::{Report, preview, verify_file};
use crate::store::audit;

/// No letter has so many pages; of a longer one the first are shown.
const MOST_PAGES: usize = 30;

/// So long somebody waits for a turn, and then for the work.
const PATIENCE: Duration = Duration::from_secs(20);

/// A picture may not load or run anything, also where somebody opens it by itself.
const PICTURE_POLICY: &str = "default-src 'none'; img-src data:; sandbox";

/// What was found of a letter.
struct Looked {
    report: Report,
    sheets: Vec<Sheet>,
    /// How many pages it has, if it can be read.
    count: Option<usize>,
}

/// A page of the letter.
struct Sheet {
    number: usize,
    /// In pixels of a hundred dots per inch or so: it keeps the place until the picture is there.
    width: u32,
    height: u32,
    left_out: BTreeSet<LeftOut>,
    is_drawn: bool,
}

#[derive(Template)]
#[template(path = "console/letters/page.html")]
struct LetterPage {
    frame: Frame,
    found: Found,
    looked: Looked,
}

impl LetterPage {
    fn title(&self) -> &'static str {
        match self.found.document.letter {
            LetterKind::Ciphertext => "letters.ciphertext",
            LetterKind::Merged => "letters.merged",
            LetterKind::Plaintext => "letters.plaintext",
        }
    }

    fn verdict(&self) -> Word {
        verdict::verdict(&self.looked.report)
    }

    fn coverage(&self) -> Word {
        verdict::coverage(&self.looked.report)
    }

    fn second_opinion(&self, signature: &SignatureReport) -> Word {
        verdict::second_opinion(signature)
    }

    fn outcome(&self, check: &Check) -> Word {
        verdict::outcome(check.outcome)
    }

    fn name_of(&self, check: &Check) -> &'static str {
        let (chinese, english) = check.name.label();
        if self.frame.is_chinese() { chinese } else { english }
    }

    fn lacking(&self, sheet: &Sheet) -> String {
        let lacking: Vec<_> =
            sheet.left_out.iter().map(|what| self.frame.t(verdict::lacking(*what))).collect();
        lacking.join(self.frame.either("、", ", "))
    }

    fn say_page(&self, sheet: &Sheet) -> String {
        let count = self.looked.count.unwrap_or_default().to_string();
        self.frame.say("letters.page_of", &[("number", &sheet.number.to_string()), ("count", &count)])
    }

    fn is_cut(&self) -> bool {
        self.looked.count.is_some_and(|count| count > MOST_PAGES)
    }
}

/// Shows a letter. Whoever looks at one is noted in the trail: a picture masks nothing.
pub(super) async fn page(
    frame: Frame,
    console: Data<Console>,
    acting: Acting,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Failure> {
    let (id, digest) = path.into_inner();
    let found = Found::letter(&console, &id, &digest).await?;
    let bytes = found.bytes(&console).await?;
    let detail = json!({ "digest": digest, "letter": found.document.letter.name() });
    let (entry, at) = (acting.entry("letter.view", ("guarantee", id), detail), frame.now);
    console.store.write(move |connection| audit::append(connection, &entry, at)).await?;

    let (letters, document) = (console.letters.clone(), found.document.digest.clone());
    let looked = beside(&console, move || {
        let report = verify_file(&bytes, &letters.trust, at);
        let Ok(pages) = preview::open(bytes, &Limits::default()) else {
            return Looked { report, sheets: Vec::new(), count: None };
        };
        let sheet = |index: usize| {
            let picture = letters.shelf.find(&document, index).map_or_else(
                || pages.picture(index).map(|picture| letters.shelf.keep(&document, index, picture)),
                Ok,
            );
            let size = pages.size(index).ok();
            Sheet {
                number: index + 1,
                width: size.map_or(0, |size| size.width / 2),
                height: size.map_or(0, |size| size.height / 2),
                left_out: picture.as_ref().map(|picture| picture.left_out.clone()).unwrap_or_default(),
                is_drawn: picture.is_ok(),
            }
        };
        let sheets = (0..pages.count().min(MOST_PAGES)).map(sheet).collect();
        Looked { report, sheets, count: Some(pages.count()) }
    });
    let looked = looked.await?;
    filled(&LetterPage { frame, found, looked })
}

/// A page of a letter as a picture, counted from 1.
pub(super) async fn picture(
    console: Data<Console>,
    path: Path<(String, String, usize)>,
) -> Result<HttpResponse, Failure> {
    let (id, digest, number) = path.into_inner();
    let index = number.checked_sub(1).ok_or(Failure::NotFound)?;
    let found = Found::letter(&console, &id, &digest).await?;
    let document = found.document.digest.clone();
    let picture = match console.letters.shelf.find(&document, index) {
        Some(picture) => picture,
        None => {
            let (bytes, shelf) = (found.bytes(&console).await?, Arc::clone(&console.letters.shelf));
            let drawn = beside(&console, move || {
                let picture = preview::open(bytes, &Limits::default()).and_then(|pages| pages.picture(index));
                picture.map(|picture| shelf.keep(&document, index, picture))
            });
            drawn.await?.map_err(|error| match error {
                PreviewError::NoSuchPage { .. } => Failure::NotFound,
                error => {
                    tracing::warn!(guarantee.id = %found.guarantee.id, %error, "a page of a letter could not be drawn");
                    Failure::Internal
                }
            })?
        }
    };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, picture.content_type))
        .insert_header((CONTENT_SECURITY_POLICY, PICTURE_POLICY))
        .body(picture.bytes.clone()))
}

/// Does work that takes a processor, when it is its turn. A file on which it goes on for ever keeps its turn and nobody
/// waiting.
async fn beside<T: Send + 'static>(
    console: &Console,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Failure> {
    let turn = timeout(PATIENCE, Arc::clone(&console.letters.turns).acquire_owned()).await;
    let turn = turn.map_err(|_| Failure::Busy)?.map_err(|_| Failure::Internal)?;
    let done = tokio::task::spawn_blocking(move || {
        let done = work();
        drop(turn);
        done
    });
    let done = timeout(PATIENCE, done).await.map_err(|_| {
        tracing::error!("looking at a letter takes too long");
        Failure::Busy
    })?;
    done.map_err(|error| {
        tracing::error!(%error, "looking at a letter ended in a panic");
        Failure::Internal
    })
}
