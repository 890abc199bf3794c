//! What changes make of the settings' rules and secrets.

use jiff::civil::{Date, date};

use super::overlay::{Held, Overlay, Version};
use super::{Subject, Withdrawal, timeline};
use crate::domain::identity::PlatformId;
use crate::institution::rules::EntryOptions;
use crate::secret::Secret;

fn version(number: i64, held: Held) -> Version {
    Version {
        generation: number,
        subject: Subject::Rule { name: "season".to_owned() },
        number,
        held,
        reason: "旺季".to_owned(),
        digest: None,
        previous: None,
        made_by: "张三".to_owned(),
        approved_by: "李四".to_owned(),
        proposal: format!("p{number}"),
        adopted_at: "2026-11-22T00:00:00Z".parse().unwrap(),
    }
}

fn rate(number: i64, rate: &str, from: Date) -> Version {
    version(number, Held::Rule { keys: format!("rate = \"{rate}\""), from })
}

fn settings(text: &str) -> Vec<EntryOptions> {
    let table: toml::Table = toml::from_str(text).unwrap();
    table["rules"].clone().try_into().unwrap()
}

/// Each entry as `name from..until rate`.
fn lines(settings: &[EntryOptions], versions: Vec<Version>) -> Vec<String> {
    let day = |day: Option<Date>| day.map(|day| day.to_string()).unwrap_or_default();
    let entries = timeline::entries(settings, &Overlay::of(versions)).unwrap();
    let rate = |entry: &EntryOptions| entry.rate.as_ref().map(|it| it.0.to_string()).unwrap_or_default();
    let line = |it: &EntryOptions| format!("{} {}..{} {}", it.name, day(it.from), day(it.until), rate(it));
    entries.iter().map(line).collect()
}

#[test]
fn each_version_of_an_entry_holds_until_the_next_one_begins_and_in_its_place() {
    let settings = settings(
        "[[rules]]\nname = 'season'\nfrom = 2026-01-01\nuntil = 2026-12-31\nrate = '0.004'\n\
         [[rules]]\nname = 'other'\nrate = '0.006'",
    );
    let before = ["season 2026-01-01..2026-12-31 0.004", "other .. 0.006"];
    assert_eq!(lines(&settings, Vec::new()), before);
    let changed = vec![
        rate(1, "0.005", date(2026, 12, 1)),
        version(2, Held::AsInSettings(Withdrawal { from: Some(date(2026, 12, 11)), accept_old_until: None })),
    ];
    let with = [
        "season 2026-01-01..2026-11-30 0.004",
        "season@1 2026-12-01..2026-12-10 0.005",
        "season@2 2026-12-11..2026-12-31 0.004",
        "other .. 0.006",
    ];
    assert_eq!(lines(&settings, changed), with);
}

#[test]
fn a_version_that_begins_earlier_takes_the_place_of_one_that_was_to_come() {
    let versions = vec![rate(1, "0.005", date(2027, 1, 1)), rate(2, "0.007", date(2026, 12, 1))];
    assert_eq!(lines(&[], versions), ["season@2 2026-12-01.. 0.007"]);
    let ended = vec![
        rate(1, "0.005", date(2026, 12, 1)),
        version(2, Held::AsInSettings(Withdrawal { from: Some(date(2026, 12, 24)), accept_old_until: None })),
    ];
    assert_eq!(lines(&[], ended), ["season@1 2026-12-01..2026-12-23 0.005"]);
}

#[test]
fn keys_that_no_entry_has_are_refused_by_name() {
    let refused = |keys: &str| timeline::read("season", keys).unwrap_err();
    assert!(refused("rat = '0.1'").contains("`rat`"));
    assert!(refused("name = 'winter'").contains("without the name"));
    assert!(refused("rate = ").contains("expected"), "{}", refused("rate = "));
}

#[test]
fn a_version_is_read_as_it_was_written_and_shows_no_secret() {
    let held = Held::Secret { secret: Secret::new("6f1d2c9a"), accept_old_until: None };
    let body = held.to_body("更换").unwrap();
    assert_eq!(Held::from_body(&body).unwrap(), (held.clone(), "更换".to_owned()));
    assert!(!format!("{held:?}").contains("6f1d"));
}

#[test]
fn a_subject_is_read_as_it_was_named() {
    for subject in [
        Subject::Secret { platform: PlatformId::new("a/b"), key: super::SecretKey::FileIv },
        Subject::Rule { name: "season".to_owned() },
        Subject::Template { name: "bid-bond.typ".to_owned() },
    ] {
        assert_eq!(Subject::read(subject.kind(), &subject.id()), Some(subject));
    }
    assert_eq!(Subject::read("moon-phase", "x"), None);
}
