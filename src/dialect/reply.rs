//! The answers that platforms get.

use super::json;
use super::meaning::Meaning;
use super::options::{CodeForm, EmptyData, ReplyOptions};
use super::profile::Profile;
use super::table::AnswerField;

impl Profile {
    /// The answer to a push. `interface` is the interface's name; `redirect` is where the applicant goes on, told only
    /// where the push was accepted and the interface's answer has a place for it.
    pub fn reply(
        &self,
        interface: Option<&str>,
        accepted: bool,
        message: &str,
        redirect: Option<&str>,
    ) -> Vec<u8> {
        let interface = interface.and_then(|name| self.inbound.iter().find(|it| it.name == name));
        let place = interface.and_then(|it| it.answer_field(Meaning::RedirectUrl));
        write(&self.reply, accepted, message, place.zip(redirect.filter(|_| accepted)))
    }
}

/// The failure answer in its commonest shape, for a push to a platform that is not in the settings.
pub fn unknown_platform(message: &str) -> Vec<u8> {
    write(&ReplyOptions::default(), false, message, None)
}

fn write(
    options: &ReplyOptions,
    accepted: bool,
    message: &str,
    redirect: Option<(&AnswerField, &str)>,
) -> Vec<u8> {
    let code = if accepted { &options.success } else { &options.failure };
    let mut body = b"{".to_vec();
    match options.code_form {
        CodeForm::Text => json::write_member(&mut body, &options.code, code),
        CodeForm::Number => {
            json::write_name(&mut body, &options.code);
            body.extend_from_slice(code.as_bytes());
        }
    }
    json::write_member(&mut body, &options.message, message);
    let mut data = b"{".to_vec();
    let mut within = options.data.as_str();
    if let Some((field, url)) = redirect {
        match &field.within {
            Some(object) => {
                within = object;
                json::write_member(&mut data, &field.name, url);
            }
            None => json::write_member(&mut body, &field.name, url),
        }
    }
    if data.len() > 1 || options.empty_data == EmptyData::Object {
        data.push(b'}');
        json::write_name(&mut body, within);
        body.extend_from_slice(&data);
    }
    body.push(b'}');
    body
}
