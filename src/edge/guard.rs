//! Requests that two readers could read differently are not read at all.
//!
//! The server refuses two lengths, a length beside chunks, and names or lines that are no header. What it lets pass and a
//! proxy in front may see otherwise is refused here, and the connection is closed, so that nothing that was meant to be
//! hidden behind it is read as a request of its own.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap};
use actix_web::http::{StatusCode, Uri, Version};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpResponse};

use super::{Edge, LimitOptions};
use crate::telemetry::{InboundOutcome, Metrics, SECRET_PATH};

/// Why a request is not looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// Not a path of this server: an address of another, or of a tunnel.
    Target,
    /// A path that a proxy may have read as another.
    Path,
    /// Where the body ends is not said once and clearly.
    Framing,
    /// The connection would not be one of HTTP any more.
    Upgrade,
    TooManyHeaders,
}

impl Flaw {
    fn status(self) -> StatusCode {
        match self {
            Self::Target | Self::Path | Self::Framing | Self::Upgrade => StatusCode::BAD_REQUEST,
            Self::TooManyHeaders => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        }
    }
}

/// For `App::wrap(from_fn(guard))`. Whoever is refused learns nothing more.
///
/// # Errors
/// Those of the handler.
pub async fn guard(
    edge: Data<Edge>,
    metrics: Data<Metrics>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let head = request.head();
    match flaw(&head.uri, head.version, head.headers(), edge.limits()) {
        None => Ok(next.call(request).await?.map_into_boxed_body()),
        Some(flaw) => {
            tracing::warn!(peer = ?edge.address(request.request()), ?flaw, "request refused unread");
            metrics.inbound(None, None, InboundOutcome::Malformed, std::time::Duration::ZERO);
            edge.failed(edge.address(request.request()));
            let answer = HttpResponse::build(flaw.status()).force_close().finish();
            Ok(request.into_response(answer))
        }
    }
}

fn flaw(uri: &Uri, version: Version, headers: &HeaderMap, limits: &LimitOptions) -> Option<Flaw> {
    if uri.scheme().is_some() || uri.authority().is_some() || !uri.path().starts_with('/') {
        return Some(Flaw::Target);
    }
    if !is_plain(uri.path()) {
        return Some(Flaw::Path);
    }
    let sizes = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len());
    let line = uri.path_and_query().map_or(0, |path| path.as_str().len());
    if headers.len() > limits.headers || line + sizes.sum::<usize>() > limits.header_bytes {
        return Some(Flaw::TooManyHeaders);
    }
    if !is_framed_once(version, headers) {
        return Some(Flaw::Framing);
    }
    // A body without end: what comes behind the header would be no request any more, whoever waits for one.
    headers.contains_key(header::UPGRADE).then_some(Flaw::Upgrade)
}

/// The server looks at this too; a proxy that forwards and a server that changes must not meet in what both leave open.
fn is_framed_once(version: Version, headers: &HeaderMap) -> bool {
    let lengths = headers.get_all(header::CONTENT_LENGTH).count();
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING);
    match (encodings.next(), encodings.next()) {
        (None, _) => lengths <= 1,
        (Some(encoding), None) => {
            lengths == 0
                && version == Version::HTTP_11
                && encoding.as_bytes().eq_ignore_ascii_case(b"chunked")
        }
        (Some(_), Some(_)) => false,
    }
}

