//! A document as HTTP carries it: whole, in part, or not again (RFC 9110, 13 and 14).

use actix_web::http::header::{
    self, ACCEPT_RANGES, ByteRangeSpec, CacheControl, CacheDirective, Charset, ContentDisposition,
    ContentRange, ContentRangeSpec, DispositionParam, DispositionType, ETag, EntityTag, ExtendedValue,
    Header, IF_RANGE, IfNoneMatch, IfRange, Range,
};
use actix_web::http::{Method, StatusCode};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use super::File;
use crate::telemetry::DownloadResult;

pub(super) struct Answer {
    pub(super) response: HttpResponse,
    pub(super) result: DownloadResult,
    /// How many bytes of the document it carries.
    pub(super) size: usize,
}

/// Answers a request for a document that is there.
pub(super) fn to(request: &HttpRequest, file: &File<'_>, document: Bytes) -> Answer {
    let tag = EntityTag::new_strong(file.digest.to_string());
    let begin = |status| {
        let mut response = begin(status);
        response.insert_header(ETag(tag.clone())).insert_header((ACCEPT_RANGES, "bytes"));
        response
    };
    if has_it(request, &tag) {
        let response = begin(StatusCode::NOT_MODIFIED).finish();
        return Answer { response, result: DownloadResult::Unchanged, size: 0 };
    }
    let length = u64::try_from(document.len()).unwrap_or(u64::MAX);
    let with_range = |status, range| {
        let mut response = begin(status);
        response
            .insert_header(ContentRange(ContentRangeSpec::Bytes { range, instance_length: Some(length) }));
        response
    };
    let (mut response, part, result) = match asked_range(request, &tag) {
        None if request.method() == Method::HEAD => {
            let mut response = begin(StatusCode::OK);
            describe(&mut response, file);
            // The server leaves the body out and keeps its length.
            return Answer { response: response.body(document), result: DownloadResult::Described, size: 0 };
        }
        None => (begin(StatusCode::OK), document, DownloadResult::Whole),
        Some(range) => match range.to_satisfiable_range(length).map(|range| (range, cut(&document, range))) {
            Some((range, Some(part))) => {
                (with_range(StatusCode::PARTIAL_CONTENT, Some(range)), part, DownloadResult::Part)
            }
            _ => {
                let response = with_range(StatusCode::RANGE_NOT_SATISFIABLE, None).finish();
                return Answer { response, result: DownloadResult::Unsatisfiable, size: 0 };
            }
        },
    };
    describe(&mut response, file);
    let size = part.len();
    Answer { response: response.body(part), result, size }
}

/// What every answer says, this of a link that does not open included.
pub(super) fn begin(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response
        .insert_header(CacheControl(vec![CacheDirective::Private, CacheDirective::NoStore]))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        // A page that a document leads to must not learn the link.
        .insert_header((header::REFERRER_POLICY, "no-referrer"));
    response
}

fn describe(response: &mut HttpResponseBuilder, file: &File<'_>) {
    let disposition =
        ContentDisposition { disposition: DispositionType::Attachment, parameters: names(file.name) };
    response.content_type(file.content_type).insert_header(disposition);
}

/// The name, and before it one for those who read ASCII only (RFC 6266, appendix D).
fn names(name: &str) -> Vec<DispositionParam> {
    let plain = |c: char| (c.is_ascii_graphic() || c == ' ') && !matches!(c, '"' | '\\' | '/' | '%');
    let fallback: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let exact = ExtendedValue {
        charset: Charset::Ext("UTF-8".to_owned()),
        language_tag: None,
        value: name.as_bytes().to_vec(),
    };
    vec![DispositionParam::Filename(fallback), DispositionParam::FilenameExt(exact)]
}

fn has_it(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|it| it.weak_eq(tag)),
        Err(_) => false,
    }
}

/// The one range that is asked for. Several ranges, other units and what can't be read get the whole document, as RFC
/// 9110, 14.2 allows; so does a range of another document than this one.
fn asked_range(request: &HttpRequest, tag: &EntityTag) -> Option<ByteRangeSpec> {
    if request.method() != Method::GET {
        return None;
    }
    if request.headers().contains_key(IF_RANGE) {
        let same = |of: IfRange| matches!(of, IfRange::EntityTag(of) if of.strong_eq(tag));
        IfRange::parse(request).is_ok_and(same).then_some(())?;
    }
    match Range::parse(request) {
        Ok(Range::Bytes(mut ranges)) if ranges.len() == 1 => ranges.pop(),
        _ => None,
    }
}

/// From the first to the last byte, both included; shares the document's memory.
fn cut(document: &Bytes, (first, last): (u64, u64)) -> Option<Bytes> {
    let (first, last) = (usize::try_from(first).ok()?, usize::try_from(last).ok()?);
    Some(document.slice_ref(document.get(first..=last)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_in_ascii_too_and_breaks_no_header() {
        let header = |name: &str| {
            let parameters = names(name);
            ContentDisposition { disposition: DispositionType::Attachment, parameters }.to_string()
        };
        assert_eq!(
            header("保函 1.ofd"),
            "attachment; filename=\"__ 1.ofd\"; filename*=UTF-8''%E4%BF%9D%E5%87%BD%201.ofd"
        );
        let tricky = header("a\"\\\r\n/%41.pdf");
        assert!(
            tricky.starts_with("attachment; filename=\"a______41.pdf\"; filename*=UTF-8''a%22%5C%0D%0A"),
            "{tricky}"
        );
    }
}
