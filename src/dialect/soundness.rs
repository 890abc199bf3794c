//! What is checked of a table when it is loaded, so that a mistake stops the start and not a push.

use std::collections::HashSet;

use super::action::Action;
use super::cipher::FieldCipher;
use super::digest::Digester;
use super::meaning::Meaning;
use super::moment::Moments;
use super::options::{
    CipherOptions, CodeForm, Coverage, DigestOptions, DigestPlace, Envelope, Flow, IvSource, ReplyOptions,
    Step,
};
use super::payload::PayloadCipher;
use super::table::{AnswerField, Condition, Direction, Field, Interface, Table, TableError};

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
    wrapper(table).map_err(|mismatch| at(None, None, mismatch.within("wrapper")))?;
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
            answer_row(interface, row).map_err(|mismatch| at(Some(interface), Some(&row.name), mismatch))?;
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
    PayloadCipher::check(&table.payload)?;
    codes(&table.reply).map_err(|mismatch| mismatch.within("reply"))?;
    steps(&table.flow, &table.interfaces).map_err(|mismatch| mismatch.within("flow"))?;
    if table.upload.slice_bytes == 0 {
        return mismatch("`upload.slice_bytes` above 0", "0");
    }
    Ok(())
}

/// Success and failure must be told apart, and what is written as a number must be one.
pub(super) fn codes(reply: &ReplyOptions) -> Check {
    // As JSON has numbers: 0, or digits that do not begin with one.
    let number = |code: &str| {
        !code.is_empty()
            && code.bytes().all(|byte| byte.is_ascii_digit())
            && (code == "0" || !code.starts_with('0'))
    };
    let written = |code: &str| reply.code_form == CodeForm::Text || number(code);
    let mut failures = std::iter::once(&reply.failure).chain(reply.failures.values());
    let wrong = failures.find(|code| **code == reply.success || !written(code));
    let wrong = wrong.or_else(|| (!written(&reply.success)).then_some(&reply.failure));
    match wrong {
        Some(failure) => mismatch(
            "two codes, of digits where they are numbers",
            format!("`{}` and `{failure}`", reply.success),
        ),
        None => Ok(()),
    }
}

