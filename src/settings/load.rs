//! Layering and reading settings.

use std::path::{Path, PathBuf};

use config::{Config, Environment, File, FileFormat, Value, ValueKind};
use serde::Deserialize;

use super::sealed_secrets::{master_of, open_secrets};
use super::{DEFAULT, MasterSource, Settings};
use crate::store::ArchiveOptions;

/// Keys whose value may stand in a file of its own, named by the same key with `_file` behind it.
pub(super) const SECRET_KEYS: [&str; 15] = [
    "appsecret",
    "url",
    "agreed_key",
    "agreed_iv",
    "private_key",
    "file_key",
    "file_iv",
    "secret",
    "client_secret",
    "previous_secret",
    "pkcs12_password",
    "password",
    "token",
    "access_key",
    "secret_key",
];

/// What the key of such a file ends in.
const SUFFIX: &str = "_file";

/// What is wrong with the settings: the key, where it stands, and what was expected.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("settings: {0}")]
    Unreadable(String),
    #[error("settings: `{key}`{place}: {problem}")]
    Value { key: String, place: String, problem: String },
    #[error("settings: `{key}`: expected a secret in the file `{file}`, found {problem}")]
    SecretFile { key: String, file: PathBuf, problem: String },
    #[error("settings: `{key}`: the sealed secret does not open: {problem}")]
    SealedSecret { key: String, problem: String },
}

/// Reads the settings: the defaults, then `files` in order, then variables such as `BAOHAN__SERVER__LISTEN`.
///
/// # Errors
/// When a file is missing or is no TOML, when a key is unknown, missing or of the wrong kind, or when a secret's file
/// can't be read or a sealed secret does not open.
pub fn load(files: &[PathBuf]) -> Result<Settings, SettingsError> {
    // Texts stay texts: an appkey `001` is not the number 1. Numbers are read from texts where numbers are expected.
    load_with(files, variables())
}

fn load_with(files: &[PathBuf], environment: Environment) -> Result<Settings, SettingsError> {
    let mut root = layered(files, environment)?;
    read_secret_files(&mut root, "")?;
    open_secrets(&mut root)?;
    Settings::deserialize(root.clone()).map_err(|_| explain(&root))
}

fn layered(files: &[PathBuf], environment: Environment) -> Result<Value, SettingsError> {
    let mut layers = Config::builder().add_source(File::from_str(DEFAULT, FileFormat::Toml));
    for file in files {
        layers = layers.add_source(File::from(file.as_path()).format(FileFormat::Toml).required(true));
    }
    let layered = layers.add_source(environment).build();
    Ok(layered.map_err(|error| SettingsError::Unreadable(error.to_string()))?.cache)
}

/// Reads only where the master key is, whatever else the settings lack.
///
/// # Errors
/// As [`load`].
pub fn load_master(files: &[PathBuf]) -> Result<MasterSource, SettingsError> {
    master_of(&layered(files, variables())?)
}

fn variables() -> Environment {
    Environment::with_prefix("BAOHAN").prefix_separator("__").separator("__")
}

/// Reads only where documents are kept: the section `[archive]` of one file, whatever else is in it.
///
/// # Errors
/// When the file can't be read or has no such section, or as with [`load`].
pub fn load_archive(file: &Path) -> Result<ArchiveOptions, SettingsError> {
    let source = File::from(file).format(FileFormat::Toml).required(true);
    let read = Config::builder().add_source(source).build();
    let mut root = read.map_err(|error| SettingsError::Unreadable(error.to_string()))?.cache;
    let unreadable = |problem: &str| SettingsError::Unreadable(format!("`{}`: {problem}", file.display()));
    let ValueKind::Table(table) = &mut root.kind else { return Err(unreadable("it can't be read")) };
    let mut section =
        table.remove("archive").ok_or_else(|| unreadable("expected a section `[archive]`, found none"))?;
    read_secret_files(&mut section, "archive.")?;
    serde_path_to_error::deserialize(section).map_err(|error| {
        let key = match error.path().to_string().as_str() {
            "." => "archive".to_owned(),
            inside => format!("archive.{inside}"),
        };
        let place = format!(" in `{}`", file.display());
        SettingsError::Value { key, place, problem: error.into_inner().to_string() }
    })
}

