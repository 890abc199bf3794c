//! A sealed letter of a real guarantee, fetched under its link as a platform would.

use std::time::Duration;

use baohan_gateway::clock::Clock;
use baohan_gateway::crypto::sm3;
use baohan_gateway::domain::guarantee::LetterKind;
use baohan_gateway::domain::identity::{DocumentDigest, GuaranteeId};
use baohan_gateway::downloads::{Links, Offer};
use baohan_gateway::gateway::{self, Gateway};
use baohan_gateway::store::Store;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use reqwest::{Method, Response};

use crate::house::{Database, House, PATIENCE, on_both_databases};
use crate::pushes::client;
use crate::serving::Serving;
use crate::traces::{Planted, Traces};

const PUBLIC_URL: &str = "https://gateway.example.com/baohan";
const NAME: &str = "投标保函 1.ofd";
const NAME_IN_URL: &str = "%E6%8A%95%E6%A0%87%E4%BF%9D%E5%87%BD%201.ofd";
const OFD: &str = "application/ofd";

/// A letter that may be fetched.
struct Offered {
    guarantee: GuaranteeId,
    digest: DocumentDigest,
    bytes: Vec<u8>,
    token: String,
    /// Where this test reaches the gateway.
    url: String,
}

async fn open_house(database: Database) -> House {
    House::open_with(database, &format!("[downloads]\npublic_url = \"{PUBLIC_URL}/\"\n")).await
}

/// The URL that a platform would be told.
async fn told(
    store: &Store,
    links: &Links,
    clock: &Clock,
    offered: (&GuaranteeId, &DocumentDigest),
) -> String {
    let (links, at) = (links.clone(), clock.now());
    let (guarantee, document) = (offered.0.clone(), offered.1.clone());
    let url = store.write(move |c| {
        let offer = Offer { guarantee: &guarantee, document: &document, name: NAME, content_type: OFD };
        links.url(c, &offer, at)
    });
    url.await.unwrap().unwrap().expose().to_owned()
}

/// Issues a guarantee and a link to its letter.
async fn offered(house: &House) -> Offered {
    let applyno = house.issued().await;
    house.at_rest().await;
    let guarantee = house.stored(&applyno).await.unwrap();
    let digest = guarantee.letter(LetterKind::Ciphertext).unwrap().document.clone();
    let assembly = &house.gateway.assembly;
    let bytes = assembly.archive.get(&digest).await.unwrap();
    let url = told(&assembly.store, &assembly.links, &assembly.clock, (&guarantee.id, &digest)).await;
    let path = url.strip_prefix(PUBLIC_URL).unwrap();
    let token =
        path.strip_prefix("/files/").unwrap().strip_suffix(&format!("/{NAME_IN_URL}")).unwrap().to_owned();
    let url = format!("http://{}{path}", house.gateway.address);
    Offered { guarantee: guarantee.id, digest, bytes, token, url }
}

async fn ask(method: Method, url: &str, headers: &[(&str, &str)]) -> Response {
    let request = headers
        .iter()
        .fold(client().request(method, url), |request, (name, value)| request.header(*name, *value));
    request.send().await.unwrap()
}

