//! Chinese or English.

use std::convert::Infallible;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::dev::Payload;
use actix_web::http::header::LOCATION;
use actix_web::web::{Path, Query};
use actix_web::{FromRequest, HttpRequest, HttpResponse};
use futures_util::future::{Ready, ready};
use serde::Deserialize;

use super::{Failure, Need, Route};

const COOKIE: &str = "language";

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    #[default]
    Chinese,
    English,
}

impl Language {
    pub const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// As `<html lang>` has it.
    pub fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    fn of(request: &HttpRequest) -> Self {
        let chosen = request.cookie(COOKIE);
        let chosen = chosen.as_ref().map(Cookie::value).unwrap_or_default();
        Self::ALL.into_iter().find(|language| language.tag() == chosen).unwrap_or_default()
    }
}

impl FromRequest for Language {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(request)))
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/language/{language}", Need::Public, choose)]
}

#[derive(Deserialize)]
struct Back {
    #[serde(default)]
    back: String,
}

async fn choose(language: Path<String>, back: Query<Back>) -> Result<HttpResponse, Failure> {
    let chosen = Language::ALL.into_iter().find(|known| known.tag() == language.as_str());
    let chosen = chosen.ok_or(Failure::NotFound)?;
    let cookie = Cookie::build(COOKIE, chosen.tag()).path("/").http_only(true).same_site(SameSite::Lax);
    let place = (LOCATION, own_place(&back.back));
    Ok(HttpResponse::SeeOther().cookie(cookie.permanent().finish()).insert_header(place).finish())
}

/// A place of ours: a link that somebody sent must not lead on to another site.
pub(super) fn own_place(asked: &str) -> &str {
    let second = asked.chars().nth(1);
    let ours =
        asked.starts_with('/') && !matches!(second, Some('/' | '\\')) && !asked.contains(char::is_control);
    if ours { asked } else { "/" }
}
