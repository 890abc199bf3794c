//! The archive in a bucket, without a gateway round it: rights, TLS, damage, and what a server says when it can't serve.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use baohan_gateway::crypto::keyring::Keyring;
use baohan_gateway::domain::identity::DocumentDigest;
use baohan_gateway::settings;
use baohan_gateway::store::archive::{ArchiveError, Damage, Trial};
use baohan_gateway::store::{Archive, archive::digest_of};

use super::server::{BUCKET, Server, python};
use crate::faults::until_stored;

/// A user who may do what deploy/DOCUMENTS.md says, and nothing else. Four requests.
const USER: &str = r#"
import boto3, json, sys
way = dict(endpoint_url=sys.argv[1], region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
bucket = sys.argv[2]
boto3.client("s3", **way).create_bucket(Bucket=bucket)
users = boto3.client("iam", **way)
users.create_user(UserName="gateway")
policy = json.loads(sys.argv[3])
users.put_user_policy(UserName="gateway", PolicyName="documents", PolicyDocument=json.dumps(policy))
key = users.create_access_key(UserName="gateway")["AccessKey"]
print(key["AccessKeyId"], key["SecretAccessKey"])
"#;

/// The policy that the page for operators shows.
fn policy_of_the_page() -> String {
    let page = include_str!("../../../deploy/DOCUMENTS.md");
    let (_, policy) = page.split_once("```json\n").unwrap();
    policy.split_once("```").unwrap().0.replace("baohan-documents", BUCKET)
}

fn keyring() -> Arc<Keyring> {
    Arc::new(Keyring::from_master(&[7; 32]))
}

/// The archive of a section, as a file with settings says it.
fn archive(section: &str) -> Archive {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), section).unwrap();
    Archive::open(&settings::load_archive(file.path()).unwrap(), keyring()).unwrap()
}

