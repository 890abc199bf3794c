//! Signing in and out: name and password, then whatever else is to be shown, one page for each step.

mod code;
pub(super) mod enrolment;
mod new_password;
pub(super) mod picture;
mod provider;
mod step;

use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use serde::Deserialize;

use super::caller::Caller;
use super::cookies::{self, Use};
use super::frame::Frame;
use super::guard::{SIGN_IN, Session};
use super::language::own_place;
use super::page::{go_to, page};
use super::values::encoded;
use super::{Console, Failure, Need, Route};
use crate::access::sign_in::{Admitted, Refused};
use crate::access::{BACK_FROM_PROVIDER, By, Permission, Role, Unfit};
use crate::secret::Secret;
use crate::store::sessions::Stage;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get(SIGN_IN, Need::Public, show),
        Route::post(SIGN_IN, Need::Public, send),
        Route::get("/sign-in/code", Need::Public, code::show),
        Route::post("/sign-in/code", Need::Public, code::send),
        Route::get("/sign-in/new-password", Need::Public, new_password::show),
        Route::post("/sign-in/new-password", Need::Public, new_password::send),
        Route::get("/sign-in/enrolment", Need::Public, enrolment::show),
        Route::post("/sign-in/enrolment", Need::Public, enrolment::send),
        Route::post("/sign-in/provider", Need::Public, provider::depart),
        Route::get(BACK_FROM_PROVIDER, Need::Public, provider::arrive),
        Route::post("/sign-out", Need::SignedIn, sign_out),
    ]
}

/// Where somebody wanted to go before signing in.
#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    back: String,
}

#[derive(Template)]
#[template(path = "console/sign_in/page.html")]
struct SignInPage {
    frame: Frame,
    back: String,
    /// As it was typed, after a failure.
    name: String,
    trouble: Option<String>,
    provider: Option<String>,
}

async fn show(console: Data<Console>, frame: Frame, query: Query<Back>) -> Result<HttpResponse, Failure> {
    if let Some(session) = &frame.session {
        return Ok(go_to(match own_place(&query.back) {
            "/" => home(&session.operator.roles),
            back => back,
        }));
    }
    let provider = console.access.provider_title().map(str::to_owned);
    let back = own_place(&query.back).to_owned();
    page(&SignInPage { frame, back, name: String::new(), trouble: None, provider })
}

#[derive(Deserialize)]
struct Shown {
    name: String,
    password: Secret,
    #[serde(default)]
    back: String,
}

async fn send(
    console: Data<Console>,
    frame: Frame,
    caller: Caller,
    form: Form<Shown>,
) -> Result<HttpResponse, Failure> {
    let Shown { name, password, back } = form.into_inner();
    let back = own_place(&back).to_owned();
    match console.access.with_password(&name, password, &caller.0).await {
        Ok(admitted) => Ok(admit(&console, &admitted, &back)),
        Err(refused) => {
            let (mut answer, trouble) = refuse(&frame, &refused)?;
            let provider = console.access.provider_title().map(str::to_owned);
            let page = SignInPage { frame, back, name, trouble: Some(trouble), provider };
            fill(&mut answer, &page)
        }
    }
}

async fn sign_out(console: Data<Console>, session: Session, caller: Caller) -> Result<HttpResponse, Failure> {
    console.access.sign_out(&session.id, By::operator(&session.operator, &caller.0)).await?;
    let mut answer = go_to(SIGN_IN);
    add_cookies(&mut answer, [cookies::forget(Use::Session, &console.options)]);
    // What the browser still holds of pages that were shown goes too.
    let everything = actix_web::http::header::HeaderValue::from_static("\"cache\", \"storage\"");
    answer
        .headers_mut()
        .insert(actix_web::http::header::HeaderName::from_static("clear-site-data"), everything);
    Ok(answer)
}