/// Each step is taken once, and there is an interface for everything that it does.
pub(super) fn steps(flow: &Flow, interfaces: &[Interface]) -> Check {
    for steps in [&flow.issued, &flow.merged] {
        let mut taken = HashSet::new();
        for step in steps {
            if !taken.insert(step) {
                return mismatch("each step once", format!("`{}` twice", step.name()));
            }
            let does = |action: &Action| interfaces.iter().any(|it| it.does == *action);
            if *step == Step::Notice && !does(&Action::ApplicationResult) && !does(&Action::ApplicationStatus)
            {
                return mismatch("an interface that tells an application's result", "none");
            }
            let missing = step.actions().iter().find(|action| !does(action));
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

/// A platform whose applicants must be told where to go on takes an answer without that for broken.
pub(super) fn no_redirect(interface: &Interface) -> Check {
    match interface.answer_field(Meaning::RedirectUrl).filter(|row| row.required || row.on_success) {
        None => Ok(()),
        Some(row) => mismatch(
            format!(
                "an address, since what is accepted is answered with `{}` ({})",
                row.name, interface.clause
            ),
            "nothing",
        ),
    }
}

/// What stands round every message has the envelope's names, and an answer's.
fn wrapper(table: &Table) -> Check {
    let Some(wrapper) = &table.wrapper else { return Ok(()) };
    wrapper_fields(&wrapper.fields, &table.digest)?;
    for field in &wrapper.fields {
        envelope_name(field, &table.envelope)?;
        let plain = !field.cipher && field.when.is_none() && field.values.is_empty() && field.items.is_none();
        if !plain || field.is.is_some() == field.constant.is_some() {
            return mismatch(
                "fields with `is` or a `constant`, and without `cipher`, `when`, `values` and `items`",
                format!("`{}`", field.name),
            );
        }
        if let Some(format) = &field.format {
            Moments::check(format)?;
        }
    }
    let reply = &table.reply;
    for (meaning, name) in
        [(Meaning::Code, &reply.code), (Meaning::Message, &reply.message), (Meaning::Payload, &reply.data)]
    {
        if !wrapper.answer.iter().any(|row| row.is == meaning && row.name == *name && row.within.is_none()) {
            return mismatch(format!("an answer row `{name}` that is {meaning:?}"), "none");
        }
    }
    if wrapper.answer.len() != 3 {
        return mismatch("three rows in an answer", wrapper.answer.len().to_string());
    }
    Ok(())
}

/// The fields of a wrapper, under a platform's own names too: what a message needs is there, and the digest covers the
/// payload.
pub(super) fn wrapper_fields(fields: &[Field], digest: &DigestOptions) -> Check {
    const MUST: [Meaning; 5] =
        [Meaning::Transaction, Meaning::AppKey, Meaning::Timestamp, Meaning::Payload, Meaning::Digest];
    const MAY: [Meaning; 3] = [Meaning::MessageNumber, Meaning::PlatformCode, Meaning::Unused];
    let (mut names, mut meanings) = (HashSet::new(), HashSet::new());
    for field in fields {
        if field.name.is_empty() || !names.insert(field.name.as_str()) {
            return mismatch("each field once, with a name", format!("`{}`", field.name));
        }
        let Some(meaning) = field.is else { continue };
        if !MUST.contains(&meaning) && !MAY.contains(&meaning) {
            return mismatch(format!("a wrapper's meaning: {MUST:?} {MAY:?}"), format!("{meaning:?}"));
        }
        if meaning != Meaning::Unused && !meanings.insert(meaning) {
            return mismatch("each meaning once", format!("{meaning:?} at `{}` again", field.name));
        }
    }
    if let Some(missing) = MUST.iter().find(|meaning| !meanings.contains(*meaning)) {
        return mismatch(format!("a field that is {missing:?}"), "none");
    }
    if digest.place != DigestPlace::Body {
        return mismatch("`digest.place = \"body\"`, since a wrapper carries the digest", "`header`");
    }
    let payload = fields.iter().find(|field| field.is == Some(Meaning::Payload));
    let taking_part = |field: &&Field| {
        let listed = digest.covers != Coverage::ListedFields || digest.listed.contains(&field.name);
        listed && !digest.exclude.contains(&field.name)
    };
    if payload.filter(taking_part).is_none() {
        return mismatch("a digest that covers the payload", "one that does not");
    }
    Ok(())
}

/// Who asks in a digital envelope is not known, so that it may only ask.
fn enveloped(interface: &Interface, table: &Table) -> Check {
    if !interface.enveloped {
        return Ok(());
    }
    if table.wrapper.is_none() {
        return mismatch("`enveloped` only in a table with a `wrapper`", "none");
    }
    if interface.direction == Direction::In && !interface.does.is_question() {
        return mismatch("`enveloped` only for a question", format!("`{}`", interface.does.name()));
    }
    Ok(())
}

fn envelope_name(field: &Field, envelope: &Envelope) -> Check {
    for (meaning, name, key) in [
        (Meaning::AppKey, Some(&envelope.app_key), "app_key"),
        (Meaning::Timestamp, Some(&envelope.timestamp), "timestamp"),
        (Meaning::Digest, Some(&envelope.digest), "digest"),
        (Meaning::Transaction, envelope.interface.as_ref(), "interface"),
    ] {
        if let Some(name) = name.filter(|name| field.is == Some(meaning) && field.name != **name) {
            return mismatch(format!("the name in `envelope.{key}`, `{name}`"), format!("`{}`", field.name));
        }
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
    enveloped(interface, table)?;
    let of_wrapper = [Meaning::AppKey, Meaning::Timestamp, Meaning::Digest];
    let mut general = Vec::new();
    if table.wrapper.is_some() {
        if let Some(meaning) = of_wrapper.iter().find(|meaning| meanings.contains(*meaning)) {
            return mismatch("only in the `wrapper` what stands there", format!("{meaning:?}"));
        }
    } else {
        general.extend([Meaning::AppKey, Meaning::Timestamp]);
        if table.digest.place == DigestPlace::Body {
            general.push(Meaning::Digest);
        }
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
    let filled = |name: &str| interface.answer.iter().any(|row| row.within.as_deref() == Some(name));
    if let Some(empty) = interface.groups.iter().find(|group| !filled(&group.name)) {
        return mismatch("in `groups` what answer rows are within", format!("`{}`", empty.name));
    }
    lists(interface, &table.reply)?;
    if interface.does == Action::PublicKey && interface.answer_field(Meaning::PublicKey).is_none() {
        return mismatch("an answer row that is PublicKey", "none");
    }
    Ok(())
}

/// What an answer says stands at its top, in its data or, of many guarantees or sections, in one list there.
fn lists(interface: &Interface, reply: &ReplyOptions) -> Check {
    let general = |row: &&AnswerField| matches!(row.is, Meaning::Code | Meaning::Message);
    let mut rows = interface.answer.iter().filter(|row| !general(row));
    let many = matches!(interface.does, Action::Reconcile | Action::AbnormalSections);
    let list = format!("{}.", reply.data);
    let is_list = |within: &str| within.ends_with("[]") && within.starts_with(&list);
    let first = interface.answer.iter().find(|row| !general(row)).and_then(|row| row.within.as_deref());
    let sound = |row: &AnswerField| match row.within.as_deref() {
        Some(within) if many => is_list(within) && Some(within) == first,
        Some(within) => within == reply.data,
        None => !many,
    };
    if let Some(row) = rows.find(|row| !sound(row)) {
        let expected = if many {
            format!("`within = \"{list}…[]\"`, one list")
        } else {
            format!("`within = \"{}\"`", reply.data)
        };
        let found = row.within.as_deref().unwrap_or_default();
        return mismatch(format!("{expected} for `{}`", row.name), format!("`{found}`"));
    }
    let needed: &[Meaning] = match interface.does {
        Action::Reconcile => &[Meaning::GuaranteeNumber],
        Action::AbnormalSections => &[Meaning::SectionNumber, Meaning::SectionStatus, Meaning::DecidedAt],
        _ => &[],
    };
    match needed.iter().find(|meaning| interface.answer_field(**meaning).is_none()) {
        Some(missing) => mismatch(format!("an answer row that is {missing:?}"), "none"),
        None => Ok(()),
    }
}

fn row(interface: &Interface, field: &Field, table: &Table) -> Check {
    if field.name.is_empty() {
        return mismatch("a name", "none");
    }
    envelope_name(field, &table.envelope)?;
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
    if let Some(format) = &field.format {
        Moments::check(format)?;
    }
    if field.length == Some(0) {
        return mismatch("a length above 0", "0");
    }

    let words = field.is.map_or(&[][..], Meaning::words);
    let lacks_words = field.is.is_some_and(Meaning::may_lack_words) && !field.values.is_empty();
    let known = field.values.keys().all(|word| words.contains(&word.as_str()));
    if !(field.values.len() == words.len() || lacks_words) || !known {
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

fn answer_row(interface: &Interface, row: &AnswerField) -> Check {
    let general = [Meaning::Code, Meaning::Message, Meaning::Unused];
    if row.name.is_empty() || !(general.contains(&row.is) || interface.does.answers().contains(&row.is)) {
        return mismatch(
            format!("an answer's meaning: {general:?} {:?}", interface.does.answers()),
            format!("{:?}", row.is),
        );
    }
    if let Some(format) = &row.format {
        Moments::check(format)?;
    }
    let words = row.is.words();
    let known = row.values.keys().all(|word| words.contains(&word.as_str()));
    if row.values.len() != words.len() || !known {
        return mismatch(format!("`values` for exactly [{}]", words.join(", ")), "others");
    }
    Ok(())
}
