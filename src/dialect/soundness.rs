//! What is checked of a table when it is loaded, so that a mistake stops the start and not a push.

use std::collections::HashSet;

use super::action::Action;
use super::cipher::FieldCipher;
use super::digest::Digester;
use super::meaning::Meaning;
use super::moment::Moments;
use super::options::{CipherOptions, CodeForm, DigestPlace, Flow, IvSource, ReplyOptions};
use super::table::{Condition, Direction, Field, Interface, Table, TableError};

/// A check's result: what was expected, and what was found.
pub(super) type Check<T = ()> = Result<T, Mismatch>;

pub(super) struct Mismatch {
    pub expected: String,
    pub found: String,
}

impl Mismatch {
    /// The same, said of the whole table, in which this is one section.
    fn within(self, section: &str) -> Self {
        Self { expected: format!("in `{section}` {}", self.expected), ..self }
    }
}

pub(super) fn mismatch<T>(expected: impl Into<String>, found: impl Into<String>) -> Check<T> {
    Err(Mismatch { expected: expected.into(), found: found.into() })
}

pub(super) fn check(file: &str, table: &Table) -> Result<(), TableError> {
    let at = |interface: Option<&Interface>, field: Option<&str>, mismatch: Mismatch| TableError {
        file: file.to_owned(),
        interface: interface.map(|it| it.name.clone()),
        field: field.map(str::to_owned),
        expected: mismatch.expected,
        found: mismatch.found,
    };
    head(table).map_err(|mismatch| at(None, None, mismatch))?;
    let mut names = HashSet::new();
    let mut clauses = HashSet::new();
    let mut actions = HashSet::new();
    for interface in &table.interfaces {
        let mut unique = || {
            let path = (interface.direction, interface.path());
            if !names.insert(path) {
                return mismatch(
                    "one interface of this name in each direction",
                    format!("`{}` twice", path.1),
                );
            }
            if !clauses.insert(&interface.clause) {
                return mismatch("one interface in each clause", format!("`{}` twice", interface.clause));
            }
            if !actions.insert(interface.does) {
                return mismatch(
                    "one interface for each thing done",
                    format!("`{}` twice", interface.does.name()),
                );
            }
            Ok(())
        };
        whole(interface, table)
            .and_then(|()| unique())
            .map_err(|mismatch| at(Some(interface), None, mismatch))?;
        for field in &interface.fields {
            row(interface, field, table)
                .map_err(|mismatch| at(Some(interface), Some(&field.name), mismatch))?;
        }
        for row in &interface.answer {
            answer_row(interface, row.is, &row.name)
                .map_err(|mismatch| at(Some(interface), Some(&row.name), mismatch))?;
        }
    }
    Ok(())
}

fn head(table: &Table) -> Check {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if table.id.is_empty() || !plain(&table.id) {
        return mismatch("`id` of letters, digits, `-`, `.` and `_`", format!("`{}`", table.id));
    }
    if table.interfaces.is_empty() {
        return mismatch("at least one `[[interface]]`", "none");
    }
    Digester::check(&table.digest)?;
    Moments::new(&table.timestamp)?;
    FieldCipher::check(&table.cipher)?;
    codes(&table.reply).map_err(|mismatch| mismatch.within("reply"))?;
    steps(&table.flow, &table.interfaces).map_err(|mismatch| mismatch.within("flow"))?;
    if table.upload.slice_bytes == 0 {
        return mismatch("`upload.slice_bytes` above 0", "0");
    }
    Ok(())
}

/// Success and failure must be told apart, and what is written as a number must be one.
pub(super) fn codes(reply: &ReplyOptions) -> Check {
    let digits = |code: &str| !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit());
    if reply.success == reply.failure
        || (reply.code_form == CodeForm::Number && !(digits(&reply.success) && digits(&reply.failure)))
    {
        return mismatch(
            "two codes, of digits where they are numbers",
            format!("`{}` and `{}`", reply.success, reply.failure),
        );
    }
    Ok(())
}

/// Each step is taken once, and there is an interface for everything that it does.
pub(super) fn steps(flow: &Flow, interfaces: &[Interface]) -> Check {
    for steps in [&flow.ciphertext, &flow.merged] {
        let mut taken = HashSet::new();
        for step in steps {
            if !taken.insert(step) {
                return mismatch("each step once", format!("`{}` twice", step.name()));
            }
            let missing =
                step.actions().iter().find(|action| !interfaces.iter().any(|it| it.does == **action));
            if let Some(action) = missing {
                return mismatch(
                    "steps that interfaces do",
                    format!("`{}` without one that does `{}`", step.name(), action.name()),
                );
            }
        }
    }
    Ok(())
}

/// An IV that the restoration carries has a field there.
pub(super) fn iv_field(interface: &Interface, cipher: &CipherOptions) -> Check {
    if interface.does == Action::Restore
        && cipher.iv == IvSource::Message
        && interface.field(Meaning::SectionIv).is_none()
    {
        return mismatch("a field that is SectionIv, since `cipher.iv` is `message`", "none");
    }
    Ok(())
}

