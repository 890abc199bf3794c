//! Other names for single fields, as a platform's settings give them.

use super::meaning::Meaning;
use super::options::Envelope;
use super::table::{Field, Interface};

/// Gives the envelope's fields the names that its options say.
pub(super) fn of_envelope(fields: &mut [Field], envelope: &Envelope) {
    for field in fields {
        match (field.is, &envelope.interface) {
            (Some(Meaning::AppKey), _) => field.name.clone_from(&envelope.app_key),
            (Some(Meaning::Timestamp), _) => field.name.clone_from(&envelope.timestamp),
            (Some(Meaning::Digest), _) => field.name.clone_from(&envelope.digest),
            (Some(Meaning::Transaction), Some(interface)) => field.name.clone_from(interface),
            _ => {}
        }
    }
}

/// Gives a field of a request or an answer another name, in every interface of that name that has it. `from` is
/// `interface.field`; false where there is no such field or the new name is taken. The envelope's fields and an
/// answer's code and message have options of their own.
pub(super) fn rename<'i>(interfaces: impl Iterator<Item = &'i mut Interface>, from: &str, to: &str) -> bool {
    let Some((name, field)) = from.split_once('.').filter(|_| !to.is_empty()) else { return false };
    let mut renamed = false;
    for interface in interfaces.filter(|it| it.name == name) {
        let Some(done) = in_request(interface, field, to).or_else(|| in_answer(interface, field, to)) else {
            continue;
        };
        if !done {
            return false;
        }
        renamed = true;
    }
    renamed
}

/// `None` where the request has no such field.
fn in_request(interface: &mut Interface, field: &str, to: &str) -> Option<bool> {
    let row = interface.fields.iter().find(|it| it.name == field)?;
    let of_envelope = matches!(row.is, Some(Meaning::AppKey | Meaning::Timestamp | Meaning::Digest));
    if of_envelope || interface.fields.iter().any(|it| it.name == to) {
        return Some(false);
    }
    for row in &mut interface.fields {
        if row.name == field {
            to.clone_into(&mut row.name);
        }
        if let Some(condition) = row.when.as_mut().filter(|condition| condition.field == field) {
            to.clone_into(&mut condition.field);
        }
    }
    Some(true)
}

/// `None` where the answer has no such field.
fn in_answer(interface: &mut Interface, field: &str, to: &str) -> Option<bool> {
    let taken = interface.answer.iter().any(|it| it.name == to);
    let row = interface.answer.iter_mut().find(|it| it.name == field)?;
    if taken || matches!(row.is, Meaning::Code | Meaning::Message) {
        return Some(false);
    }
    to.clone_into(&mut row.name);
    Some(true)
}