/// Finds the words for what is wrong. `config` reads leniently (a variable is a text, whatever it should be) and
/// complains tersely; a strict reading says better what would have been right, if it stumbles over the same key.
fn explain(root: &Value) -> SettingsError {
    let lenient = match serde_path_to_error::deserialize::<_, Settings>(root.clone()) {
        Ok(_) => return SettingsError::Unreadable("they can't be read".to_owned()),
        Err(error) => error,
    };
    let key = lenient.path().to_string();
    let problem = match serde_path_to_error::deserialize::<_, Settings>(to_json(root)) {
        Err(strict) if strict.path().to_string() == key => strict.into_inner().to_string(),
        _ => lenient.into_inner().to_string(),
    };
    let name = name_of_item(root, &key).unwrap_or_default();
    let place = origin(root, &key).map(|file| format!(" in `{file}`")).unwrap_or_default();
    let place = format!("{name}{place}");
    SettingsError::Value { key, place, problem }
}

fn to_json(value: &Value) -> serde_json::Value {
    match &value.kind {
        ValueKind::Table(table) => table.iter().map(|(key, inner)| (key.clone(), to_json(inner))).collect(),
        ValueKind::Array(items) => items.iter().map(to_json).collect(),
        ValueKind::Boolean(value) => (*value).into(),
        ValueKind::I64(value) => (*value).into(),
        ValueKind::U64(value) => (*value).into(),
        ValueKind::Nil => serde_json::Value::Null,
        other => other.to_string().into(),
    }
}

/// The file that the key was read from, or the file of anything beside it.
fn origin(root: &Value, key: &str) -> Option<String> {
    let mut value = root;
    for name in key.split('.') {
        let Some(inner) = step(value, name) else { break };
        value = inner;
    }
    first_origin(value)
}

/// What stands under a name such as `server` or `rules[2]`.
fn step<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    let (name, index) = match name.strip_suffix(']').and_then(|name| name.split_once('[')) {
        Some((name, index)) => (name, Some(index)),
        None => (name, None),
    };
    let ValueKind::Table(table) = &value.kind else { return None };
    let inner = table.get(name)?;
    match (&inner.kind, index) {
        (_, None) => Some(inner),
        (ValueKind::Array(items), Some(index)) => items.get(index.parse::<usize>().ok()?),
        _ => None,
    }
}

/// What an item of a list calls itself: people find it by its name sooner than by its place.
fn name_of_item(root: &Value, key: &str) -> Option<String> {
    let (item, _) = key.split_once("].")?;
    let ValueKind::Table(table) = &step(root, &format!("{item}]"))?.kind else { return None };
    let ValueKind::String(name) = &table.get("name")?.kind else { return None };
    Some(format!(" (`{name}`)"))
}

fn first_origin(value: &Value) -> Option<String> {
    let inside = || match &value.kind {
        ValueKind::Table(table) => table.values().find_map(first_origin),
        ValueKind::Array(items) => items.iter().find_map(first_origin),
        _ => None,
    };
    value.origin().map(str::to_owned).or_else(inside)
}

/// Puts a secret in place of the file that holds it.
fn read_secret_files(value: &mut Value, path: &str) -> Result<(), SettingsError> {
    let ValueKind::Table(table) = &mut value.kind else { return Ok(()) };
    for key in SECRET_KEYS {
        let Some(named) = table.remove(&format!("{key}{SUFFIX}")) else { continue };
        let origin = named.origin().map(str::to_owned);
        let file = named.into_string().map_err(|error| SettingsError::Unreadable(error.to_string()))?;
        let secret = read_secret(&format!("{path}{key}"), Path::new(&file))?;
        table.insert(key.to_owned(), Value::new(origin.as_ref(), ValueKind::String(secret)));
    }
    for (key, inner) in table.iter_mut() {
        read_secret_files(inner, &format!("{path}{key}."))?;
    }
    Ok(())
}

