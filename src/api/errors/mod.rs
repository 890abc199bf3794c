//! The page of error codes: what each means and what to do, for people (HTML, Chinese first) and for programs (JSON).
//! Nobody needs a key for it: `type` of a problem leads here.

mod codes;
mod page;
mod refusals;

use actix_web::http::header::{self, Accept, Header};
use actix_web::web::{self, Path, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use utoipa::ToSchema;

pub(super) use codes::text;

use super::at;
use super::problem::{Code, ERRORS, Problem, ProblemBody};

/// The page has no scripts, nothing from elsewhere, and no personal data.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
const CACHE: &str = "public, max-age=3600";

/// A text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Bilingual {
    pub zh: &'static str,
    pub en: &'static str,
}

/// What a code stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The field `code` of a problem.
    Problem,
    /// The field `refusal` of a problem: which business rule refused.
    Refusal,
}

/// One code, explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ErrorCode)]
pub struct Explanation {
    #[schema(example = "illegal-state")]
    pub code: &'static str,
    /// Where it is explained; of a problem, its `type`.
    #[serde(rename = "type")]
    #[schema(example = "/api/v1/errors/illegal-state")]
    pub address: String,
    pub kind: Kind,
    /// The status that it comes with.
    #[schema(minimum = 400, maximum = 599, example = 409)]
    pub status: u16,
    pub meaning: Bilingual,
    pub remedy: Bilingual,
    /// A problem with this code.
    #[schema(value_type = ProblemBody<'static>)]
    pub example: serde_json::Value,
}

/// All codes: those of problems in the order of [`Code::ALL`], then those of refusals by the life of a guarantee.
pub fn all() -> Vec<Explanation> {
    let problems = Code::ALL.map(|code| {
        let (meaning, remedy, detail) = text(code);
        explanation(code.name(), Kind::Problem, meaning, remedy, &Problem::new(code, detail))
    });
    let refusals = refusals::TABLE.iter().map(|row| {
        let example = Problem { refusal: Some(row.code), ..Problem::new(row.problem, row.meaning.zh) };
        explanation(row.code, Kind::Refusal, row.meaning, row.remedy, &example)
    });
    problems.into_iter().chain(refusals).collect()
}

fn explanation(
    code: &'static str,
    kind: Kind,
    meaning: Bilingual,
    remedy: Bilingual,
    example: &Problem,
) -> Explanation {
    let status = example.code.status().as_u16();
    let example = serde_json::to_value(example.body()).unwrap_or_default();
    Explanation { code, address: format!("{ERRORS}/{code}"), kind, status, meaning, remedy, example }
}

pub(super) fn routes(config: &mut ServiceConfig) {
    config
        .service(at("/errors").route(web::get().to(list)))
        .service(at("/errors/{code}").route(web::get().to(read)));
}

/// All error codes
///
/// A page for people or JSON, as `Accept` asks; no key is needed.
#[utoipa::path(
    get,
    path = "/api/v1/errors",
    tag = "description",
    operation_id = "listErrorCodes",
    responses(
        (status = 200, description = "Every code", content(
            (Vec<Explanation> = "application/json"), (String = "text/html"))),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(())
)]
pub(super) async fn list(request: HttpRequest) -> Result<HttpResponse, Problem> {
    let all = all();
    Ok(match wanted(&request)? {
        Form::Json => answer("application/json", serde_json::to_string(&all).unwrap_or_default()),
        Form::Html => answer("text/html; charset=utf-8", page::of(&all)),
    })
}

