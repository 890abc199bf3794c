//! What the core system is told when a request is not carried out: `application/problem+json` (RFC 9457) with codes that
//! stay what they are.

use std::fmt;
use std::io::ErrorKind;
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::casework::decisions::content::Misfit;
use crate::crypto::token::TokenError;
use crate::domain::Refusal;
use crate::domain::refusal::RefusalKind;
use crate::store::StoreError;

/// Where codes are explained; `type` of a problem is this with the code behind it.
pub const ERRORS: &str = "/api/v1/errors";

const CONTENT_TYPE: &str = "application/problem+json";

/// Why a request was not carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Unauthenticated,
    Forbidden,
    RateLimited,
    NotFound,
    MethodNotAllowed,
    UnsupportedMediaType,
    NotAcceptable,
    BodyTooLarge,
    RequestTimeout,
    InvalidBody,
    InvalidParameter,
    IdempotencyKeyMissing,
    IdempotencyKeyReused,
    VersionMismatch,
    IllegalState,
    RefusedContent,
    NotTellable,
    TokenInvalid,
    TokenExpired,
    Unavailable,
    Internal,
}

impl Code {
    pub const ALL: [Self; 21] = [
        Self::Unauthenticated,
        Self::Forbidden,
        Self::RateLimited,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::UnsupportedMediaType,
        Self::NotAcceptable,
        Self::BodyTooLarge,
        Self::RequestTimeout,
        Self::InvalidBody,
        Self::InvalidParameter,
        Self::IdempotencyKeyMissing,
        Self::IdempotencyKeyReused,
        Self::VersionMismatch,
        Self::IllegalState,
        Self::RefusedContent,
        Self::NotTellable,
        Self::TokenInvalid,
        Self::TokenExpired,
        Self::Unavailable,
        Self::Internal,
    ];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::RateLimited => "rate-limited",
            Self::NotFound => "not-found",
            Self::MethodNotAllowed => "method-not-allowed",
            Self::UnsupportedMediaType => "unsupported-media-type",
            Self::NotAcceptable => "not-acceptable",
            Self::BodyTooLarge => "body-too-large",
            Self::RequestTimeout => "request-timeout",
            Self::InvalidBody => "invalid-body",
            Self::InvalidParameter => "invalid-parameter",
            Self::IdempotencyKeyMissing => "idempotency-key-missing",
            Self::IdempotencyKeyReused => "idempotency-key-reused",
            Self::VersionMismatch => "version-mismatch",
            Self::IllegalState => "illegal-state",
            Self::RefusedContent => "refused-content",
            Self::NotTellable => "not-tellable",
            Self::TokenInvalid => "token-invalid",
            Self::TokenExpired => "token-expired",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }

    pub fn status(self) -> StatusCode {
        match self {
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::InvalidBody | Self::InvalidParameter | Self::IdempotencyKeyMissing => {
                StatusCode::BAD_REQUEST
            }
            Self::IdempotencyKeyReused
            | Self::RefusedContent
            | Self::NotTellable
            | Self::TokenInvalid
            | Self::TokenExpired => StatusCode::UNPROCESSABLE_ENTITY,
            Self::VersionMismatch => StatusCode::PRECONDITION_FAILED,
            Self::IllegalState => StatusCode::CONFLICT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// One line for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Unauthenticated => "未提供有效的 API 密钥",
            Self::Forbidden => "该 API 密钥没有此项权限",
            Self::RateLimited => "请求过于频繁",
            Self::NotFound => "资源不存在",
            Self::MethodNotAllowed => "该地址不支持此方法",
            Self::UnsupportedMediaType => "请求内容的类型不受支持",
            Self::NotAcceptable => "没有所要求的格式",
            Self::BodyTooLarge => "请求内容过大",
            Self::RequestTimeout => "请求内容未按时发送完毕",
            Self::InvalidBody => "请求内容不符合接口定义",
            Self::InvalidParameter => "请求参数不符合接口定义",
            Self::IdempotencyKeyMissing => "缺少 Idempotency-Key",
            Self::IdempotencyKeyReused => "同一 Idempotency-Key 已用于不同的请求",
            Self::VersionMismatch => "资源已被修改",
            Self::IllegalState => "当前状态不允许此操作",
            Self::RefusedContent => "内容不符合业务规则",
            Self::NotTellable => "平台没有对应的通知方式",
            Self::TokenInvalid => "跳转令牌无效",
            Self::TokenExpired => "跳转令牌已过期",
            Self::Unavailable => "网关暂时不可用",
            Self::Internal => "网关内部错误",
        }
    }
}

