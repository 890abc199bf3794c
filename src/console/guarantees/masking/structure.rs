//! Values of JSON, XML and forms, each with the name that it stands under.

use percent_encoding::percent_decode_str;

use super::{Mask, covered};
use crate::dialect::explain::Veil;

/// Deeper than this nothing is laid out, and nested texts are not looked into.
const DEEPEST: usize = 12;

/// Whether a value is a structure of its own.
pub(super) fn is_structured(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(['{', '[']) || is_xml(text)
}

fn is_xml(text: &str) -> bool {
    text.starts_with('<') && text.contains("</")
}

/// Line by line, indented.
pub(super) fn laid_out(mask: &Mask, text: &str) -> String {
    shown(mask, text, true)
}

/// With blanks and line ends as they are.
pub(super) fn as_written(mask: &Mask, text: &str) -> String {
    shown(mask, text, false)
}

fn shown(mask: &Mask, text: &str, lay_out: bool) -> String {
    let start = text.trim_start();
    if start.starts_with(['{', '[']) {
        json(mask, text, lay_out)
    } else if is_xml(start) {
        xml(mask, text)
    } else if let Some(form) = form(mask, text, lay_out) {
        form
    } else if mask.is_lifted {
        text.to_owned()
    } else {
        covered(text)
    }
}

/// Works on what is no sound JSON too: there is no more to it than texts, numbers and what stands between.
fn json(mask: &Mask, text: &str, lay_out: bool) -> String {
    let mut shown = String::with_capacity(text.len());
    let (mut key, mut depth, mut rest) = (String::new(), 0_usize, text);
    while let Some(first) = rest.chars().next() {
        let (token, after) = rest.split_at(token_end(rest, first));
        let indent = |shown: &mut String, depth: usize| {
            if lay_out {
                shown.push('\n');
                shown.push_str(&"  ".repeat(depth.min(DEEPEST)));
            }
        };
        match first {
            '"' if after.trim_start().starts_with(':') => {
                key = serde_json::from_str(token).unwrap_or_else(|_| token.trim_matches('"').to_owned());
                shown.push_str(token);
            }
            '"' => {
                let value = serde_json::from_str::<String>(token).ok();
                let value = value.unwrap_or_else(|| token.trim_matches('"').to_owned());
                let masked = mask.value(&key, &value);
                let token = if masked == value { token.to_owned() } else { quoted(&masked) };
                shown.push_str(&token);
            }
            '{' | '[' => {
                depth = depth.saturating_add(1);
                shown.push(first);
                if !after.trim_start().starts_with(['}', ']']) {
                    indent(&mut shown, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                if !shown.ends_with(['{', '[']) {
                    indent(&mut shown, depth);
                }
                shown.push(first);
            }
            ',' => {
                shown.push(',');
                indent(&mut shown, depth);
            }
            ':' if lay_out => shown.push_str(": "),
            ':' => shown.push(':'),
            blank if blank.is_whitespace() && lay_out => {}
            blank if blank.is_whitespace() => shown.push(blank),
            _ if is_word(token) => shown.push_str(token),
            _ => shown.push_str(&mask.value(&key, token)),
        }
        rest = after;
    }
    shown
}

fn is_word(token: &str) -> bool {
    matches!(token, "true" | "false" | "null")
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// Where a token ends: a text behind its closing quotation mark, a number or word before what can't be in it.
fn token_end(text: &str, first: char) -> usize {
    if first == '"' {
        let mut is_escaped = false;
        for (place, letter) in text.char_indices().skip(1) {
            match letter {
                _ if is_escaped => is_escaped = false,
                '\\' => is_escaped = true,
                '"' => return place + 1,
                _ => {}
            }
        }
        return text.len();
    }
    if first.is_whitespace() || "{}[],:".contains(first) {
        return first.len_utf8();
    }
    let ends = |letter: char| letter.is_whitespace() || "{}[],:\"".contains(letter);
    text.find(ends).unwrap_or(text.len())
}

/// Each text under the name of the element around it, each attribute under its own.
fn xml(mask: &Mask, text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let (mut name, mut rest) = (String::new(), text);
    while let Some(open) = rest.find('<') {
        let (before, tag) = rest.split_at(open);
        put_xml_text(mask, &mut shown, &name, before);
        if let Some((inside, after)) = tag.strip_prefix("<![CDATA[").and_then(|it| it.split_once("]]>")) {
            shown.push_str(&format!("<![CDATA[{}]]>", mask.value(&name, inside)));
            rest = after;
            continue;
        }
        let end = tag.find('>').map_or(tag.len(), |end| end + 1);
        let (tag, after) = tag.split_at(end);
        let label = tag.trim_start_matches(['<', '/', '?']);
        let label = label.split([' ', '>', '/', '\t', '\n', '\r']).next().unwrap_or_default();
        name = label.rsplit(':').next().unwrap_or_default().to_owned();
        put_tag(mask, &mut shown, tag);
        rest = after;
    }
    put_xml_text(mask, &mut shown, &name, rest);
    shown
}

fn put_xml_text(mask: &Mask, shown: &mut String, name: &str, text: &str) {
    if text.trim().is_empty() {
        shown.push_str(text);
    } else {
        shown.push_str(&mask.value(name, text));
    }
}

fn put_tag(mask: &Mask, shown: &mut String, tag: &str) {
    let mut parts = tag.split('"');
    let mut label = parts.next().unwrap_or_default();
    shown.push_str(label);
    while let Some(value) = parts.next() {
        let name =
            label.trim_end().trim_end_matches('=').rsplit([' ', '\t', '\n']).next().unwrap_or_default();
        let name = name.rsplit(':').next().unwrap_or_default();
        shown.push_str(&format!("\"{}\"", mask.value(name, value)));
        label = parts.next().unwrap_or_default();
        shown.push_str(label);
    }
}

/// A form's fields, decoded, one in each line. None where it is none.
fn form(mask: &Mask, text: &str, lay_out: bool) -> Option<String> {
    let is_name = |name: &str| {
        !name.is_empty() && name.bytes().all(|it| it.is_ascii_alphanumeric() || b"_.-[]%".contains(&it))
    };
    let pairs: Option<Vec<(&str, &str)>> =
        text.trim().split('&').map(|pair| pair.split_once('=').filter(|(name, _)| is_name(name))).collect();
    let lines: Vec<String> = pairs?
        .into_iter()
        .map(|(name, value)| {
            let plain = value.replace('+', " ");
            let plain = percent_decode_str(&plain).decode_utf8_lossy();
            let value =
                if is_structured(&plain) { shown(mask, &plain, lay_out) } else { mask.value(name, &plain) };
            format!("{name}={value}")
        })
        .collect();
    Some(lines.join(if lay_out { "\n&" } else { "&" }))
}
