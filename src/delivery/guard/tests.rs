//! What a guard lets through, by all the ways in which an address can be written.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use futures_util::future::BoxFuture;

use super::*;

fn options(hosts: &[&str], private: &[&str]) -> OutboundOptions {
    let list = |texts: &[&str]| texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(", ");
    toml::from_str(&format!("hosts = [{}]\nprivate = [{}]", list(hosts), list(private))).unwrap()
}

/// Answers each question with the next of some answers.
struct Script(Mutex<VecDeque<Vec<IpAddr>>>);

impl Names for Script {
    fn look_up(&self, _: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        let next = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        Box::pin(async move { next.ok_or_else(|| std::io::Error::other("asked too often")) })
    }
}

fn script(answers: &[&[&str]]) -> Arc<dyn Names> {
    let answers = answers.iter().map(|answer| answer.iter().map(|it| it.parse().unwrap()).collect());
    Arc::new(Script(Mutex::new(answers.collect())))
}

#[test]
fn an_address_of_a_message_goes_to_named_hosts_only() {
    let hosts = ["files.example.gov.cn", "*.ggzy.example", "http://old.example.cn:8080", "例子.cn"];
    let guard = Guard::messages("evidence", &options(&hosts, &[]));
    for fine in [
        "https://files.example.gov.cn/a.pdf?token=1",
        "https://FILES.example.gov.cn:443/",
        "https://files.example.gov.cn./a",
        "https://a.ggzy.example/",
        "https://a.b.ggzy.example/",
        "http://old.example.cn:8080/a",
        "https://xn--fsqu00a.cn/",
        "https://例子.cn/",
        " https://files.example.gov.cn/a ",
        // To the library that sends it, too, this is a path.
        "https://files.example.gov.cn\\@evil.cn/",
    ] {
        assert!(guard.admit(fine).is_ok(), "{fine}");
    }
    for (address, rule) in [
        ("http://files.example.gov.cn/", Rule::Host),
        ("https://files.example.gov.cn:8443/", Rule::Host),
        ("https://ggzy.example/", Rule::Host),
        ("https://evilggzy.example/", Rule::Host),
        ("https://.ggzy.example/", Rule::Host),
        ("https://a.ggzy.example.evil.cn/", Rule::Host),
        ("https://files.example.gov.cn@evil.cn/", Rule::Credentials),
        ("https://user:word@files.example.gov.cn/", Rule::Credentials),
        ("https://evil.cn#@files.example.gov.cn/", Rule::Host),
        ("https://evil.cn/files.example.gov.cn", Rule::Host),
        ("https://例子.com/", Rule::Host),
        ("ftp://files.example.gov.cn/", Rule::NoAddress),
        ("file:///etc/passwd", Rule::NoAddress),
        ("gopher://files.example.gov.cn/", Rule::NoAddress),
        ("data:text/html,x", Rule::NoAddress),
        ("//files.example.gov.cn/", Rule::NoAddress),
        ("files.example.gov.cn/a.pdf", Rule::NoAddress),
        ("https://", Rule::NoAddress),
        ("https://[::1/", Rule::NoAddress),
        ("https://1.2.3.4.5/", Rule::NoAddress),
        ("", Rule::NoAddress),
    ] {
        assert_eq!(guard.admit(address).map_err(|refusal| refusal.rule), Err(rule), "{address}");
    }
    let refusal = guard.admit("https://evil.cn/a?token=75319").unwrap_err();
    assert_eq!(refusal.host, "evil.cn");
    assert!(!refusal.to_string().contains("75319"), "{refusal}");
}

