//! Tables and settings that can't be used, and what is said of them.

use baohan_gateway::dialect::{Profile, Registry, Table};
use baohan_gateway::domain::identity::PlatformId;

use crate::platform::options;

const HAINAN: &str = include_str!("../../src/dialect/tables/hainan-2024.toml");

/// What is said of the Hainan table with one passage changed.
fn said_of(passage: &str, changed: &str) -> String {
    assert!(HAINAN.contains(passage), "{passage}");
    Table::parse("my.toml", &HAINAN.replacen(passage, changed, 1)).unwrap_err().to_string()
}

#[test]
fn an_answers_list_is_one_list_in_its_data_and_has_what_is_read_of_it() {
    const GGZY: &str = include_str!("../../src/dialect/tables/ggzy.toml");
    let said = |passage: &str, changed: &str| {
        assert!(GGZY.contains(passage), "{passage}");
        Table::parse("my.toml", &GGZY.replacen(passage, changed, 1)).unwrap_err().to_string()
    };
    assert_eq!(
        said(r#""cost", within = "data.baohanlist[]""#, r#""cost", within = "data""#),
        "my.toml: interface `checkbaohanlist`: expected `within = \"data.…[]\"`, one list for `cost`, found `data`"
    );
    assert_eq!(
        said(r#"is = "decided-at""#, r#"is = "unused""#),
        "my.toml: interface `getbiaoduanyichang`: expected an answer row that is DecidedAt, found none"
    );
}

#[test]
fn a_platform_that_must_be_told_where_applicants_go_on_stops_the_start_without_it() {
    let registry = Registry::built_in().unwrap();
    let table = registry.table("zhangzhou-2.3").unwrap();
    let started = |extra: &str| {
        let options = format!(
            "dialect = 'zhangzhou-2.3'\ntitle = 'x'\nappkey = 'a'\nappsecret = 's'\n\
             base_url = 'https://p.example'\nagreed_key = '00112233445566778899aabbccddeeff'\n{extra}"
        );
        let profile = Profile::new(PlatformId::new("x"), table, &toml::from_str(&options).unwrap());
        profile.map(drop).map_err(|error| error.to_string())
    };
    assert_eq!(started("redirect_url = 'https://insurer.example/pay?id={application}'"), Ok(()));
    let error = started("").unwrap_err();
    assert_eq!(
        error,
        "`redirect_url`: expected an address, since what is accepted is answered with `Payurl` (4.1), found nothing"
    );
}

#[test]
fn a_mistake_in_a_table_is_named_with_its_file_interface_and_field() {
    let bidder = r#"name = "biddername", type = "string", length = 200, required = true, note = "投标人名称", is = "applicant-name""#;
    for (passage, changed, message) in [
        (
            bidder,
            &bidder.replace("applicant-name", "applicant-code"),
            "my.toml: interface `baohanapply`: expected each meaning once, found ApplicantCode at `biddercode` again",
        ),
        (
            bidder,
            &bidder.replace("\"biddername\"", "\"applyno\""),
            "my.toml: interface `baohanapply`: expected each field once, found `applyno` twice",
        ),
        (
            bidder,
            &bidder.replace("applicant-name", "unused"),
            "my.toml: interface `baohanapply`: expected a field that is ApplicantName, since it does `apply`, found none",
        ),
        (
            bidder,
            &bidder.replace(", is = \"applicant-name\"", ""),
            "my.toml: interface `baohanapply`: expected a field that is ApplicantName",
        ),
        (
            bidder,
            &bidder.replace("200", "0"),
            "my.toml: interface `baohanapply`: field `biddername`: expected a length above 0, found 0",
        ),
        (
            "\"contact-name\"",
            &"\"invoice-url\"".to_owned(),
            "my.toml: interface `baohanapply`: field `jbrname`: expected a meaning that `apply` knows",
        ),
        (
            "clause = \"A.2\"",
            &"clause = \"A. 2\"".to_owned(),
            "my.toml: interface `baohannotice`: expected `clause` such as `A.1`, found `A. 2`",
        ),
        (
            "clause = \"A.2\"",
            &"clause = \"A.1\"".to_owned(),
            "my.toml: interface `baohannotice`: expected one interface in each clause, found `A.1` twice",
        ),
        (
            "name = \"baohannotice\"",
            &"name = \"invoicenotice\"".to_owned(),
            "my.toml: interface `invoicenotice`: expected one interface of this name in each direction",
        ),
        (
            "direction = \"out\"\ndoes = \"application-result\"",
            &"direction = \"in\"\ndoes = \"application-result\"".to_owned(),
            "my.toml: interface `baohannotice`: expected direction `out` for `application-result`, found `in`",
        ),
        (
            "values = { approved = \"1\", refused = \"0\" }",
            &"values = { approved = \"1\", declined = \"0\" }".to_owned(),
            "my.toml: interface `baohannotice`: field `applystatus`: expected `values` for exactly [approved, refused], \
             found [approved, declined]",
        ),
        (
            "when = { field = \"applystatus\", is = [\"1\"] }",
            &"when = { field = \"status\", is = [\"1\"] }".to_owned(),
            "my.toml: interface `baohannotice`: field `baohanno`: expected in `when` another field of the interface, \
             found `status`",
        ),
        (
            "when = { field = \"type\", is = [\"1\"] }",
            &"when = { field = \"type\", is = [\"2\"] }".to_owned(),
            "my.toml: interface `invoiceapply`: field `address`: expected in `when` values that `type` can have, found `2`",
        ),
        (
            ", items = \"fileurl\"",
            &String::new(),
            "my.toml: interface `claimsnotice`: field `filelist`: expected `items` where the field is evidence",
        ),
        (
            "is = \"public-key\"",
            &"is = \"unused\"".to_owned(),
            "my.toml: interface `downloadpublickey`: expected an answer row that is PublicKey, found none",
        ),
        (
            "frame = \"{fields}&appsecret={secret}\"",
            &"frame = \"{fields}\"".to_owned(),
            "my.toml: expected the secret in one place",
        ),
        (
            "digest = \"sign\"",
            &"digest = \"signature\"".to_owned(),
            "my.toml: interface `baohanapply`: field `sign`: expected the name in `envelope.digest`, `signature`, found `sign`",
        ),
        (
            "format = \"yyyy-MM-dd HH:mm:ss\"",
            &"format = \"yyyy-MM-dd\"".to_owned(),
            "my.toml: expected a format of yyyy, MM and dd, and for a time HH or H, mm and ss, found `yyyy-MM-dd`",
        ),
        ("success = \"1\"", &"success = \"0\"".to_owned(), "my.toml: expected in `reply` two codes"),
        (
            "issued = [\"notice\", \"upload\"]",
            &"issued = [\"notice\", \"notice\"]".to_owned(),
            "my.toml: expected in `flow` each step once, found `notice` twice",
        ),
    ] {
        let said = said_of(passage, changed);
        assert!(said.starts_with(message), "{said}\n{message}");
    }
}

#[test]
fn a_key_that_no_table_has_is_refused() {
    for (passage, changed) in [
        ("id = \"hainan-2024\"", "id = \"hainan-2024\"\nidea = 1"),
        ("window_minutes = 15", "window = 15"),
        ("is = \"applicant-name\"", "is = \"bidder-name\""),
        ("does = \"apply\"", "does = \"applies\""),
        ("order = \"ascii\"", "order = \"random\""),
        ("required = true, is = \"app-key\"", "required = true, cyphertext = true, is = \"app-key\""),
    ] {
        let said = said_of(passage, changed);
        assert!(
            said.starts_with("my.toml: expected a dialect table, found TOML parse error at line"),
            "{said}"
        );
    }
}

/// What is said of settings.
fn refused(extra: &str) -> String {
    let registry = Registry::built_in().unwrap();
    let table = registry.table("hainan-2024").unwrap();
    Profile::new(PlatformId::new("hainan"), table, &options(extra)).unwrap_err().to_string()
}

#[test]
fn settings_that_can_not_be_used_are_named() {
    for (extra, message) in [
        (
            "urls.baohannotic = 'https://a.example'",
            "`urls.baohannotic`: expected the name of an interface that the gateway calls, found another",
        ),
        (
            "urls.baohannotice = 'ftp://a.example'",
            "`urls.baohannotice`: expected an address such as `https://host/path`, found `ftp://a.example`",
        ),
        (
            "urls.baohannotice = 'https:// a.example'",
            "`urls.baohannotice`: expected an address such as `https://host/path`, found `https:// a.example`",
        ),
        (
            "rename.'claimsresultnotice.favoree' = 'x'",
            "`rename.claimsresultnotice.favoree`: expected `interface.field` of the dialect, other than the envelope's, and a new name \
             that is not taken, found `x`",
        ),
        (
            "rename.'quitnotice.applyno' = 'baohanno'",
            "`rename.quitnotice.applyno`: expected `interface.field` of the dialect, other than the envelope's, and a new name that \
             is not taken, found `baohanno`",
        ),
        (
            "rename.'quitnotice.sign' = 'signature'",
            "`rename.quitnotice.sign`: expected `interface.field` of the dialect, other than the envelope's, and a new \
             name that is not taken, found `signature`",
        ),
        (
            "reply.code_form = 'number'\nreply.success = 'ok'",
            "`reply`: expected two codes, of digits where they are numbers, found `ok` and `0`",
        ),
        (
            "reply.success = '0'",
            "`reply`: expected two codes, of digits where they are numbers, found `0` and `0`",
        ),
        (
            "reply.code_form = 'number'\nreply.success = '000'",
            "`reply`: expected two codes, of digits where they are numbers, found `000` and `0`",
        ),
        (
            "reply.failures = { digest = '1' }",
            "`reply`: expected two codes, of digits where they are numbers, found `1` and `1`",
        ),
        ("flow.merged = ['upload', 'upload']", "`flow`: expected each step once, found `upload` twice"),
        (
            "cipher.mode = 'cbc'\ncipher.iv = 'message'",
            "`cipher`: expected a field that is SectionIv, since `cipher.iv` is `message`, found none",
        ),
        (
            "redirect_url = 'www.example.com'",
            "`redirect_url`: expected an address such as `https://host/path`, found `www.example.com`",
        ),
        (
            "digest.frame = '{fields}'",
            "`digest`: expected the secret in one place: `{secret}` in `digest.frame`, `digest.secret_field`, or \
             `hmac-sm3`, found 0",
        ),
        ("cipher.key_source = 'agreed'", "`cipher`: expected the setting `agreed_key`, found none"),
        ("cipher.key_form = 'sm2-wrapped'", "`cipher`: expected the setting `private_key`, found none"),
        (
            "agreed_key = 'short'",
            "`agreed_key`: expected 16 bytes as 32 hexadecimal digits or Base64, found another text",
        ),
        (
            "upload.file_key = 'agreed'",
            "`file_key`: expected with `file_iv`, since `upload.file_key` is `agreed`, found not both",
        ),
        ("upload.slice_bytes = 0", "`upload.slice_bytes`: expected a number above 0, found 0"),
        (
            "timestamp.format = 'HH:mm'",
            "`timestamp`: expected a format of yyyy, MM and dd, and for a time HH or H, mm and ss, found `HH:mm`",
        ),
    ] {
        assert_eq!(refused(extra), message);
    }
}

#[test]
fn an_address_is_needed_for_every_interface_that_is_called() {
    let registry = Registry::built_in().unwrap();
    let mut options = options("");
    options.base_url = None;
    let table = registry.table("hainan-2024").unwrap();
    let error = Profile::new(PlatformId::new("hainan"), table, &options).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`base_url`: expected an address, since `urls.baohannotice` is not set, found nothing"
    );
}

#[test]
fn settings_print_no_secret() {
    let options = options("agreed_key = '00112233445566778899aabbccddeeff'");
    let registry = Registry::built_in().unwrap();
    let table = registry.table("hainan-2024").unwrap();
    let profile = Profile::new(PlatformId::new("hainan"), table, &options).unwrap();
    for shown in [format!("{options:?}"), format!("{profile:?}")] {
        assert!(!shown.contains("6f1d2c9a") && !shown.contains("00112233"), "{shown}");
    }
}

#[test]
fn a_step_that_the_dialect_can_not_take_stops_the_start() {
    let (head, _) = HAINAN.split_once("# A.5").unwrap();
    let error = Table::parse("my.toml", head).unwrap_err().to_string();
    assert_eq!(
        error,
        "my.toml: expected in `flow` steps that interfaces do, found `upload` without one that does `completion`"
    );
}
