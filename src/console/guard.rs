//! Who asks, and whether they may: the one place where sessions, permissions and forms of other sites are looked at.

use std::collections::HashMap;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_TYPE, LOCATION};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse};
use futures_util::future::{Ready, ready};
use subtle::ConstantTimeEq;

use super::values::encoded;
use super::{Console, Failure, Need, Route};
use crate::access::Operator;
use crate::access::sessions::{self, SignedIn};
use crate::store::sessions::SessionToken;
use crate::supervise;

/// Where somebody signs in.
pub(super) const SIGN_IN: &str = "/sign-in";

/// The field of a form, and the header of a script's request, that show that the page was ours.
pub(super) const FORM_TOKEN: &str = "form_token";
const FORM_TOKEN_HEADER: &str = "x-form-token";

/// What each route needs.
pub(super) struct Needs(HashMap<(Method, &'static str), Need>);

impl Needs {
    pub(super) fn of(routes: &[Route]) -> Self {
        Self(routes.iter().map(|route| ((route.method.clone(), route.path), route.need)).collect())
    }

    fn find(&self, request: &ServiceRequest) -> Option<Need> {
        let pattern = request.match_pattern()?;
        // Whoever asks for the head of a page is asked for the same as whoever asks for the page.
        let method = if request.method() == Method::HEAD { &Method::GET } else { request.method() };
        self.0.iter().find(|((on, path), _)| on == method && *path == pattern).map(|(_, need)| *need)
    }
}

/// The session at hand; handlers take it as an argument.
#[derive(Clone, Debug)]
pub struct Session {
    pub operator: Operator,
    /// The id under which the session is listed and ended.
    pub id: String,
    /// What the forms of this session's pages carry.
    pub form_token: String,
}

impl FromRequest for Session {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.extensions().get::<Self>().cloned().ok_or(Failure::SignedOut))
    }
}

/// Lets a request pass that brings what its route needs.
///
/// # Errors
/// Those of the handler; whoever is not admitted gets a page that says so.
pub(super) async fn admit(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match examine(&mut request).await {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(Failure::SignedOut) => {
            let answer = to_sign_in(request.request());
            Ok(request.into_response(answer))
        }
        Err(failure) => Ok(request.error_response(failure)),
    }
}

async fn examine(request: &mut ServiceRequest) -> Result<(), Failure> {
    let need = request.app_data::<Data<Needs>>().and_then(|needs| needs.find(request));
    let Some(need) = need else { return Err(Failure::NotFound) };
    let session = session(request).await?;
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD);
    if changes && is_from_elsewhere(request.request()) {
        return Err(Failure::FromElsewhere);
    }
    match (need, &session) {
        (Need::Public, _) => {}
        (_, None) => return Err(Failure::SignedOut),
        (Need::SignedIn, Some(_)) => {}
        (Need::Permission(permission), Some(session)) if session.operator.may(permission) => {}
        (Need::Permission(_), Some(_)) => return Err(Failure::Forbidden),
    }
    if let Some(session) = session {
        if changes {
            let shown = shown_token(request).await?;
            if !bool::from(shown.as_bytes().ct_eq(session.form_token.as_bytes())) {
                return Err(Failure::FromElsewhere);
            }
        }
        request.extensions_mut().insert(session);
    }
    Ok(())
}

/// The session of the request's cookie, if there is one that holds.
async fn session(request: &ServiceRequest) -> Result<Option<Session>, Failure> {
    let Some(console) = request.app_data::<Data<Console>>() else { return Ok(None) };
    let Some(cookie) = request.cookie(console.options.cookie()) else { return Ok(None) };
    let token = SessionToken::presented(cookie.value());
    let (now, lifetime, asked) = (console.clock.now(), console.options.lifetime(), token.clone());
    let found =
        console.store.read(move |connection| sessions::who(connection, &asked, lifetime, now)).await?;
    let Some(SignedIn { operator, session: id, use_is_news }) = found else { return Ok(None) };
    // A page that refreshes itself is nobody's work: the session of an empty chair ends.
    let by_itself = request.headers().contains_key("hx-request");
    if use_is_news && !by_itself {
        note_use(console, id.clone());
    }
    Ok(Some(Session { operator, id, form_token: token.form_token() }))
}

/// Behind the request: nobody waits for the note.
fn note_use(console: &Console, id: String) {
    let (store, now) = (console.store.clone(), console.clock.now());
    drop(supervise::spawn("note of a session's use", async move {
        let noted =
            store.write(move |connection| crate::store::sessions::note_use(connection, &id, now)).await;
        if let Err(error) = noted {
            tracing::warn!(%error, "the use of a session could not be noted");
        }
    }));
}

/// Whether a browser says that another site made this request. Programs that are no browsers say nothing, and have no cookie
/// that a site could make them send.
fn is_from_elsewhere(request: &HttpRequest) -> bool {
    let text = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text("sec-fetch-site") {
        return !matches!(site, "same-origin" | "none");
    }
    match (text("origin"), text("host")) {
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, from)| from != host),
        _ => false,
    }
}

/// The token that the form carries, or the script's header. A form's body is read here and put back for its handler.
async fn shown_token(request: &mut ServiceRequest) -> Result<String, Failure> {
    if let Some(header) = request.headers().get(FORM_TOKEN_HEADER) {
        return Ok(header.to_str().unwrap_or_default().to_owned());
    }
    let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(Failure::FromElsewhere);
    }
    let body = request.extract::<Bytes>().await.map_err(|_| Failure::TooLarge)?;
    let text = std::str::from_utf8(&body).map_err(|_| Failure::NotUnderstood)?;
    let fields = Query::<Vec<(String, String)>>::from_query(text).map_err(|_| Failure::NotUnderstood)?;
    let token = fields.into_inner().into_iter().find(|(name, _)| name == FORM_TOKEN);
    request.set_payload(Payload::from(body));
    Ok(token.map(|(_, value)| value).unwrap_or_default())
}

/// Sends whoever is not signed in to where that is done, and from there back to the page that was asked for.
fn to_sign_in(request: &HttpRequest) -> HttpResponse {
    let asked = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let back = encoded(asked);
    let place = match *request.method() {
        Method::GET => format!("{SIGN_IN}?back={back}"),
        _ => SIGN_IN.to_owned(),
    };
    // A part of a page that refreshes itself can't be replaced by another page: the whole page goes.
    if request.headers().contains_key("hx-request") {
        return HttpResponse::build(StatusCode::UNAUTHORIZED)
            .insert_header(("hx-redirect", SIGN_IN))
            .finish();
    }
    HttpResponse::SeeOther().insert_header((LOCATION, place)).finish()
}
