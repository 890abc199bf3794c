//! Error codes as a page for people: one file, no scripts, nothing from elsewhere.

use std::fmt::Write;

use super::{Bilingual, Explanation, Kind};
use crate::api::problem::ERRORS;

const STYLE: &str = "body{font-family:sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;line-height:1.5}\
                     section{border-top:1px solid #ccc;padding:.5rem 0}code,pre{background:#f4f4f4}\
                     pre{padding:.5rem;white-space:pre-wrap}dt{font-weight:bold}dd{margin:0 0 .5rem}";

pub(super) fn of(explanations: &[Explanation]) -> String {
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n\
         <title>错误码 Error codes</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>错误码 <span lang=\"en\">Error codes</span></h1>\n"
    );
    if let [_] = explanations {
        push(
            &mut html,
            format_args!("<p><a href=\"{ERRORS}\">全部错误码 <span lang=\"en\">All codes</span></a></p>\n"),
        );
    }
    explanations.iter().for_each(|explanation| section(&mut html, explanation));
    html.push_str("</body>\n</html>\n");
    html
}

fn section(html: &mut String, explanation: &Explanation) {
    let Explanation { code, address, kind, status, meaning, remedy, example } = explanation;
    let (field, told) = match kind {
        Kind::Problem => ("code", "错误码 code"),
        Kind::Refusal => ("refusal", "业务规则 refusal"),
    };
    let example = escaped(&serde_json::to_string_pretty(example).unwrap_or_default());
    push(
        html,
        format_args!(
            "<section id=\"{code}\">\n<h2><a href=\"{address}\"><code>{code}</code></a></h2>\n\
             <p>{told}（<code>{field}</code>），HTTP {status}</p>\n<dl>\n"
        ),
    );
    entry(html, "含义", "Meaning", *meaning);
    entry(html, "处理办法", "What to do", *remedy);
    push(
        html,
        format_args!(
            "<dt>示例 <span lang=\"en\">Example</span></dt><dd><pre>{example}</pre></dd>\n</dl>\n</section>\n"
        ),
    );
}

fn entry(html: &mut String, zh: &str, en: &str, text: Bilingual) {
    let (first, second) = (escaped(text.zh), escaped(text.en));
    push(
        html,
        format_args!(
            "<dt>{zh} <span lang=\"en\">{en}</span></dt><dd>{first}<br><span lang=\"en\">{second}</span></dd>\n"
        ),
    );
}

/// Writing to a text never fails.
fn push(html: &mut String, text: std::fmt::Arguments<'_>) {
    html.write_fmt(text).unwrap_or_default();
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::errors::all;

    #[test]
    fn the_page_shows_chinese_first_and_holds_no_script() {
        let page = of(&all());
        assert!(page.find("含义").unwrap() < page.find("Meaning").unwrap());
        assert!(page.contains("<section id=\"illegal-state\">"), "{page}");
        for foreign in ["<script", "http://", "https://", "//cdn", "onclick"] {
            assert!(!page.contains(foreign), "{foreign}");
        }
    }

    #[test]
    fn text_stays_text() {
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
