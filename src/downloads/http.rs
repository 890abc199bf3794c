//! `GET` and `HEAD /files/{token}/{name}`, on the listener that platforms push to.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{self, Bytes, Data, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use tracing::Instrument;

use super::File;
use super::answer::{self, Answer};
use crate::clock::Clock;
use crate::domain::identity::PlatformId;
use crate::edge::Edge;
use crate::store::archive::ArchiveError;
use crate::store::links::{self, Found, Link, Token};
use crate::store::{Archive, Store};
use crate::supervise;
use crate::telemetry::{DownloadResult, Metrics, SECRET_PATH};

/// As much of a document's digest as tells it from others in a log.
const SHOWN_DIGITS: usize = 12;

/// Answers those who follow a link. Cheap to clone.
#[derive(Clone)]
pub struct Downloads {
    pub store: Store,
    pub archive: Archive,
    pub clock: Clock,
    pub metrics: Metrics,
    /// How often an address may ask.
    pub edge: Edge,
}

/// Routes. The name is there for whoever saves the file; only the token counts.
pub fn configure(config: &mut ServiceConfig, downloads: Downloads) {
    let paths = [format!("{SECRET_PATH}/{{token}}"), format!("{SECRET_PATH}/{{token}}/{{name:.*}}")];
    let resource = web::resource(paths.to_vec());
    config
        .app_data(Data::new(downloads))
        .service(resource.route(web::get().to(fetch)).route(web::head().to(fetch)));
}

async fn fetch(request: HttpRequest, downloads: Data<Downloads>) -> HttpResponse {
    let token = request.match_info().get("token").and_then(Token::parse);
    let address = downloads.edge.address(&request);
    if let Err(wait) = downloads.edge.admit(address) {
        downloads.metrics.downloaded(None, DownloadResult::Limited);
        let seconds = wait.as_secs().saturating_add(1);
        return answer::begin(StatusCode::TOO_MANY_REQUESTS).insert_header((RETRY_AFTER, seconds)).finish();
    }
    let peer = address.map(|address| address.to_string()).unwrap_or_default();
    match downloads.open(token, &peer).await {
        Ok((link, document)) => {
            let (digest, name, content_type) = (&link.document, &link.name, &link.content_type);
            let answer = answer::to(&request, &File { digest, name, content_type }, document);
            downloads.note(link, &answer, &peer);
            answer.response
        }
        Err(closed) => {
            downloads.metrics.downloaded(closed.platform.as_ref().map(PlatformId::as_str), closed.result);
            if closed.result == DownloadResult::Unknown {
                downloads.edge.failed(address);
            }
            let status = match closed.result {
                DownloadResult::Failed => StatusCode::SERVICE_UNAVAILABLE,
                // Whoever tries tokens learns nothing from the answer, not even that there was a link.
                _ => StatusCode::NOT_FOUND,
            };
            answer::begin(status).finish()
        }
    }
}

/// Why there is nothing to fetch.
struct Closed {
    platform: Option<PlatformId>,
    result: DownloadResult,
}

impl Downloads {
    /// The link that a token opens, and its document.
    async fn open(&self, token: Option<Token>, peer: &str) -> Result<(Link, Bytes), Closed> {
        let closed = |platform, result| Err(Closed { platform, result });
        let Some(token) = token else { return closed(None, DownloadResult::Unknown) };
        let now = self.clock.now();
        let link = match self.store.read(move |connection| links::find(connection, &token, now)).await {
            Ok(Found::Open(link)) => link,
            Ok(Found::Expired(link)) => {
                tracing::info!(guarantee.id = %link.guarantee, peer, "expired link followed");
                return closed(link.platform, DownloadResult::Expired);
            }
            Ok(Found::Unknown) => return closed(None, DownloadResult::Unknown),
            Err(error) => {
                tracing::error!(%error, "link could not be looked up");
                return closed(None, DownloadResult::Failed);
            }
        };
        match self.archive.get(&link.document).await {
            Ok(document) => Ok((link, document.into())),
            Err(error) => {
                tracing::error!(guarantee.id = %link.guarantee, %error, "document could not be handed out");
                let missing = matches!(error, ArchiveError::Missing(_));
                let result = if missing { DownloadResult::Missing } else { DownloadResult::Failed };
                closed(link.platform, result)
            }
        }
    }

    /// Counts and logs an answer. The row is written behind it: nobody waits for it, and a fetch that can't be counted
    /// is still a fetch.
    fn note(&self, link: Link, answer: &Answer, peer: &str) {
        let platform = link.platform.as_ref().map(PlatformId::as_str);
        self.metrics.downloaded(platform, answer.result);
        tracing::info!(
            platform,
            guarantee.id = %link.guarantee,
            document = link.document.as_str().get(..SHOWN_DIGITS).unwrap_or_default(),
            peer,
            size_bytes = answer.size,
            result = answer.result.name(),
            "link followed"
        );
        if answer.size == 0 {
            return;
        }
        let (store, now) = (self.store.clone(), self.clock.now());
        let counting = async move {
            let Link { id, guarantee, .. } = link;
            if let Err(error) = store.write(move |connection| links::count_fetch(connection, &id, now)).await
            {
                tracing::warn!(guarantee.id = %guarantee, %error, "fetch of a document could not be counted");
            }
        };
        drop(supervise::spawn("count of a fetch", counting.in_current_span()));
    }
}
