//! The evidence of one guarantee's claims.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;

use super::words::{reason_words, state_words};
use crate::access::Permission;
use crate::casework::evidence::{Exhibit, exhibits};
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::domain::identity::{ApplicationNumber, GuaranteeId};
use crate::store::evidence::{Evidence, State};
use crate::store::guarantees;

#[derive(Template)]
#[template(path = "console/evidence/list.html")]
struct EvidencePage {
    frame: Frame,
    guarantee: GuaranteeId,
    application: ApplicationNumber,
    exhibits: Vec<Exhibit>,
}

impl EvidencePage {
    fn is_moving(&self) -> bool {
        self.exhibits.iter().filter_map(|it| it.evidence.as_ref()).any(|it| it.state == State::Asked)
    }

    fn may_handle(&self) -> bool {
        self.frame.may(Permission::HandleEvidence)
    }

    /// Whether somebody may say that it is fetched.
    fn is_open(&self, exhibit: &Exhibit) -> bool {
        let state = exhibit.evidence.as_ref().map(|evidence| evidence.state);
        exhibit.is_current && matches!(state, None | Some(State::Refused | State::Failed))
    }

    fn state(&self, evidence: &Evidence) -> (&'static str, &'static str) {
        state_words(evidence.state)
    }

    fn reason(&self, reason: &str) -> &'static str {
        reason_words(reason)
    }

    fn kilobytes(&self, size: &u64) -> u64 {
        size.div_ceil(1024)
    }
}

pub(super) async fn get(
    frame: Frame,
    console: Data<Console>,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let id = GuaranteeId::parse(&id).ok_or(Failure::NotFound)?;
    let found = console.store.read(move |connection| {
        let Some(stored) = guarantees::find(connection, &id)? else {
            return Ok(None);
        };
        let exhibits = exhibits(connection, &stored.guarantee)?;
        Ok(Some((stored.guarantee, exhibits)))
    });
    let (guarantee, exhibits) = found.await?.ok_or(Failure::NotFound)?;
    let application = guarantee.application.number.clone();
    page(&EvidencePage { frame, guarantee: guarantee.id, application, exhibits })
}