fn whole(interface: &Interface, table: &Table) -> Check {
    let clause = &interface.clause;
    if clause.is_empty() || clause.chars().count() > 20 || clause.contains(char::is_whitespace) {
        return mismatch("`clause` such as `A.1`", format!("`{clause}`"));
    }
    let path = interface.path();
    if path.is_empty() || !path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._/".contains(&byte)) {
        return mismatch("a name or `path` that can stand in an address", format!("`{path}`"));
    }
    let direction = interface.does.direction();
    if interface.direction != direction {
        return mismatch(
            format!("direction `{}` for `{}`", direction.name(), interface.does.name()),
            format!("`{}`", interface.direction.name()),
        );
    }

    let mut names = HashSet::new();
    let mut meanings = HashSet::new();
    for field in &interface.fields {
        if !names.insert(field.name.as_str()) {
            return mismatch("each field once", format!("`{}` twice", field.name));
        }
        let meaning = field.is.filter(|meaning| *meaning != Meaning::Unused);
        if let Some(meaning) = meaning.filter(|meaning| !meanings.insert(*meaning)) {
            return mismatch("each meaning once", format!("{meaning:?} at `{}` again", field.name));
        }
    }
    let mut general = vec![Meaning::AppKey, Meaning::Timestamp];
    if table.digest.place == DigestPlace::Body {
        general.push(Meaning::Digest);
    }
    for meaning in general.iter().chain(interface.does.vocabulary().must) {
        if !meanings.contains(meaning) {
            return mismatch(
                format!("a field that is {meaning:?}, since it does `{}`", interface.does.name()),
                "none",
            );
        }
    }
    iv_field(interface, &table.cipher)?;
    if let Some(missing) = interface.key.iter().flatten().find(|meaning| !meanings.contains(*meaning)) {
        return mismatch("in `key` meanings that fields have", format!("{missing:?}"));
    }
    if interface.does == Action::PublicKey && interface.answer_field(Meaning::PublicKey).is_none() {
        return mismatch("an answer row that is PublicKey", "none");
    }
    Ok(())
}

fn row(interface: &Interface, field: &Field, table: &Table) -> Check {
    if field.name.is_empty() {
        return mismatch("a name", "none");
    }
    let envelope = &table.envelope;
    for (meaning, name, key) in [
        (Meaning::AppKey, &envelope.app_key, "app_key"),
        (Meaning::Timestamp, &envelope.timestamp, "timestamp"),
        (Meaning::Digest, &envelope.digest, "digest"),
    ] {
        if field.is == Some(meaning) && field.name != *name {
            return mismatch(format!("the name in `envelope.{key}`, `{name}`"), format!("`{}`", field.name));
        }
    }
    match (field.is, &field.constant) {
        (None, None) => return mismatch("`is` or `constant`", "neither"),
        (Some(meaning), None) => known_here(interface, meaning)?,
        (None, Some(_)) if interface.direction == Direction::Out => {}
        (_, Some(_)) => return mismatch("`constant` only where the gateway sends, and without `is`", "both"),
    }
    if field.is == Some(Meaning::Unused) && field.required && interface.direction == Direction::Out {
        return mismatch("a meaning or a `constant`, since the field is required", "`unused`");
    }
    if field.cipher && interface.direction == Direction::Out {
        return mismatch("`cipher` only in what the platform sends", "`out`");
    }
    if field.length == Some(0) {
        return mismatch("a length above 0", "0");
    }

    let words = field.is.map_or(&[][..], Meaning::words);
    if !field.values.keys().map(String::as_str).eq(sorted(words)) {
        return mismatch(
            format!("`values` for exactly [{}]", words.join(", ")),
            format!("[{}]", field.values.keys().map(String::as_str).collect::<Vec<_>>().join(", ")),
        );
    }
    let distinct: HashSet<_> = field.values.values().collect();
    if distinct.len() != field.values.len() {
        return mismatch("a different wire word for each of `values`", "the same twice");
    }
    if field.items.is_none() == (field.is == Some(Meaning::Evidence)) {
        return mismatch("`items` where the field is evidence, and only there", "otherwise");
    }
    field.when.as_ref().map_or(Ok(()), |condition| conditional(interface, field, condition))
}

fn sorted(words: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    let mut words = words.to_vec();
    words.sort_unstable();
    words.into_iter()
}

fn known_here(interface: &Interface, meaning: Meaning) -> Check {
    let vocabulary = interface.does.vocabulary();
    let known =
        meaning.is_general() || vocabulary.must.contains(&meaning) || vocabulary.may.contains(&meaning);
    if known {
        return Ok(());
    }
    mismatch(
        format!(
            "a meaning that `{}` knows: {:?} {:?}",
            interface.does.name(),
            vocabulary.must,
            vocabulary.may
        ),
        format!("{meaning:?}"),
    )
}

fn conditional(interface: &Interface, field: &Field, condition: &Condition) -> Check {
    let Some(other) = interface.fields.iter().find(|it| it.name == condition.field && it.name != field.name)
    else {
        return mismatch("in `when` another field of the interface", format!("`{}`", condition.field));
    };
    if condition.is.is_empty() {
        return mismatch("in `when` at least one value", "none");
    }
    let unknown = |value: &&String| {
        !other.values.is_empty() && !other.values.values().any(|known| known == value.as_str())
    };
    match condition.is.iter().find(unknown) {
        Some(value) => {
            mismatch(format!("in `when` values that `{}` can have", other.name), format!("`{value}`"))
        }
        None => Ok(()),
    }
}

fn answer_row(interface: &Interface, meaning: Meaning, name: &str) -> Check {
    let allowed = match interface.direction {
        Direction::In => [Meaning::Code, Meaning::Message, Meaning::RedirectUrl, Meaning::Unused],
        Direction::Out => [Meaning::Code, Meaning::Message, Meaning::PublicKey, Meaning::Unused],
    };
    if allowed.contains(&meaning) && !name.is_empty() {
        return Ok(());
    }
    mismatch(format!("an answer's meaning: {allowed:?}"), format!("{meaning:?}"))
}