#[test]
fn a_number_is_an_address_in_whatever_form_it_is_written() {
    let hosts = [
        "http://127.0.0.1",
        "http://[::1]",
        "http://[::ffff:7f00:1]",
        "http://0.0.0.0",
        "http://169.254.169.254",
    ];
    let guard = Guard::messages("evidence", &options(&hosts, &[]));
    for (address, kind) in [
        ("http://127.0.0.1/", Kind::Loopback),
        ("http://127.0.0.1./", Kind::Loopback),
        ("http://2130706433/", Kind::Loopback),
        ("http://017700000001/", Kind::Loopback),
        ("http://0x7f000001/", Kind::Loopback),
        ("http://0x7f.1/", Kind::Loopback),
        ("http://127.1/", Kind::Loopback),
        ("http://0177.0.0.01/", Kind::Loopback),
        ("http://①②⑦.⓪.⓪.①/", Kind::Loopback),
        ("http://%31%32%37.0.0.1/", Kind::Loopback),
        ("http://[::1]/", Kind::Loopback),
        ("http://[0:0:0:0:0:0:0:1]/", Kind::Loopback),
        ("http://[::ffff:127.0.0.1]/", Kind::Wrapped),
        ("http://0/", Kind::Unspecified),
        ("http://169.254.169.254/latest/meta-data", Kind::Metadata),
        ("http://0xa9fea9fe/", Kind::Metadata),
    ] {
        let refused = guard.admit(address).map(|url| url.to_string());
        assert_eq!(refused.map_err(|refusal| refusal.rule), Err(Rule::Address(kind)), "{address}");
    }
}

#[test]
fn a_range_opens_what_is_private_and_never_what_hands_out_credentials() {
    let hosts = [
        "http://10.0.0.7",
        "http://10.1.0.7",
        "http://100.100.100.200",
        "http://224.0.0.1",
        "http://0.0.0.0",
    ];
    let wide = ["10.0.0.0/16", "100.64.0.0/10", "0.0.0.0/0"];
    let admitted = |private: &[&str], address: &str| {
        Guard::messages("evidence", &options(&hosts, private)).admit(address).is_ok()
    };
    assert!(admitted(&wide[..1], "http://10.0.0.7/"));
    assert!(!admitted(&wide[..1], "http://10.1.0.7/"));
    assert!(!admitted(&wide, "http://100.100.100.200/"));
    assert!(admitted(&["100.100.100.200/32"], "http://100.100.100.200/"));
    assert!(!admitted(&wide, "http://224.0.0.1/"));
    assert!(!admitted(&wide, "http://0.0.0.0/"));
}

/// Whether a name that means one address would be called.
async fn reaches(guard: &Guard, name: &str, address: &str) -> bool {
    guard.asking(script(&[&[address]])).addresses(name).await.is_ok()
}

#[tokio::test]
async fn each_client_is_trusted_as_far_as_the_settings_wrote_its_address() {
    let own = Guard::own("callbacks", "https://core.bank.example/hook").unwrap();
    let platforms = Guard::platforms(
        &options(&[], &["10.8.0.0/16"]),
        ["https://line.example/rest", "http://localhost:81/"],
    );
    let platforms = platforms.unwrap();
    let messages = Guard::messages("evidence", &options(&["*.example.cn"], &[]));
    for (address, by_own, by_platforms, by_messages) in [
        ("8.8.8.8", true, true, true),
        ("2400:3200::1", true, true, true),
        ("10.8.0.1", true, true, false),
        ("10.9.0.1", true, false, false),
        ("192.168.1.1", true, false, false),
        ("100.64.0.1", true, false, false),
        ("fd00::1", true, false, false),
        ("127.0.0.1", true, false, false),
        ("::1", true, false, false),
        ("64:ff9b::808:808", true, false, false),
        ("64:ff9b::a9fe:a9fe", false, false, false),
        ("169.254.169.254", false, false, false),
        ("100.100.100.200", false, false, false),
        ("169.254.1.1", false, false, false),
        ("fe80::1", false, false, false),
        ("fd00:ec2::254", false, false, false),
        ("0.0.0.0", false, false, false),
        ("::", false, false, false),
        ("224.0.0.1", false, false, false),
        ("203.0.113.9", false, false, false),
        ("240.0.0.1", false, false, false),
    ] {
        assert_eq!(reaches(&own, "core.bank.example", address).await, by_own, "{address}");
        assert_eq!(reaches(&platforms, "line.example", address).await, by_platforms, "{address}");
        assert_eq!(reaches(&messages, "a.example.cn", address).await, by_messages, "{address}");
    }
    assert!(reaches(&platforms, "localhost", "127.0.0.1").await);
    assert!(!reaches(&platforms, "localhost", "10.9.0.1").await);
    let check = |guard: &Guard, url: &str| guard.check(&Url::parse(url).unwrap()).map_err(|it| it.rule);
    assert_eq!(check(&own, "https://core.bank.example/else"), Ok(()));
    assert_eq!(check(&own, "https://line.example/"), Err(Rule::Host));
    assert_eq!(check(&platforms, "https://core.bank.example/"), Err(Rule::Host));
    assert_eq!(check(&platforms, "http://line.example/rest"), Err(Rule::Host));
}

