//! Why a page is not shown. The person reads what to do; causes stay in the log.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use super::language::Language;
use crate::store::StoreError;

/// Why a request to the console was not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody is signed in, or not any more.
    SignedOut,
    /// None of the person's roles permits it.
    Forbidden,
    /// The form was not one of ours, or its session is over.
    FromElsewhere,
    NotFound,
    /// The address or the form can't be read.
    NotUnderstood,
    TooLarge,
    /// What was asked for can't be done as things stand; the reason, for the person, in their language.
    Refused(String),
    /// Somebody else was quicker, or the gateway is busy: the same may work in a moment.
    Busy,
    Internal,
}

impl Failure {
    fn status(&self) -> StatusCode {
        match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Forbidden | Self::FromElsewhere => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotUnderstood => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Refused(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The key of its text.
    fn text(&self) -> &'static str {
        match self {
            Self::SignedOut => "failure.signed_out",
            Self::Forbidden => "failure.forbidden",
            Self::FromElsewhere => "failure.from_elsewhere",
            Self::NotFound => "failure.not_found",
            Self::NotUnderstood => "failure.not_understood",
            Self::TooLarge => "failure.too_large",
            Self::Refused(_) => "failure.refused",
            Self::Busy => "failure.busy",
            Self::Internal => "failure.internal",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        if error.lost_a_race() || matches!(error, StoreError::Busy(_) | StoreError::Unavailable(_)) {
            tracing::warn!(%error, "a page of the console could not be answered");
            return Self::Busy;
        }
        tracing::error!(%error, "a page of the console failed");
        Self::Internal
    }
}

#[derive(Template)]
#[template(path = "console/failure.html")]
struct FailurePage {
    title: &'static str,
    reason: String,
    home: &'static str,
}

impl ResponseError for Failure {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        let text = |language| super::texts::text(self.text(), language);
        let (chinese, english) = (text(Language::Chinese), text(Language::English));
        let reason = match self {
            Self::Refused(reason) => reason.clone(),
            _ => english.to_owned(),
        };
        let home = super::texts::text("failure.home", Language::Chinese);
        let page = FailurePage { title: chinese, reason, home };
        let body = page.render().unwrap_or_else(|_| chinese.to_owned());
        HttpResponse::build(self.status()).content_type("text/html; charset=utf-8").body(body)
    }
}

/// What is asked for under an address that nothing stands under.
pub(super) async fn no_such_page(_: HttpRequest) -> Result<HttpResponse, Failure> {
    Err(Failure::NotFound)
}
