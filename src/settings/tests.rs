//! The built-in settings as the manual of every key.

use super::*;

/// The manual with its examples switched on: a commented line that is a key or a section loses its `# `.
fn manual() -> toml::Table {
    let example = |line: &str| {
        let Some(rest) = line.strip_prefix("# ") else { return line.to_owned() };
        let key = rest.split_once(" = ").is_some_and(|(key, _)| {
            key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        });
        if key || rest.starts_with('[') { rest.to_owned() } else { line.to_owned() }
    };
    let text: String = DEFAULT.lines().map(|line| example(line) + "\n").collect();
    toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn at<'t>(root: &'t toml::Table, path: &str) -> Option<&'t toml::Value> {
    let mut names = path.split('.').filter(|name| !name.is_empty());
    let first = root.get(names.next()?)?;
    names.try_fold(first, |value, name| value.get(name))
}

/// The names in backticks that a complaint expected in place of one that nobody knows.
fn expected_names(complaint: &str) -> Vec<String> {
    // What follows the first line says where, in backticks too.
    let complaint = complaint.lines().next().unwrap();
    let (_, expected) = complaint.split_once("`nobody_knows_this`, expected").expect(complaint);
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// The same without what excludes another example: documents have one place.
fn readable(mut manual: toml::Table) -> toml::Table {
    manual["archive"].as_table_mut().unwrap().remove("folder").unwrap();
    manual
}

/// The keys that a section may have: a key that it can't have makes it name them.
fn keys(manual: &toml::Table, section: &str) -> Vec<String> {
    let mut root = toml::Value::Table(readable(manual.clone()));
    let table =
        section.split('.').filter(|name| !name.is_empty()).fold(&mut root, |value, name| &mut value[name]);
    table.as_table_mut().unwrap().insert("nobody_knows_this".to_owned(), true.into());
    let complaint = root.try_into::<Settings>().unwrap_err().to_string();
    expected_names(&complaint)
}

#[test]
fn the_examples_of_the_manual_can_be_read() {
    let settings: Settings = toml::Value::Table(readable(manual())).try_into().unwrap();
    assert_eq!(settings.platforms.len(), 1);
}

#[test]
fn the_manual_has_every_key() {
    let manual = manual();
    let mut sections = vec![String::new()];
    let mut missing = Vec::new();
    let mut seen = 0;
    while let Some(section) = sections.pop() {
        let names = match section.as_str() {
            "platforms" => vec!["some-province".to_owned()],
            section => keys(&manual, section),
        };
        for name in names {
            let path = if section.is_empty() { name } else { format!("{section}.{name}") };
            seen += 1;
            match at(&manual, &path) {
                None => missing.push(path),
                // Their keys are interfaces, fields, amounts, platforms' words, names of channels and groups, which no section
                // names.
                Some(_)
                    if [
                        ".urls",
                        ".rename",
                        ".edge.body_bytes",
                        ".premium",
                        ".states",
                        ".channels",
                        ".roles",
                    ]
                    .iter()
                    .any(|end| path.ends_with(end)) => {}
                Some(toml::Value::Table(_)) => sections.push(path),
                Some(_) => {}
            }
        }
    }
    assert!(missing.is_empty(), "default.toml does not explain {missing:#?}");
    assert!(seen > 100, "only {seen} keys were looked at");
}

/// Which keys a channel has depends on its kind: each stands in some example.
#[test]
fn the_manual_has_every_key_of_a_channel() {
    let manual = manual();
    let complaint = toml::from_str::<crate::alarms::options::ChannelOptions>("nobody_knows_this = true");
    let names = expected_names(complaint.unwrap_err().message());
    let channels = at(&manual, "alarms.channels").and_then(toml::Value::as_table).unwrap();
    let missing: Vec<_> =
        names.iter().filter(|name| channels.values().all(|channel| channel.get(name).is_none())).collect();
    assert!(missing.is_empty() && names.len() > 10, "{missing:?} of {names:?}");
}

/// An entry may override each key of a platform's section, where the manual explains it.
#[test]
fn the_manual_has_every_key_of_an_entry() {
    let manual = manual();
    let complaint = toml::from_str::<EntryOptions>("nobody_knows_this = true").unwrap_err();
    let names = expected_names(complaint.message());
    let entry = &manual["rules"].as_array().unwrap()[0];
    let section = at(&manual, "platforms.some-province.underwriting").unwrap();
    let missing: Vec<_> =
        names.iter().filter(|name| entry.get(name).is_none() && section.get(name).is_none()).collect();
    assert!(missing.is_empty() && names.len() > 25, "{missing:?} of {names:?}");
    for name in section.as_table().unwrap().keys() {
        assert!(names.contains(name), "an entry can't override `{name}`");
    }
}