async fn get(url: &str, headers: &[(&str, &str)]) -> Response {
    ask(Method::GET, url, headers).await
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

/// Waits until so many fetches are counted, which happens after they were answered.
async fn until_fetched(house: &House, count: u64) {
    let (ledger, clock) = (house.ledger(), Clock::system());
    let begun = clock.now();
    while ledger.lines("SELECT CAST(fetched AS TEXT) AS line FROM links") != [count.to_string()] {
        assert!(clock.now().duration_since(begun).unsigned_abs() < PATIENCE, "never counted {count} fetches");
        clock.wait(Duration::from_millis(10)).await;
    }
}

on_both_databases! {
    async fn a_letter_is_fetched_whole_under_its_name_and_counted(database: Database) {
        let house = open_house(database).await;
        let letter = offered(&house).await;
        let whole = get(&letter.url, &[]).await;
        assert_eq!(whole.status(), 200);
        let tag = format!("\"{}\"", letter.digest);
        for (name, expected) in [
            ("content-type", OFD),
            ("content-length", &letter.bytes.len().to_string()),
            ("content-disposition", &format!("attachment; filename=\"____ 1.ofd\"; filename*=UTF-8''{NAME_IN_URL}")),
            ("etag", &tag),
            ("accept-ranges", "bytes"),
            ("cache-control", "private, no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
        ] {
            assert_eq!(header(&whole, name), expected, "{name}");
        }
        let bytes = whole.bytes().await.unwrap();
        assert_eq!(hex::encode(sm3::digest(&bytes)), letter.digest.as_str());
        until_fetched(&house, 1).await;

        // Whoever shortens or changes the name gets the same.
        for url in [letter.url.replace(NAME_IN_URL, "x.pdf"), letter.url.replace(&format!("/{NAME_IN_URL}"), "")] {
            assert!(get(&url, &[]).await.bytes().await.unwrap() == letter.bytes);
        }
        until_fetched(&house, 3).await;

        let described = ask(Method::HEAD, &letter.url, &[("range", "bytes=0-9")]).await;
        assert_eq!((described.status().as_u16(), header(&described, "etag")), (200, tag.as_str()));
        assert_eq!(header(&described, "content-length"), letter.bytes.len().to_string());
        assert!(header(&described, "content-disposition").contains(NAME_IN_URL));
        assert!(described.bytes().await.unwrap().is_empty());
        for known in [tag.as_str(), "\"other\"", &format!("\"other\", {tag}")] {
            let unchanged = get(&letter.url, &[("if-none-match", known)]).await;
            let expected = if known.contains(&tag) { 304 } else { 200 };
            assert_eq!(unchanged.status(), expected, "{known}");
        }
        assert_eq!(ask(Method::POST, &letter.url, &[]).await.status(), 405);

        // Neither description nor confirmation is a fetch; the one whole answer above is.
        until_fetched(&house, 4).await;
        let counted = |result| house.counted(&format!("gw_downloads_total{{platform=\"hainan\",result=\"{result}\"}}"));
        assert_eq!((counted("whole"), counted("described"), counted("unchanged")), (4, 1, 2));
        let metrics = house.gateway.assembly.metrics.encode();
        assert!(!metrics.contains(&letter.token) && !metrics.contains(letter.guarantee.as_str()));
    }

    async fn a_letter_is_fetched_in_ranges(database: Database) {
        let house = open_house(database).await;
        let letter = offered(&house).await;
        let length = letter.bytes.len();
        let mut joined = Vec::new();
        for (asked, first, last) in [
            ("bytes=0-999".to_owned(), 0, 999),
            (format!("bytes=1000-{}", length * 2), 1000, length - 1),
            ("bytes=5-5".to_owned(), 5, 5),
            ("bytes=1000-".to_owned(), 1000, length - 1),
            ("bytes=-7".to_owned(), length - 7, length - 1),
            (format!("bytes=-{}", length * 2), 0, length - 1),
        ] {
            let part = get(&letter.url, &[("range", &asked)]).await;
            assert_eq!(part.status(), 206, "{asked}");
            assert_eq!(header(&part, "content-range"), format!("bytes {first}-{last}/{length}"), "{asked}");
            assert_eq!(header(&part, "content-length"), (last - first + 1).to_string(), "{asked}");
            assert_eq!(header(&part, "content-type"), OFD);
            let bytes = part.bytes().await.unwrap();
            assert!(bytes == letter.bytes[first..=last], "{asked}");
            joined.extend_from_slice(&bytes);
        }
        assert!(joined[..length] == letter.bytes);
        let tag = format!("\"{}\"", letter.digest);
        let same = get(&letter.url, &[("range", "bytes=0-9"), ("if-range", &tag)]).await;
        assert_eq!(same.status(), 206);

        for asked in [format!("bytes={length}-"), format!("bytes={length}-{length}"), "bytes=-0".to_owned()] {
            let outside = get(&letter.url, &[("range", &asked)]).await;
            assert_eq!(outside.status(), 416, "{asked}");
            assert_eq!(header(&outside, "content-range"), format!("bytes */{length}"));
            assert!(outside.bytes().await.unwrap().is_empty());
        }
        let stale = "Sun, 22 Nov 2026 00:00:00 GMT";
        for headers in [
            [("range", "bytes=0-9,20-29"), ("accept", "*/*")],
            [("range", "bytes=9-0"), ("accept", "*/*")],
            [("range", "lines=1-2"), ("accept", "*/*")],
            [("range", "bytes"), ("accept", "*/*")],
            [("range", "bytes=0-9"), ("if-range", "\"other\"")],
            [("range", "bytes=0-9"), ("if-range", stale)],
        ] {
            let whole = get(&letter.url, &headers).await;
            assert_eq!(whole.status(), 200, "{headers:?}");
            assert!(whole.bytes().await.unwrap() == letter.bytes);
        }
        until_fetched(&house, 13).await;
        let counted = |result| house.counted(&format!("gw_downloads_total{{platform=\"hainan\",result=\"{result}\"}}"));
        assert_eq!((counted("part"), counted("unsatisfiable"), counted("whole")), (7, 3, 6));
    }

    async fn a_link_that_does_not_open_says_nothing_of_why(database: Database) {
        let house = open_house(database).await;
        let letter = offered(&house).await;
        let other = if letter.token.starts_with('A') { "B" } else { "A" };
        let guessed = letter.url.replace(&letter.token, &format!("{other}{}", &letter.token[1..]));
        let malformed = letter.url.replace(&letter.token, "x");
        let clock = &house.gateway.assembly.clock;
        let mut answers = vec![get(&guessed, &[]).await, get(&malformed, &[]).await];
        clock.advance(Duration::from_secs(90 * 86_400 - 3600));
        assert_eq!(get(&letter.url, &[]).await.status(), 200);
        clock.advance(Duration::from_secs(3600));
        answers.push(get(&letter.url, &[]).await);

        // Told again, it opens again; but what is not in the archive can't be fetched.
        let assembly = &house.gateway.assembly;
        let again = told(&assembly.store, &assembly.links, clock, (&letter.guarantee, &letter.digest)).await;
        assert!(again.contains(&letter.token));
        assert_eq!(get(&letter.url, &[]).await.status(), 200);
        let digest = letter.digest.as_str();
        std::fs::remove_file(house.settings().archive.folder.join(&digest[..2]).join(digest)).unwrap();
        answers.push(get(&letter.url, &[]).await);
        answers.push(ask(Method::HEAD, &letter.url, &[]).await);

        let mut seen = std::collections::BTreeSet::new();
        for answer in answers {
            assert_eq!(answer.status(), 404);
            let headers = answer.headers().iter().filter(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()));
            let mut headers: Vec<String> = headers.map(|(name, value)| format!("{name}: {value:?}")).collect();
            headers.sort();
            seen.insert((headers, answer.text().await.unwrap()));
        }
        assert_eq!(seen.len(), 1, "{seen:#?}");
        let counted = |platform, result| {
            house.counted(&format!("gw_downloads_total{{platform=\"{platform}\",result=\"{result}\"}}"))
        };
        assert_eq!(counted("unknown", "unknown"), 2);
        assert_eq!((counted("hainan", "expired"), counted("hainan", "missing")), (1, 2));
        assert_eq!(house.counted("gw_alarms_total{kind=\"document-lost\"}"), 1);
        until_fetched(&house, 2).await;
    }

    async fn a_fetch_is_logged_once_and_its_link_never(database: Database) {
        let house = open_house(database).await;
        let letter = offered(&house).await;
        let (folder, sandbox, clock) = (house.folder, house.sandbox, Clock::system());
        let files = [house.settings, house.overrides];
        let address = house.gateway.address;
        house.gateway.stop().await;
        let variables = [
            ("BAOHAN__SERVER__LISTEN", address.to_string()),
            ("BAOHAN__TELEMETRY__LOG_FILTER", "trace".to_owned()),
            ("BAOHAN__TELEMETRY__LOG_FORMAT", "json".to_owned()),
        ];
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let serving = Serving::start(&files, &variables);
        assert_eq!(get(&letter.url, &[("range", "bytes=0-99")]).await.status(), 206);
        // Written otherwise, or wrongly, it is as secret.
        for (written, status) in [("/%66iles/", 200), ("/Files/", 404), ("/baohan/files/", 404), ("/files%2F", 400)] {
            assert_eq!(get(&letter.url.replace("/files/", written), &[]).await.status(), status, "{written}");
        }
        // A link of the past.
        let settings = baohan_gateway::settings::load(&files).unwrap();
        let store = gateway::connect_store(&settings).unwrap();
        let first_day = store.write({
            let document = DocumentDigest::new("lost");
            let guarantee = letter.guarantee.clone();
            let links = Links::new(&settings.downloads);
            let at = clock.now() - jiff::SignedDuration::from_hours(24 * 91);
            move |c| links.url(c, &Offer { guarantee: &guarantee, document: &document, name: NAME, content_type: OFD }, at)
        });
        let expired = first_day.await.unwrap().unwrap();
        let expired = expired.expose().strip_prefix(PUBLIC_URL).unwrap();
        assert_eq!(get(&format!("http://{address}{expired}"), &[]).await.status(), 404);
        let metrics = get(&format!("http://{}/metrics", serving.metrics), &[]).await.text().await.unwrap();
        let log = serving.stop();

        let mut traces = Traces::default();
        traces.add("log", &log);
        traces.add("metrics", metrics.as_bytes());
        traces.add_folder(folder.path(), &["keys", "master.key", "appsecret"]);
        let tokens = [
            Planted::new("the link", &letter.token),
            Planted::new("the expired link", expired.split('/').nth(2).unwrap()),
        ];
        traces.assert_free_of(&tokens, |_| false);
        let events: Vec<serde_json::Value> =
            log.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
        let followed: Vec<_> = events.iter().filter(|event| event["message"] == "link followed").collect();
        let [part, whole] = followed[..] else { panic!("{followed:?}") };
        assert_eq!((&part["result"], &part["size_bytes"]), (&"part".into(), &100.into()));
        assert_eq!((&whole["result"], &whole["size_bytes"]), (&"whole".into(), &letter.bytes.len().into()));
        for event in followed {
            assert_eq!(event["guarantee.id"], letter.guarantee.as_str());
            assert_eq!((&event["platform"], &event["peer"]), (&"hainan".into(), &"127.0.0.1".into()));
            assert_eq!(event["document"], letter.digest.as_str()[..12]);
            assert_eq!(event["span"]["path"], "/files/***");
            assert!(event["span"]["request.id"].is_string());
        }
        let expired = |event: &&serde_json::Value| event["message"] == "expired link followed";
        assert_eq!(events.iter().filter(expired).count(), 1);
        sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_the_count_of_a_fetch_and_none_fails_with_it() {
    let house = open_house(Database::Sqlite).await;
    let letter = offered(&house).await;
    let settings = house.settings();
    let mut outside = SqliteConnection::establish(settings.store.url.expose()).unwrap();
    // Nobody else can write now.
    outside.batch_execute("BEGIN IMMEDIATE").unwrap();
    let answered = tokio::time::timeout(Duration::from_secs(5), get(&letter.url, &[])).await.unwrap();
    assert!(answered.bytes().await.unwrap() == letter.bytes);
    outside.batch_execute("COMMIT").unwrap();
    until_fetched(&house, 1).await;

    outside
        .batch_execute(
            "CREATE TRIGGER broken BEFORE UPDATE ON links BEGIN SELECT RAISE(ABORT, 'broken'); END",
        )
        .unwrap();
    assert!(get(&letter.url, &[]).await.bytes().await.unwrap() == letter.bytes);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gateway_that_does_not_know_its_public_address_gives_no_links() {
    let house = House::open(Database::Sqlite).await;
    let told = std::fs::read_to_string(&house.settings).unwrap();
    let untold: Vec<_> = told.lines().filter(|line| !line.starts_with("public_url")).collect();
    std::fs::write(&house.settings, untold.join("\n")).unwrap();
    let settings = house.settings();
    house.gateway.stop().await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gateway = Gateway::start_on(listener, settings, Clock::system()).await.unwrap();
    let links = gateway.assembly.links.clone();
    assert!(!links.configured());
    let at = Clock::system().now();
    let url = gateway.assembly.store.write(move |c| {
        let (guarantee, document) = (GuaranteeId::new("g"), DocumentDigest::new("d"));
        links.url(c, &Offer { guarantee: &guarantee, document: &document, name: NAME, content_type: OFD }, at)
    });
    assert!(url.await.unwrap().is_none());
}