/// Sends somebody on who has taken a step: to the next one, or to where they wanted to go.
fn admit(console: &Console, admitted: &Admitted, back: &str) -> HttpResponse {
    let next = match admitted.stage {
        Stage::Code => "/sign-in/code",
        Stage::NewPassword => "/sign-in/new-password",
        Stage::Enrolment => "/sign-in/enrolment",
        Stage::Whole => "",
    };
    let mut answer = match next {
        "" if back == "/" => go_to(home(&admitted.roles)),
        "" => go_to(own_place(back)),
        next => {
            let back = encoded(back);
            go_to(&format!("{next}?back={back}"))
        }
    };
    add_cookies(&mut answer, cookies_of(console, admitted));
    answer
}

/// The first page that somebody with these roles may see.
fn home(roles: &[Role]) -> &'static str {
    let may = |permission: Permission| roles.iter().any(|role| role.permits(permission));
    if may(Permission::SeeBusiness) {
        "/"
    } else if may(Permission::SeeUsers) {
        "/users"
    } else {
        "/account"
    }
}

/// What the browser keeps and forgets after a step.
fn cookies_of(console: &Console, admitted: &Admitted) -> [actix_web::cookie::Cookie<'static>; 2] {
    let options = &console.options;
    match admitted.stage {
        Stage::Whole => {
            [cookies::keep(Use::Session, &admitted.token, options), cookies::forget(Use::Step, options)]
        }
        _ => [cookies::keep(Use::Step, &admitted.token, options), cookies::forget(Use::Session, options)],
    }
}

fn add_cookies(
    answer: &mut HttpResponse,
    cookies: impl IntoIterator<Item = actix_web::cookie::Cookie<'static>>,
) {
    for cookie in cookies {
        if answer.add_cookie(&cookie).is_err() {
            tracing::error!("a cookie could not be written");
        }
    }
}

/// How a page answers a step that was not taken, and what it says.
///
/// # Errors
/// Where there is another page for it.
pub(super) fn refuse(frame: &Frame, refused: &Refused) -> Result<(HttpResponseBuilder, String), Failure> {
    let unprocessable = || HttpResponse::UnprocessableEntity();
    Ok(match refused {
        Refused::Credentials => (HttpResponse::Unauthorized(), frame.t("sign_in.credentials").to_owned()),
        Refused::Code => (HttpResponse::Unauthorized(), frame.t("sign_in.wrong_code").to_owned()),
        Refused::Wait(wait) => {
            let mut answer = HttpResponse::TooManyRequests();
            let seconds = wait.as_secs().saturating_add(1).to_string();
            answer.insert_header((RETRY_AFTER, seconds.clone()));
            (answer, frame.say("sign_in.wait", &[("seconds", &seconds)]))
        }
        Refused::Over => (HttpResponse::Unauthorized(), frame.t("sign_in.over").to_owned()),
        Refused::Unfit(unfit) => (unprocessable(), why_unfit(frame, *unfit)),
        Refused::Crowded => (HttpResponse::ServiceUnavailable(), frame.t("sign_in.crowded").to_owned()),
        Refused::Store(error) => return Err(error.clone().into()),
    })
}

fn why_unfit(frame: &Frame, unfit: Unfit) -> String {
    match unfit {
        Unfit::Short(shortest) => frame.say("sign_in.unfit_short", &[("shortest", &shortest.to_string())]),
        Unfit::Long => frame.t("sign_in.unfit_long").to_owned(),
        Unfit::Name => frame.t("sign_in.unfit_name").to_owned(),
        Unfit::Common => frame.t("sign_in.unfit_common").to_owned(),
        Unfit::Same => frame.t("sign_in.unfit_same").to_owned(),
    }
}

/// The page as the body of an answer with another status.
pub(super) fn fill(
    answer: &mut HttpResponseBuilder,
    template: &impl Template,
) -> Result<HttpResponse, Failure> {
    let filled = page(template)?;
    Ok(answer.content_type("text/html; charset=utf-8").body(filled.into_body()))
}