/// Whether a path reads alike before and after decoding: nobody's segments vanish, appear or climb.
fn is_plain(path: &str) -> bool {
    let Some(decoded) = decoded(path) else { return false };
    let allowed =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>' | b'^' | b'`');
    let mut segments = path.split('/').skip(1).peekable();
    let mut sound = path.bytes().all(allowed) && !decoded.chars().any(char::is_control);
    while let (true, Some(segment)) = (sound, segments.next()) {
        let is_last = segments.peek().is_none();
        sound = (!segment.is_empty() || is_last) && !is_climbing(segment);
    }
    // The name of a document is for people and may hold anything; only its token counts.
    let before_name =
        if path.starts_with(SECRET_PATH) { path.splitn(4, '/').take(3).collect() } else { path.to_owned() };
    let lower = before_name.to_ascii_lowercase();
    sound && !["%2f", "%5c", "%2e", "%25", "%3b"].iter().any(|hidden| lower.contains(hidden))
}

/// `.` and `..`, however they are written, also with parameters behind them.
fn is_climbing(segment: &str) -> bool {
    let written = segment.to_ascii_lowercase().replace("%2e", ".");
    let name = written.split([';', '\\']).next().unwrap_or_default();
    matches!(name, "." | "..")
}

/// None where it can't be decoded, or is no UTF-8 then: an overlong character is another one to whoever takes it.
fn decoded(path: &str) -> Option<String> {
    let mut rest = path.as_bytes();
    let mut bytes = Vec::with_capacity(rest.len());
    while let [first, behind @ ..] = rest {
        if *first == b'%' {
            let (digits, behind) = behind.split_at_checked(2)?;
            bytes.push(*hex::decode(digits).ok()?.first()?);
            rest = behind;
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn found(target: &str, version: Version, headers: &[(&str, &str)]) -> Option<Flaw> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        flaw(&target.parse().unwrap(), version, &map, &LimitOptions::default())
    }

    #[test]
    fn paths_that_a_platform_and_a_link_have_are_read() {
        for path in [
            "/platforms/hainan/baohanapply",
            "/platforms/hainan",
            "/platforms/hainan/",
            "/files/TOKEN-_/%E4%BF%9D%E5%87%BD%201.ofd",
            "/files/TOKEN/100%25%20a%2Fb.pdf",
            "/files/TOKEN/a..b.pdf",
            "/livez?x=../y",
        ] {
            assert_eq!(found(path, Version::HTTP_11, &[]), None, "{path}");
        }
    }

    #[test]
    fn paths_that_read_in_two_ways_are_refused() {
        for path in [
            "//platforms/hainan",
            "/platforms//hainan",
            "/platforms/../admin",
            "/platforms/./hainan",
            "/platforms/..;/admin",
            "/platforms/%2e%2e/admin",
            "/platforms/%2E./admin",
            "/platforms/.%2e;x/admin",
            "/platforms%2fhainan",
            "/platforms/a%5cb",
            "/platforms/a%00",
            "/platforms/a%0d%0ab",
            "/platforms/%252e%252e/admin",
            "/platforms/%c0%af",
            "/platforms/%c0%ae%c0%ae/admin",
            "/platforms/%",
            "/platforms/%4",
            "/platforms/%zz",
            "/files/../platforms/hainan",
            "/files%2fTOKEN",
            "/files/TOKEN/../../platforms",
            "/files/TOKEN/%00.pdf",
        ] {
            assert_eq!(found(path, Version::HTTP_11, &[]), Some(Flaw::Path), "{path}");
        }
    }

    #[test]
    fn other_targets_than_paths_of_ours_are_refused() {
        for target in ["http://127.0.0.1/platforms/hainan", "example.com:443", "*"] {
            assert_eq!(found(target, Version::HTTP_11, &[]), Some(Flaw::Target), "{target}");
        }
    }

    #[test]
    fn a_body_whose_end_is_said_twice_or_in_other_words_is_refused() {
        let (length, chunked) = (("content-length", "5"), ("transfer-encoding", "chunked"));
        let found = |version, headers: &[_]| found("/platforms/p", version, headers);
        assert_eq!(found(Version::HTTP_11, &[length]), None);
        assert_eq!(found(Version::HTTP_11, &[chunked]), None);
        for headers in [
            &[length, chunked][..],
            &[length, length],
            &[chunked, chunked],
            &[("transfer-encoding", "xchunked")],
            &[("transfer-encoding", "chunked, identity")],
            &[("transfer-encoding", "identity")],
        ] {
            assert_eq!(found(Version::HTTP_11, headers), Some(Flaw::Framing), "{headers:?}");
        }
        assert_eq!(found(Version::HTTP_10, &[chunked]), Some(Flaw::Framing));
        assert_eq!(found(Version::HTTP_11, &[("upgrade", "websocket")]), Some(Flaw::Upgrade));
    }

    #[test]
    fn a_header_has_its_limits() {
        let many: Vec<(&str, &str)> = vec![("x", "1"); 65];
        assert_eq!(found("/livez", Version::HTTP_11, &many), Some(Flaw::TooManyHeaders));
        assert_eq!(found("/livez", Version::HTTP_11, &many[..64]), None);
        let long = "x".repeat(16_384);
        assert_eq!(found("/livez", Version::HTTP_11, &[("x", &long)]), Some(Flaw::TooManyHeaders));
        assert_eq!(found(&format!("/platforms/{long}"), Version::HTTP_11, &[]), Some(Flaw::TooManyHeaders));
    }
}
