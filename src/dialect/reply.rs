//! The answers that platforms get.

use std::borrow::Cow;

use super::compose::{self, Value};
use super::json;
use super::meaning::Meaning;
use super::options::{CodeForm, EmptyData, ReplyOptions};
use super::profile::Profile;
use super::rejection::Failure;
use super::response::{self, Response};
use super::table::{AnswerField, Interface};

impl Profile {
    /// The answer to a push that was accepted. `interface` is the interface's name.
    pub fn success(&self, interface: &str, response: &Response) -> Vec<u8> {
        let interface = self.inbound_interface(interface);
        let rows: &[AnswerField] = interface.map_or(&[], |it| &it.answer);
        let mut body = head(&self.reply, &self.reply.success, "成功");
        let start = if self.code_inside() { body.clone() } else { b"{".to_vec() };
        let data = self.data(rows, response, start);
        // What stands round the answers of a wrapper has no more than code, message and data.
        if self.wrapping.is_none() {
            for row in rows.iter().filter(|row| row.within.is_none()) {
                if let Some(value) = self.answered(row, response::of_response(response, row.is)) {
                    json::write_member(&mut body, &row.name, &value);
                }
            }
        }
        self.finish(interface, body, data)
    }

    /// The answer to a push that was not accepted.
    pub fn failure(&self, interface: Option<&str>, failure: Failure, message: &str) -> Vec<u8> {
        let code = self.reply.failures.get(&failure).unwrap_or(&self.reply.failure);
        let interface = interface.and_then(|name| self.inbound_interface(name));
        let body = head(&self.reply, code, message);
        let data = self.code_inside().then(|| [body.as_slice(), b"}"].concat());
        self.finish(interface, body, data)
    }

    /// Whether an answer's data says code and message again.
    fn code_inside(&self) -> bool {
        self.wrapping.as_ref().is_some_and(|it| it.payload.options.code_inside)
    }

    fn inbound_interface(&self, name: &str) -> Option<&Interface> {
        self.inbound.iter().find(|it| it.name == name)
    }

    /// The object in which optional values stand, where there are any; `data` is how it begins.
    fn data(&self, rows: &[AnswerField], response: &Response, mut data: Vec<u8>) -> Option<Vec<u8>> {
        let here = |row: &&AnswerField| match row.within.as_deref() {
            Some(within) => within == self.reply.data,
            None => self.wrapping.is_some(),
        };
        for row in rows.iter().filter(here) {
            if let Some(value) = self.answered(row, response::of_response(response, row.is)) {
                json::write_member(&mut data, &row.name, &value);
            }
        }
        if let Response::Reconciliation(list) = response {
            let of_list = |row: &&AnswerField| row.within.as_deref().is_some_and(|it| it.ends_with("[]"));
            let rows: Vec<&AnswerField> = rows.iter().filter(of_list).collect();
            let name = rows.first().and_then(|row| row.within.as_deref()).map(list_name).unwrap_or_default();
            json::write_name(&mut data, name);
            data.push(b'[');
            for (index, issued) in list.iter().enumerate() {
                data.extend_from_slice(if index == 0 { b"{" } else { b",{" });
                for row in &rows {
                    if let Some(value) = self.answered(row, response::of_issued(issued, row.is)) {
                        json::write_member(&mut data, &row.name, &value);
                    }
                }
                data.push(b'}');
            }
            data.push(b']');
        }
        let empty = data.len() == 1;
        data.push(b'}');
        (!empty || self.reply.empty_data == EmptyData::Object).then_some(data)
    }

    /// What a question's answer must have is there, if need be empty.
    fn answered<'v>(&self, row: &'v AnswerField, value: Option<Value<'v>>) -> Option<Cow<'v, str>> {
        let general = matches!(row.is, Meaning::Code | Meaning::Message);
        let Some(value) = value else { return (row.required && !general).then_some(Cow::Borrowed("")) };
        let text = match value {
            Value::Text(text) => Cow::Borrowed(text),
            Value::Written(text) => Cow::Owned(text),
            Value::Moment(instant) => Cow::Owned(self.moments.write(instant, row.format.as_deref())),
            Value::Word(word) => Cow::Borrowed(row.values.get(word)?.as_str()),
        };
        // Names in certificates can be of any length.
        let long = row.length.filter(|longest| text.len() > *longest && text.chars().count() > *longest);
        Some(match long {
            Some(longest) if !row.is.echoes() => Cow::Owned(compose::cut(&text, longest)),
            _ => text,
        })
    }

    /// Encryption is never refused for what stands here, which is never empty; were it, no plain text would go out
    /// in its place.
    fn finish(&self, interface: Option<&Interface>, mut body: Vec<u8>, data: Option<Vec<u8>>) -> Vec<u8> {
        let empty = (self.reply.empty_data == EmptyData::Object).then(|| b"{}".to_vec());
        if let Some(data) = data.or(empty) {
            let encrypting = self.wrapping.as_ref().filter(|it| it.payload.options.encrypt_answers);
            let written = match encrypting {
                Some(wrapping) => self.encrypt_answer(wrapping, interface, &data, &mut body),
                None => {
                    json::write_name(&mut body, &self.reply.data);
                    body.extend_from_slice(&data);
                    Ok(())
                }
            };
            if written.is_err() {
                let code = self.reply.failures.get(&Failure::Internal).unwrap_or(&self.reply.failure);
                body = head(&self.reply, code, "系统异常");
            }
        }
        body.push(b'}');
        body
    }
}

/// `list` of `data.list[]`.
fn list_name(within: &str) -> &str {
    within.rsplit('.').next().unwrap_or_default().trim_end_matches("[]")
}

/// The failure answer in its commonest shape, for a push to a platform that is not in the settings.
pub fn unknown_platform(message: &str) -> Vec<u8> {
    let options = ReplyOptions::default();
    let mut body = head(&options, &options.failure, message);
    body.push(b'}');
    body
}

fn head(options: &ReplyOptions, code: &str, message: &str) -> Vec<u8> {
    let mut body = b"{".to_vec();
    match options.code_form {
        CodeForm::Text => json::write_member(&mut body, &options.code, code),
        CodeForm::Number => {
            json::write_name(&mut body, &options.code);
            body.extend_from_slice(code.as_bytes());
        }
    }
    json::write_member(&mut body, &options.message, message);
    body
}