/// One error code
///
/// A page for people or JSON, as `Accept` asks; no key is needed.
#[utoipa::path(
    get,
    path = "/api/v1/errors/{code}",
    tag = "description",
    operation_id = "getErrorCode",
    params(("code" = String, Path, description = "A code of a problem or of a refusal", example = "illegal-state")),
    responses(
        (status = 200, description = "The code", content((Explanation = "application/json"), (String = "text/html"))),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(())
)]
pub(super) async fn read(request: HttpRequest, code: Path<String>) -> Result<HttpResponse, Problem> {
    let found = all().into_iter().find(|explanation| explanation.code == *code);
    let found = found.ok_or_else(|| Problem::new(Code::NotFound, "no such error code"))?;
    Ok(match wanted(&request)? {
        Form::Json => answer("application/json", serde_json::to_string(&found).unwrap_or_default()),
        Form::Html => answer("text/html; charset=utf-8", page::of(std::slice::from_ref(&found))),
    })
}

enum Form {
    Json,
    Html,
}

/// What the caller likes best; JSON where it does not say.
fn wanted(request: &HttpRequest) -> Result<Form, Problem> {
    let Ok(accept) = Accept::parse(request) else { return Ok(Form::Json) };
    if accept.0.is_empty() {
        return Ok(Form::Json);
    }
    let found =
        accept.ranked().iter().find_map(|range| match (range.type_().as_str(), range.subtype().as_str()) {
            ("text", "html" | "*") => Some(Form::Html),
            ("*", "*") | ("application", "json" | "*") => Some(Form::Json),
            _ => None,
        });
    found.ok_or_else(|| Problem::new(Code::NotAcceptable, "expected `application/json` or `text/html`"))
}

fn answer(media_type: &'static str, body: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(media_type)
        .insert_header((header::CACHE_CONTROL, CACHE))
        .insert_header((header::VARY, "accept"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .body(body)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_code_stands_once_with_texts_in_both_languages() {
        let all = all();
        let codes: BTreeSet<&str> = all.iter().map(|explanation| explanation.code).collect();
        assert_eq!(codes.len(), all.len());
        for Explanation { code, meaning, remedy, example, .. } in &all {
            for text in [meaning.zh, remedy.zh] {
                assert!(
                    text.chars().count() >= 5 && !text.is_ascii() && text.ends_with('。'),
                    "{code}: {text}"
                );
            }
            for text in [meaning.en, remedy.en] {
                assert!(text.len() > 10 && text.ends_with('.'), "{code}: {text}");
            }
            assert!(example["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{code}");
        }
    }

    #[test]
    fn a_refusal_is_explained_under_the_problem_that_it_comes_with() {
        let source = include_str!("../../domain/refusal.rs");
        let arms = source.split_once("fn code(").unwrap().1.split_once("\n    }").unwrap().0;
        let about_content =
            source.split_once("fn kind(").unwrap().1.split_once("RefusalKind::Content").unwrap().0;
        for row in refusals::TABLE {
            let arm = arms.lines().find(|line| line.contains(&format!("=> \"{}\"", row.code))).unwrap();
            let name = arm.trim().split([' ', '(']).next().unwrap();
            let listed =
                about_content.split(|c: char| !c.is_alphanumeric() && c != ':').any(|word| word == name);
            assert_eq!(row.problem == Code::RefusedContent, listed, "{}", row.code);
        }
    }

    #[test]
    fn every_refusal_of_the_domain_is_explained_and_nothing_else() {
        let source = include_str!("../../domain/refusal.rs");
        let body = source.split_once("pub enum Refusal {").unwrap().1.split_once("\n}").unwrap().0;
        let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
        let variants = variants.filter(|line| line.starts_with(char::is_uppercase));
        let kebab = |line: &str| {
            let name = line.split([' ', '(', ',']).next().unwrap();
            let letter = |letter: char| match letter.is_uppercase() {
                true => format!("-{}", letter.to_ascii_lowercase()),
                false => letter.to_string(),
            };
            name.chars().map(letter).collect::<String>().trim_start_matches('-').to_owned()
        };
        let there: BTreeSet<String> = variants.map(kebab).collect();
        let explained: BTreeSet<String> = refusals::TABLE.iter().map(|row| row.code.to_owned()).collect();
        assert!(there.len() > 30);
        assert_eq!(explained, there);
    }
}