fn complaint<T: std::fmt::Debug>(result: Result<T, ArchiveError>) -> String {
    match result.unwrap_err() {
        ArchiveError::Unavailable(text) => text,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_rights_that_the_page_names_are_enough_and_wrong_ones_are_named() {
    let server = Server::start_strict_after(4).await;
    let keys = python(USER, &[&server.url(), BUCKET, &policy_of_the_page()]);
    let (id, secret) = keys.trim().split_once(' ').unwrap();
    let sound = archive(&server.section_with(id, secret));
    assert_eq!(sound.try_out().await.unwrap(), Trial::Sound);
    for _ in 0..2 {
        let digest = sound.put(b"abc".to_vec()).await.unwrap();
        assert_eq!(sound.get(&digest).await.unwrap(), b"abc");
        assert_eq!(sound.size(&digest).await.unwrap(), Some(3));
    }
    let unknown = digest_of(b"never written");
    assert!(matches!(sound.get(&unknown).await, Err(ArchiveError::Missing(_))));
    assert_eq!(sound.size(&unknown).await.unwrap(), None);
    // What was there already was not written again.
    let puts = server
        .log()
        .lines()
        .filter(|line| line.contains("PUT /") && line.contains(&digest_of(b"abc").to_string()))
        .count();
    assert_eq!((puts, server.log().matches(" 412 ").count()), (2, 2), "{}", server.log());

    let other_bucket = server.section_with(id, secret).replace(BUCKET, "others");
    for (section, expected) in [
        (
            server.section_with(id, "wrong"),
            "answers SignatureDoesNotMatch: the signature is wrong (archive.s3.secret_key",
        ),
        (
            server.section_with("nobody", secret),
            "the store does not know the access key (archive.s3.access_key)",
        ),
        (other_bucket, "answers AccessDenied: the access key may not do that in bucket `others`"),
    ] {
        let said = complaint(archive(&section).try_out().await);
        assert!(said.starts_with(&server.url()) && said.contains(expected), "{said}");
        assert!(!said.contains(secret) && !said.contains("StringToSign"), "{said}");
    }
}

#[tokio::test]
async fn what_is_damaged_is_seen_and_healed_by_archiving_it_again() {
    let server = Server::start().await;
    // Where there is no bucket, nothing is known of a document.
    let archive = archive(&server.section());
    let digest = digest_of(b"abc");
    for said in [complaint(archive.get(&digest).await), complaint(archive.size(&digest).await)] {
        assert!(
            said.ends_with("answers NoSuchBucket: there is no bucket `letters` (archive.s3.bucket)"),
            "{said}"
        );
    }
    server.make_bucket().await;
    assert!(matches!(archive.get(&digest).await, Err(ArchiveError::Missing(_))));
    archive.put(b"abc".to_vec()).await.unwrap();
    server.spoil(digest.as_str(), b"abd".to_vec()).await;
    let read = archive.get(&digest).await;
    assert!(
        matches!(&read, Err(ArchiveError::Damaged { how: Damage::Digest(found), .. }) if *found == digest_of(b"abd")),
        "{read:?}"
    );
    archive.put(b"abc".to_vec()).await.unwrap();
    assert_eq!(archive.get(&digest).await.unwrap(), b"abc");
}

#[tokio::test]
async fn a_store_that_knows_no_conditions_checksums_or_keys_of_its_own_is_used_as_it_is() {
    let server = Server::start().await;
    server.make_bucket().await;
    let digest = digest_of(b"abc");
    for more in
        ["if_none_match = false", "checksum = true", "encryption = \"AES256\"", "addressing = \"path\""]
    {
        let archive = archive(&format!("{}{more}\n", server.section()));
        for _ in 0..2 {
            archive.put(b"abc".to_vec()).await.unwrap();
        }
        assert_eq!(archive.get(&digest).await.unwrap(), b"abc", "{more}");
        assert_eq!(archive.try_out().await.unwrap(), Trial::Sound);
    }
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    certificates(folder.path());
    let server = Server::start_with_tls(&path("server.pem"), &path("server.key")).await;
    let section = server.section();
    let said = complaint(archive(&section).try_out().await);
    assert!(said.contains("can't be reached") && said.to_lowercase().contains("certificate"), "{said}");
    let trusting = archive(&format!("{section}ca_file = {:?}\n", path("ca.pem")));
    let said = complaint(trusting.try_out().await);
    assert!(said.contains("NoSuchBucket"), "{said}");
    let wrong = format!("{section}ca_file = {:?}\n", path("server.key"));
    let file = path("wrong.toml");
    std::fs::write(&file, wrong).unwrap();
    let said = complaint(Archive::open(&settings::load_archive(&file).unwrap(), keyring()));
    assert!(said.starts_with("archive.s3.ca_file: expected PEM certificates"), "{said}");
}

/// An authority and a server's certificate for this machine.
fn certificates(folder: &Path) {
    let openssl = |arguments: &str| {
        let done = Command::new("openssl").args(arguments.split(' ')).current_dir(folder).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    };
    std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
        .unwrap();
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=Authority -addext basicConstraints=critical,CA:TRUE",
    );
    openssl("req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj /CN=store");
    openssl(
        "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.pem",
    );
}

#[tokio::test]
async fn a_store_that_was_seen_to_be_away_is_asked_again_by_looks_only() {
    let mut server = Server::start().await;
    server.make_bucket().await;
    let archive = archive(&server.section());
    let digest = archive.put(b"abc".to_vec()).await.unwrap();
    archive.look().await;
    server.signal("STOP");
    let said = complaint(archive.get(&digest).await);
    assert!(!said.starts_with("as last seen"), "{said}");
    archive.look().await;
    let refusals = [
        complaint(archive.get(&digest).await),
        complaint(archive.put(b"abd".to_vec()).await),
        complaint(archive.size(&digest).await),
    ];
    for said in refusals {
        assert!(said.starts_with("as last seen, "), "{said}");
    }
    server.signal("CONT");
    until_stored("a look succeeds", async || {
        archive.look().await;
        archive.outage().is_none().then_some(())
    })
    .await;
    assert_eq!(archive.get(&digest).await.unwrap(), b"abc");
    // Where it can be read but not written, looks do not say that all is well.
    server.kill();
    server.start_again().await;
    assert!(complaint(archive.put(b"abc".to_vec()).await).contains("NoSuchBucket"));
    archive.look().await;
    assert!(archive.outage().is_some());
}

/// Answers every request alike, until the test ends; with nothing at all where there is no answer.
fn always(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let Some(answer) = answer else {
                open.push(stream);
                continue;
            };
            drop(stream.read(&mut [0; 65536]));
            let head = "Connection: close\r\nLast-Modified: Sun, 22 Nov 2026 00:00:00 GMT\r\nETag: \"x\"";
            let (status, body) = answer.split_once('\n').unwrap();
            let length = body.len();
            drop(write!(stream, "HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\n\r\n{body}"));
        }
    });
    url
}

#[tokio::test]
async fn what_a_store_in_trouble_says_is_never_taken_for_a_missing_document() {
    let digest: DocumentDigest = digest_of(b"abc");
    for (answer, expected) in [
        (
            Some(
                "503 Slow Down\n<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>",
            ),
            "answers SlowDown: Reduce your request rate.",
        ),
        (Some("500 Oops\n<html>proxy error</html>"), "answers: non-2xx status code: 500"),
        (Some("404 Not Found\n<html>nothing here</html>"), "answers: non-2xx status code: 404"),
        (Some("403 Forbidden\n"), "denies the access to bucket `letters`"),
        (None, "can't be reached: operation timed out"),
    ] {
        let url = always(answer);
        let section = format!(
            "[archive.s3]\nendpoint = \"{url}\"\nbucket = \"letters\"\naccess_key = \"a\"\nsecret_key = \"b\"\n\
             timeout = \"3s\"\nattempt_timeout = \"300ms\"\nattempts = 2\n"
        );
        let archive = archive(&section);
        for said in [complaint(archive.get(&digest).await), complaint(archive.put(b"abc".to_vec()).await)] {
            assert!(said.starts_with(&url) && said.contains(expected), "{said}");
        }
    }
}