fn read_secret(key: &str, file: &Path) -> Result<String, SettingsError> {
    let wrong =
        |problem: String| SettingsError::SecretFile { key: key.to_owned(), file: file.to_owned(), problem };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(wrong("nothing".to_owned()));
    }
    Ok(secret.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::crypto::keyring::Keyring;
    use crate::dialect::{PlatformOptions, Profile, Registry};
    use crate::domain::identity::PlatformId;

    const SOUND: &str = r#"
        [institution]
        name = "示例财产保险股份有限公司"
        code = "91460000MA0EXAMP7X"
        address = "海口市"
        legal_representative = "陈某某"
        court = "海口市美兰区人民法院"
        verification_url = "https://verify.example.com/{number}"
        [platforms.somewhere.wire]
        dialect = "one"
        title = "某平台"
        appkey = "001"
        appsecret = "secret"
        base_url = "https://platform.example.com"
        [platforms.somewhere.underwriting]
        rate = "0.004"
        minimum_premium = "200.00"
        smallest_amount = "1000.00"
        largest_amount = "800000.00"
    "#;

    fn read(text: &str, variables: &[(&str, &str)]) -> Result<Settings, SettingsError> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("settings.toml");
        std::fs::write(&file, text).unwrap();
        let variables: HashMap<String, String> =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let environment = Environment::with_prefix("BAOHAN").prefix_separator("__").separator("__");
        load_with(&[file], environment.source(Some(variables)))
    }

    fn complaint(text: &str) -> String {
        read(text, &[]).unwrap_err().to_string()
    }

    #[test]
    fn defaults_are_complete_but_for_the_institution() {
        let settings = read(SOUND, &[]).unwrap();
        assert_eq!(settings.server.listen.port(), 8080);
        assert_eq!(settings.platforms.len(), 1);
        let none = complaint("");
        assert!(none.contains("missing field `institution`"), "{none}");
    }

    #[test]
    fn a_variable_overrides_a_file_and_texts_stay_texts() {
        let variables = [
            ("BAOHAN__SERVER__LISTEN", "127.0.0.1:9999"),
            ("BAOHAN__SERVER__BODY_BYTES", "4096"),
            ("BAOHAN__PLATFORMS__SOMEWHERE__WIRE__APPKEY", "007"),
        ];
        let settings = read(SOUND, &variables).unwrap();
        assert_eq!((settings.server.listen.port(), settings.server.body_bytes), (9999, 4096));
        assert_eq!(settings.platforms["somewhere"].wire.appkey, "007");
    }

    #[test]
    fn a_misspelt_key_is_named_with_its_file_and_the_keys_there_are() {
        let text = complaint(&SOUND.replace("court =", "curt ="));
        assert!(text.contains("institution") && text.contains("`curt`"), "{text}");
        assert!(text.contains("settings.toml") && text.contains("`court`"), "{text}");
    }

    #[test]
    fn a_wrong_value_is_named_with_its_key_and_what_was_expected() {
        let text = complaint(&SOUND.replace("rate = \"0.004\"", "rate = \"0.004\"\nmode = \"sometimes\""));
        assert!(text.contains("platforms.somewhere.underwriting.mode"), "{text}");
        assert!(
            text.contains("settings.toml") && text.contains("one of `automatic`, `manual`, `callback`"),
            "{text}"
        );
    }

    #[test]
    fn a_wrong_key_of_an_entry_is_named_with_the_entry_and_its_file() {
        let entry = |line: &str| format!("{SOUND}[[rules]]\nname = \"winter\"\n{line}\n");
        assert_eq!(read(&entry("rate = \"0.001\"\nfrom = 2026-12-01"), &[]).unwrap().rules.len(), 1);
        for (line, key, problem) in [
            ("rate = \"1\"", "`rules[0].rate` (`winter`)", "below 1"),
            ("largest_amount = \"much\"", "`rules[0].largest_amount` (`winter`)", "found `much`"),
            ("from = \"2026-02-30\"", "`rules[0].from` (`winter`)", "`2026-02` is invalid"),
            ("hours = [\"8-20\"]", "`rules[0].hours[0]` (`winter`)", "found `8-20`"),
            ("kinds = [\"shop\"]", "`rules[0].kinds[0]` (`winter`)", "`guarantee-company`"),
            ("ratte = \"0.001\"", "`rules[0].ratte` (`winter`)", "`rate`"),
        ] {
            let text = complaint(&entry(line));
            assert!(text.contains(key) && text.contains(problem), "{line}: {text}");
            assert!(text.contains("settings.toml"), "{text}");
        }
    }

    #[test]
    fn a_sound_variable_is_not_blamed_for_a_wrong_key_elsewhere() {
        let wrong = SOUND.replace("rate = \"0.004\"", "rate = \"0.004\"\nmode = \"sometimes\"");
        let variables = [("BAOHAN__DELIVERY__CONNECT_SECONDS", "9")];
        let text = read(&wrong, &variables).unwrap_err().to_string();
        assert!(text.contains("platforms.somewhere.underwriting.mode"), "{text}");
        let text = read(SOUND, &[("BAOHAN__SERVER__BODY_BYTES", "many")]).unwrap_err().to_string();
        assert!(text.contains("`server.body_bytes`") && text.contains("environment"), "{text}");
    }

    #[test]
    fn a_secret_that_is_written_as_a_number_is_not_repeated_in_a_complaint() {
        let numeric = SOUND.replace("appsecret = \"secret\"", "appsecret = 75319");
        let text = complaint(&format!("{numeric}\n[server]\nlistn = 1"));
        assert!(text.contains("`listn`") && !text.contains("75319"), "{text}");
    }

    #[test]
    fn names_with_dots_and_capitals_stay_as_they_were_written() {
        let renaming = SOUND.replace("title =", "rename = { \"some.Reason\" = \"Why\" }\ntitle =");
        let settings = read(&renaming, &[]).unwrap();
        assert_eq!(settings.platforms["somewhere"].wire.rename["some.Reason"], "Why");
    }

    #[test]
    fn what_every_letter_needs_is_asked_for() {
        for (sound, wrong, expected) in [
            ("https://verify.example.com/{number}", "https://verify.example.com/", "{number}"),
            ("示例财产保险股份有限公司", " ", "expected a text, found none"),
        ] {
            let text = complaint(&SOUND.replace(sound, wrong));
            assert!(text.contains("`institution.") && text.contains(expected), "{text}");
        }
    }

    #[test]
    fn a_secret_may_stand_in_a_file_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "from a file\n").unwrap();
        let named = format!("appsecret_file = {:?}", secret.display().to_string());
        let settings = read(&SOUND.replace("appsecret = \"secret\"", &named), &[]).unwrap();
        assert_eq!(settings.platforms["somewhere"].wire.appsecret.expose(), "from a file");

        let missing =
            complaint(&SOUND.replace("appsecret = \"secret\"", "appsecret_file = \"/nowhere/secret\""));
        assert!(
            missing.contains("platforms.somewhere.wire.appsecret") && missing.contains("/nowhere/secret"),
            "{missing}"
        );
    }

    #[test]
    fn a_sealed_secret_is_opened_wherever_a_secret_may_stand_and_not_where_it_was_moved_to() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let master = folder.path().join("master.key");
        Keyring::generate_file(&master).unwrap();
        let keyring = Keyring::from_file(&master).unwrap();
        let place = "platforms.somewhere.wire.appsecret";
        let bound = keyring.seal_secret(Some(place), "from a seal");
        let with = |line: &str| {
            let text = SOUND.replace("appsecret = \"secret\"", line);
            format!("{text}\n[keyring]\nfile = {:?}", master.display().to_string())
        };
        std::fs::write(path("appsecret"), &bound).unwrap();
        for line in [format!("appsecret = {bound:?}"), format!("appsecret_file = {:?}", path("appsecret"))] {
            let settings = read(&with(&line), &[]).unwrap();
            assert_eq!(settings.platforms["somewhere"].wire.appsecret.expose(), "from a seal");
        }
        let variable = [("BAOHAN__PLATFORMS__SOMEWHERE__WIRE__APPSECRET", bound.as_str())];
        let settings = read(&with("appsecret = \"secret\""), &variable).unwrap();
        assert_eq!(settings.platforms["somewhere"].wire.appsecret.expose(), "from a seal");

        let moved = with(&format!("appsecret = \"secret\"\nprivate_key = {bound:?}"));
        let moved = complaint(&moved);
        assert!(moved.contains("`platforms.somewhere.wire.private_key`"), "{moved}");
        assert!(
            moved.contains("sealed for another key of the settings") && !moved.contains(&bound),
            "{moved}"
        );
        Keyring::generate_file(&folder.path().join("other.key")).unwrap();
        let other = with(&format!("appsecret = {bound:?}")).replace("master.key", "other.key");
        let other = complaint(&other);
        assert!(other.contains(place) && other.contains(&hex::encode(keyring.master_id())), "{other}");
        let none = complaint(&with(&format!("appsecret = {bound:?}")).replace("master.key", "nowhere.key"));
        assert!(none.contains(place) && none.contains("keyring.file"), "{none}");
    }

    #[test]
    fn the_examples_of_where_the_signing_key_is_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "secret").unwrap();
        let with_secret = |line: &str| match line.split_once(" = ") {
            Some((key, _)) if key.ends_with("password_file") || key == "token_file" => {
                format!("{key} = {:?}\n", secret.display().to_string())
            }
            _ => format!("{line}\n"),
        };
        let page = include_str!("../../deploy/SIGNING.md");
        let examples = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
        let places = examples.map(|example| {
            let example: String = example.lines().map(with_secret).collect();
            let settings = read(&format!("{SOUND}\n{example}"), &[]).unwrap();
            settings.seal.key_source().unwrap().to_string()
        });
        let expected = [
            "the key in /etc/baohan/signer.key.pem",
            "the key in /etc/baohan/signer.p12",
            "the signing service https://sign.example.com/api, key seal-2026",
            "the device of /opt/vendor/lib/libsdf.so, key 1",
        ];
        assert_eq!(places.collect::<Vec<_>>(), expected);
    }

    /// Each with its platform's id and the number of interfaces in its dialect.
    const EXAMPLES: [(&str, &str, usize); 5] = [
        ("hainan", include_str!("../../deploy/hainan.toml"), 15),
        ("jilin", include_str!("../../deploy/jilin.toml"), 12),
        ("ggzy", include_str!("../../deploy/ggzy.toml"), 12),
        ("zhangzhou", include_str!("../../deploy/zhangzhou.toml"), 7),
        ("neimenggu", include_str!("../../deploy/neimenggu.toml"), 9),
    ];

    #[test]
    fn the_examples_for_a_new_institution_are_sound_and_say_the_defaults() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        std::fs::write(path("secret"), "secret").unwrap();
        std::fs::write(path("sm4"), "11".repeat(16)).unwrap();
        std::fs::write(path("sm2"), "11".repeat(32)).unwrap();
        let registry = Registry::built_in().unwrap();
        for (name, example, interfaces) in EXAMPLES {
            let example = example
                .replace(&format!("/etc/baohan/{name}.appsecret"), &path("secret"))
                .replace(&format!("/etc/baohan/{name}.agreed_key"), &path("sm4"))
                .replace(&format!("/etc/baohan/{name}.key.pem"), &path("sm2"));
            let settings = read(&example, &[]).unwrap();
            let [(id, platform)] = &settings.platforms.iter().collect::<Vec<_>>()[..] else {
                panic!("{name}: one platform")
            };
            assert_eq!(*id, name);
            let table = registry.table(&platform.wire.dialect).unwrap();
            assert_eq!(table.interfaces.len(), interfaces, "{name}");
            let profile = |wire| Profile::new(PlatformId::new(name), table, wire).unwrap();
            let silent = PlatformOptions {
                digest: Default::default(),
                cipher: Default::default(),
                timestamp: Default::default(),
                reply: Default::default(),
                flow: Default::default(),
                upload: Default::default(),
                payload: Default::default(),
                ..platform.wire.clone()
            };
            let (told, silent) = (profile(&platform.wire), profile(&silent));
            assert_eq!(format!("{told:?}"), format!("{silent:?}"), "{name}");
            if told.needs_links() {
                assert!(settings.downloads.public_url.is_some(), "{name}");
            }
        }
    }
}