#[test]
fn a_private_address_that_the_settings_write_out_is_called_and_no_other() {
    let guard =
        Guard::platforms(&options(&[], &[]), ["http://10.1.2.3:8080/rest", "http://127.0.0.1:9"]).unwrap();
    assert!(guard.check(&Url::parse("http://10.1.2.3:8080/rest/a").unwrap()).is_ok());
    assert!(guard.check(&Url::parse("http://127.0.0.1:10/").unwrap()).is_err());
    for never in
        ["http://169.254.169.254/", "http://0.0.0.0:80", "http://[fd00:ec2::254]/", "http://224.0.0.1"]
    {
        let said = format!("{:#}", Guard::own("callbacks", never).unwrap_err());
        assert!(said.starts_with("callbacks: calling `"), "{said}");
        assert!(Guard::platforms(&options(&[], &[]), [never]).is_err(), "{never}");
    }
    assert!(Guard::own_host("alarms.channels.mail", "169.254.169.254", 25).is_err());
}

#[tokio::test]
async fn a_server_of_mail_is_found_by_name_and_by_address() {
    for host in ["::1", "127.0.0.1"] {
        let guard = Guard::own_host("alarms.channels.mail", host, 25).unwrap();
        assert_eq!(guard.addresses(host).await.unwrap(), [host.parse::<IpAddr>().unwrap()]);
    }
}

#[tokio::test]
async fn the_identity_providers_endpoints_are_its_own_or_listed_ones() {
    let guard =
        Guard::identity_provider(&options(&["token.example"], &[]), Some("https://id.bank.example/r"));
    let guard = guard.unwrap();
    let check = |url: &str| guard.check(&Url::parse(url).unwrap()).is_ok();
    assert!(check("https://id.bank.example/keys") && check("https://token.example/token"));
    assert!(!check("https://elsewhere.example/keys") && !check("http://id.bank.example/keys"));
    assert!(reaches(&guard, "id.bank.example", "10.0.0.1").await);
    assert!(!reaches(&guard, "token.example", "10.0.0.1").await);
}

#[tokio::test]
async fn of_many_addresses_only_those_that_are_permitted_are_handed_on() {
    let guard = Guard::messages("evidence", &options(&["*.example.cn"], &[]));
    let answers: [&[&str]; 2] = [&["10.0.0.1", "8.8.8.8", "::1"], &["10.0.0.1", "127.0.0.1"]];
    let guard = guard.asking(script(&answers));
    assert_eq!(guard.addresses("a.example.cn").await.unwrap(), ["8.8.8.8".parse::<IpAddr>().unwrap()]);
    let refused = guard.addresses("a.example.cn").await.unwrap_err();
    let refusal = refused.downcast_ref::<Refusal>().unwrap();
    assert_eq!(refusal.rule, Rule::Address(Kind::Loopback));
    assert_eq!(refusal.host, "a.example.cn");
}
