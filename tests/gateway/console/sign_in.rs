//! Signing in by password and one-time code.

use std::time::Duration;

use baohan_gateway::access::Role;
use reqwest::{StatusCode, header};

use super::CONSOLE;
use super::guest::{Device, PASSWORD};
use super::visitor::Page;
use crate::house::{Database, House, on_both_databases};

const STEP: Duration = Duration::from_secs(30);

/// A page without what names its moment and what was typed.
fn bare(page: &Page, name: &str) -> (StatusCode, String) {
    let text = page.text.replace(&format!("value=\"{name}\""), "value=\"\"");
    let (before, rest) = text.split_once("<time>").unwrap();
    let (_, after) = rest.split_once("</time>").unwrap();
    (page.status, format!("{before}{after}"))
}

on_both_databases! {
    async fn a_first_sign_in_leads_through_a_password_and_a_device_and_opens_nothing_before(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let initial = house.invite("Zhang.San", &[Role::Operations]).await;
        let mut guest = house.guest();
        let page = guest.get("/sign-in?back=%2Fqueue").await;
        assert_eq!(page.status, StatusCode::OK);
        for part in ["autocomplete=\"username\"", "autocomplete=\"current-password\""] {
            assert!(page.text.contains(part), "{part}");
        }
        let page = guest.post("/sign-in", &[("name", " ZHANG.san "), ("password", &initial), ("back", "/queue")]).await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/sign-in/new-password?back=%2Fqueue"));
        let first = guest.cookies["baohan-step"].clone();

        // Halfway in is not in: not with the step's cookie, and not with it in the session's place.
        let mut sly = house.guest();
        sly.cookies = [("baohan-step", &first), ("baohan", &first)].map(|(name, it)| (name.to_owned(), it.clone())).into();
        for place in ["/", "/account", "/queue"] {
            assert!(sly.get(place).await.location().starts_with("/sign-in"), "{place}");
        }
        // Nor is a step skipped.
        assert_eq!(guest.get("/sign-in/enrolment").await.location(), "/sign-in");
        assert_eq!(guest.get("/sign-in/code").await.location(), "/sign-in");

        let new = |password| [("password", password), ("again", password), ("back", "/queue")];
        let place = "/sign-in/new-password";
        for unfit in ["too short", "zhang.san is my name", "Password123456", initial.as_str()] {
            assert_eq!(guest.step(place, &new(unfit)).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{unfit}");
        }
        let page = guest.step(place, &new(PASSWORD)).await;
        assert_eq!(page.location(), "/sign-in/enrolment?back=%2Fqueue");
        let second = guest.cookies["baohan-step"].clone();
        assert_ne!(first, second, "each step has a token of its own");

        let page = guest.get("/sign-in/enrolment").await;
        assert!(page.text.contains("<svg class=\"code\"") && !page.text.contains("otpauth://"));
        let device = Device::of(page.between("<code id=\"secret\">", "</code>"));
        let wrong = guest.step("/sign-in/enrolment", &[("code", "000000")]).await;
        assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
        let code = house.code(&device);
        let page = guest.step("/sign-in/enrolment", &[("code", &code), ("back", "/queue")]).await;
        assert_eq!(page.status, StatusCode::OK);
        let recovery = page.between("<li>", "</li>").to_owned();
        assert_eq!(page.text.matches("<li>").count(), 10);
        assert!(page.text.contains("href=\"/queue\""));
        let session = guest.cookies["baohan"].clone();
        assert!(!guest.cookies.contains_key("baohan-step") && session != second);
        assert_eq!(guest.get("/queue").await.status, StatusCode::OK);

        // The next time: a code once, and none that was used before.
        let mut again = house.guest();
        assert_eq!(again.show("zhang.san", &initial).await.status, StatusCode::UNAUTHORIZED);
        assert_eq!(again.show("zhang.san", PASSWORD).await.location(), "/sign-in/code?back=%2F");
        let page = again.step("/sign-in/code", &[("code", &code)]).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "the code of the enrolment was used");
        house.gateway.assembly.clock.advance(STEP * 2);
        let code = house.code(&device);
        let page = again.step("/sign-in/code", &[("code", &code)]).await;
        assert_eq!((page.status, page.location()), (StatusCode::SEE_OTHER, "/"));
        assert_eq!(again.get("/").await.status, StatusCode::OK);
        assert_ne!(again.cookies["baohan"], session);
        let mut third = house.guest();
        third.show("zhang.san", PASSWORD).await;
        assert_eq!(third.step("/sign-in/code", &[("code", &code)]).await.status, StatusCode::UNAUTHORIZED);
        // A recovery code helps once.
        let typed = recovery.to_uppercase().replace('-', " ");
        assert_eq!(third.step("/sign-in/code", &[("code", &typed)]).await.location(), "/");
        let mut fourth = house.guest();
        fourth.show("zhang.san", PASSWORD).await;
        assert_eq!(fourth.step("/sign-in/code", &[("code", &recovery)]).await.status, StatusCode::UNAUTHORIZED);

        // Out is out, for whoever kept the cookie too.
        let kept = guest.cookies.clone();
        let page = guest.get("/account").await;
        assert_eq!(page.text.matches("/end\"").count(), 2, "two other sessions are open");
        let token = page.form_token();
        assert_eq!(guest.post("/sign-out", &[("form_token", &token)]).await.location(), "/sign-in");
        assert!(guest.cookies.is_empty());
        guest.cookies = kept;
        assert!(guest.get("/").await.location().starts_with("/sign-in"));

        let trail = house.trail().await;
        let acts: Vec<&str> = trail.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(acts, [
            "user.add", "password.change", "second-factor.enrol", "session.begin", "session.refuse", "session.refuse",
            "session.begin", "session.refuse", "second-factor.recover", "session.begin", "session.refuse", "session.end",
        ]);
        assert!(trail.iter().skip(1).all(|entry| entry.address == Some("127.0.0.1".parse().unwrap())));
        let told = format!("{trail:?}");
        for secret in [PASSWORD, &initial, &recovery, &recovery.replace('-', ""), &code] {
            assert!(!told.contains(secret), "the trail tells a secret");
        }
    }

    async fn failures_lock_an_account_and_no_answer_tells_who_exists(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let (_, device) = house.settled("li.si", &[Role::Maker]).await;
        house.settled("wang.wu", &[Role::Maker]).await;
        let access = house.access();
        let id = access.id_of("wang.wu").await.unwrap();
        access.disable_user(&id, super::guest::at_the_machine()).await.unwrap();
        house.gateway.assembly.clock.advance(STEP * 2);

        let mut guest = house.guest();
        let unknown = bare(&guest.show("nobody", PASSWORD).await, "nobody");
        assert_eq!(unknown.0, StatusCode::UNAUTHORIZED);
        assert_eq!(bare(&guest.show("wang.wu", PASSWORD).await, "wang.wu"), unknown, "disabled");
        for _ in 0..4 {
            assert_eq!(bare(&guest.show("li.si", "wrong").await, "li.si"), unknown, "wrong");
        }
        // One attempt is left: codes count like passwords.
        guest.show("li.si", PASSWORD).await;
        assert_eq!(guest.step("/sign-in/code", &[("code", "000000")]).await.location(), "/sign-in");
        assert_eq!(bare(&guest.show("li.si", PASSWORD).await, "li.si"), unknown, "locked");

        house.gateway.assembly.clock.advance(Duration::from_secs(15 * 60));
        guest.show("li.si", "wrong").await;
        house.gateway.assembly.clock.advance(Duration::from_secs(29 * 60));
        assert_eq!(bare(&guest.show("li.si", PASSWORD).await, "li.si"), unknown, "locked for twice as long");
        house.gateway.assembly.clock.advance(Duration::from_secs(60));
        assert_eq!(guest.show("li.si", PASSWORD).await.status, StatusCode::SEE_OTHER);
        let code = house.code(&device);
        assert_eq!(guest.step("/sign-in/code", &[("code", &code)]).await.location(), "/");
        // A sign-in wipes the slate: the next failure locks nothing.
        guest.cookies.clear();
        guest.show("li.si", "wrong").await;
        assert_eq!(guest.show("li.si", PASSWORD).await.status, StatusCode::SEE_OTHER);

        let trail = house.trail().await;
        let locks: Vec<_> = trail.iter().filter(|entry| entry.action == "user.lock").map(|it| &it.detail["seconds"]).collect();
        assert_eq!(locks, [900, 1800]);
        let why = |word: &str| trail.iter().filter(|it| it.detail["why"] == word).count();
        assert_eq!([why("unknown"), why("disabled"), why("password"), why("code"), why("locked")], [1, 1, 6, 1, 2]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_when_it_is_idle_and_after_a_day_of_work() {
    let house = House::open_with(Database::Sqlite, CONSOLE).await;
    let clock = &house.gateway.assembly.clock;
    let minutes = |count: u64| Duration::from_secs(count * 60);
    let (mut guest, device) = house.settled("zhao.liu", &[Role::Auditor]).await;
    clock.advance(minutes(10));
    // A page that refreshes itself before an empty chair.
    let refresh = guest.client.get(format!("{}/overview/live", guest.base)).header("hx-request", "true");
    assert_eq!(guest.send(refresh).await.status, StatusCode::OK);
    clock.advance(minutes(7));
    assert!(guest.get("/").await.location().starts_with("/sign-in"), "idle");

    guest.show("zhao.liu", PASSWORD).await;
    let code = house.code(&device);
    guest.step("/sign-in/code", &[("code", &code)]).await;
    let seen = || house.ledger().lines("SELECT CAST(MAX(seen_at) AS TEXT) AS line FROM sessions");
    let mut noted = seen();
    for passed in (10..600).step_by(10) {
        clock.advance(minutes(10));
        assert_eq!(guest.get("/").await.status, StatusCode::OK, "after {passed} minutes");
        // The note of the use is written behind the answer.
        while seen() == noted {
            tokio::task::yield_now().await;
        }
        noted = seen();
    }
    clock.advance(minutes(10));
    assert!(guest.get("/").await.location().starts_with("/sign-in"), "ten hours are over");
    // Steps of signing in are for minutes, not hours.
    guest.show("zhao.liu", PASSWORD).await;
    clock.advance(minutes(10));
    assert_eq!(guest.get("/sign-in/code").await.location(), "/sign-in");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_fails_too_often_waits_and_its_neighbour_does_not() {
    let settings = format!("{CONSOLE}proxies = [\"127.0.0.1\"]\n[access.lockout]\naddress_burst = 3\n");
    let house = House::open_with(Database::Sqlite, &settings).await;
    let mut guest = house.guest();
    guest.address = Some("203.0.113.66, 198.51.100.1");
    for _ in 0..3 {
        assert_eq!(guest.show("nobody", "wrong").await.status, StatusCode::UNAUTHORIZED);
    }
    let page = guest.show("nobody", "wrong").await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = page.headers[header::RETRY_AFTER].to_str().unwrap().parse().unwrap();
    assert!((25..=31).contains(&wait), "{wait}");
    let mut neighbour = house.guest();
    neighbour.address = Some("198.51.100.2");
    assert_eq!(neighbour.show("nobody", "wrong").await.status, StatusCode::UNAUTHORIZED);
    house.gateway.assembly.clock.advance(Duration::from_secs(31));
    assert_eq!(guest.show("nobody", "wrong").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(guest.show("nobody", "wrong").await.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cookies_are_for_this_host_over_tls_and_for_no_script() {
    let settings = format!(
        "{CONSOLE}public_url = \"https://baohan.example.com\"\n[access]\nsecond_factor = \"optional\"\n"
    );
    let house = House::open_with(Database::Sqlite, &settings).await;
    let initial = house.invite("sun.qi", &[Role::Checker]).await;
    let mut guest = house.guest();
    let page = guest.show("sun.qi", &initial).await;
    let kept = |page: &Page, name: &str| {
        let begins = format!("{name}=");
        let cookie = page.set_cookies().into_iter().find(|it| it.starts_with(&begins)).unwrap().to_owned();
        let mut attributes: Vec<String> = cookie.split("; ").skip(1).map(str::to_owned).collect();
        attributes.sort_unstable();
        attributes
    };
    let expected = ["HttpOnly", "Path=/", "SameSite=Strict", "Secure"];
    assert_eq!(kept(&page, "__Host-baohan-step"), expected);
    let page = guest.step("/sign-in/new-password", &[("password", PASSWORD), ("again", PASSWORD)]).await;
    assert_eq!(
        (page.location(), kept(&page, "__Host-baohan").as_slice()),
        ("/", expected.map(str::to_owned).as_slice())
    );
    assert!(page.headers.contains_key(header::STRICT_TRANSPORT_SECURITY));
    assert_eq!(guest.get("/").await.status, StatusCode::OK, "no device is asked for where that is optional");
    // The plain cookie's name opens nothing here.
    let token = guest.cookies["__Host-baohan"].clone();
    guest.cookies = [("baohan".to_owned(), token)].into();
    assert!(guest.get("/").await.location().starts_with("/sign-in"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_is_taken_only_by_its_own_form_and_a_link_leads_nowhere_else() {
    let house = House::open_with(Database::Sqlite, CONSOLE).await;
    let initial = house.invite("zhou.ba", &[Role::Maker]).await;
    let (mut guest, mut other) = (house.guest(), house.guest());
    guest.show("zhou.ba", &initial).await;
    other.show("zhou.ba", &initial).await;
    let place = "/sign-in/new-password";
    let foreign = other.get(place).await.form_token();
    let fields = [("password", PASSWORD), ("again", PASSWORD)];
    for token in ["", "wrong", foreign.as_str()] {
        let fields = [fields[0], fields[1], ("form_token", token)];
        assert_eq!(guest.post(place, &fields).await.status, StatusCode::FORBIDDEN, "{token}");
    }
    assert_eq!(guest.post(place, &fields).await.status, StatusCode::FORBIDDEN);
    let cross = guest.client.post(format!("{}/sign-in", guest.base)).header("sec-fetch-site", "cross-site");
    let cross = cross.form(&[("name", "zhou.ba"), ("password", initial.as_str())]);
    assert_eq!(guest.send(cross).await.status, StatusCode::FORBIDDEN);
    for elsewhere in ["https://evil.example/", "//evil.example/", "/\\evil.example/"] {
        let page = guest
            .get(&format!(
                "/sign-in?back={}",
                percent_encoding::utf8_percent_encode(elsewhere, percent_encoding::NON_ALPHANUMERIC)
            ))
            .await;
        assert!(page.text.contains("name=\"back\" value=\"/\""), "{elsewhere}");
    }
}
