//! What pages say, in both languages. A test walks the templates: every key that is used stands here in both.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::language::Language;

/// One file for each part of the console, in `templates/console/texts`.
pub(super) const FILES: &[&str] = &[
    include_str!("../../templates/console/texts/account.toml"),
    include_str!("../../templates/console/texts/alarms.toml"),
    include_str!("../../templates/console/texts/audit.toml"),
    include_str!("../../templates/console/texts/frame.toml"),
    include_str!("../../templates/console/texts/guarantees.toml"),
    include_str!("../../templates/console/texts/letters.toml"),
    include_str!("../../templates/console/texts/openings.toml"),
    include_str!("../../templates/console/texts/overview.toml"),
    include_str!("../../templates/console/texts/platforms.toml"),
    include_str!("../../templates/console/texts/proposals.toml"),
    include_str!("../../templates/console/texts/quarantine.toml"),
    include_str!("../../templates/console/texts/queue.toml"),
    include_str!("../../templates/console/texts/reconciliations.toml"),
    include_str!("../../templates/console/texts/rules.toml"),
    include_str!("../../templates/console/texts/sign_in.toml"),
    include_str!("../../templates/console/texts/users.toml"),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Text {
    pub zh: String,
    pub en: String,
}

static TEXTS: LazyLock<HashMap<String, Text>> = LazyLock::new(|| {
    let files = FILES.iter().map(|file| toml::from_str::<HashMap<String, HashMap<String, Text>>>(file));
    let parts = files.filter_map(Result::ok).flatten();
    let named = |(part, texts): (String, HashMap<String, Text>)| {
        texts.into_iter().map(move |(key, text)| (format!("{part}.{key}"), text))
    };
    parts.flat_map(named).collect()
});

/// The text of a key such as `overview.title`; the key itself where there is none.
pub(super) fn text(key: &'static str, language: Language) -> &'static str {
    match (TEXTS.get(key), language) {
        (Some(text), Language::Chinese) => &text.zh,
        (Some(text), Language::English) => &text.en,
        (None, _) => key,
    }
}