/// A request that is not carried out.
#[derive(Clone, Debug)]
pub struct Problem {
    pub code: Code,
    /// What was expected and what was found, for the engineer who reads it; nothing of our inside.
    pub detail: String,
    /// Where in the body it is (RFC 6901).
    pub pointer: Option<String>,
    /// The stable code of the rule that refused.
    pub refusal: Option<&'static str>,
    /// What the institution may do instead.
    pub legal_acts: Vec<&'static str>,
    /// Seconds.
    pub retry_after: Option<u64>,
}

/// A problem as it is sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// Where the code is explained.
    #[serde(rename = "type")]
    #[schema(example = "/api/v1/errors/illegal-state")]
    kind: String,
    title: &'a str,
    status: u16,
    /// A stable code.
    #[schema(example = "illegal-state")]
    code: &'a str,
    detail: &'a str,
    /// Where in the body the mistake is, as a JSON pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "/premium")]
    pointer: Option<&'a str>,
    /// The stable code of the business rule that refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "already-decided")]
    refusal: Option<&'a str>,
    /// What may be done with the guarantee as it stands.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    legal_acts: &'a [&'a str],
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self { code, detail, pointer: None, refusal: None, legal_acts: Vec::new(), retry_after: None }
    }

    /// A mistake at one place of the body.
    pub fn at(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..Self::new(Code::InvalidBody, detail) }
    }

    /// Of a body that stands at `pointer` and says what can't be meant.
    pub fn misfit(pointer: &str, misfit: &Misfit) -> Self {
        Self::at(format!("{pointer}/{}", misfit.member), misfit.detail.clone())
    }

    /// A body that was not read to its end.
    pub fn broken_off(error: &PayloadError) -> Self {
        match error {
            PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut => {
                Self::new(Code::RequestTimeout, "the body did not end in time")
            }
            _ => Self::new(Code::InvalidBody, "the body ended before its end"),
        }
    }

    /// A caller that has to wait.
    pub fn limited(wait: Duration, detail: impl Into<String>) -> Self {
        let whole_seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self { retry_after: Some(whole_seconds.max(1)), ..Self::new(Code::RateLimited, detail) }
    }

    pub fn parameter(name: &str, detail: impl fmt::Display) -> Self {
        Self::new(Code::InvalidParameter, format!("`{name}`: {detail}"))
    }

    pub fn of_token(error: TokenError) -> Self {
        let code = match error {
            TokenError::Unknown => Code::TokenInvalid,
            TokenError::Expired => Code::TokenExpired,
        };
        Self::new(code, error.to_string())
    }

    /// As it is sent.
    pub fn body(&self) -> ProblemBody<'_> {
        ProblemBody {
            kind: format!("{ERRORS}/{}", self.code.name()),
            title: self.code.title(),
            status: self.code.status().as_u16(),
            code: self.code.name(),
            detail: &self.detail,
            pointer: self.pointer.as_deref(),
            refusal: self.refusal,
            legal_acts: &self.legal_acts,
        }
    }

    /// What the domain refused: for where the guarantee stands, or for what the request says.
    pub fn refused(refusal: &Refusal) -> Self {
        let code = match refusal.kind() {
            RefusalKind::State => Code::IllegalState,
            RefusalKind::Content => Code::RefusedContent,
        };
        Self { refusal: Some(refusal.code()), ..Self::new(code, refusal.to_string()) }
    }

    /// A mistake at one place of the body that only what is stored shows.
    pub fn unfit(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: Some(pointer.into()), ..Self::new(Code::RefusedContent, detail) }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.name(), self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.code.status());
        response.insert_header((header::CONTENT_TYPE, CONTENT_TYPE));
        if self.code == Code::Unauthenticated {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        // A problem holds texts and numbers only: there is nothing in it that JSON can't say.
        response.body(serde_json::to_vec(&self.body()).unwrap_or_default())
    }
}

/// Logged here, once: whoever asked learns nothing of our inside.
impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Refused(refusal) => Self::refused(&refusal),
            error
                if error.is_passing() || matches!(error, StoreError::Conflict | StoreError::Duplicate(_)) =>
            {
                tracing::warn!(%error, "the core system was told to come again");
                Self { retry_after: Some(1), ..Self::new(Code::Unavailable, "the request may be repeated") }
            }
            error => {
                tracing::error!(%error, "a request of the core system failed");
                Self::new(Code::Internal, "the gateway's log says more, under the request id of this answer")
            }
        }
    }
}
