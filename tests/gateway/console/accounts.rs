//! Accounts: whoever administers them, and one's own.

use std::time::Duration;

use baohan_gateway::access::Role;
use reqwest::StatusCode;

use super::CONSOLE;
use super::guest::{Guest, PASSWORD};
use super::visitor::Page;
use crate::house::{Database, House, on_both_databases};

/// Sends a form with the token of the page that it stands on.
async fn act(guest: &mut Guest, page: &str, place: &str, fields: &[(&str, &str)]) -> Page {
    let token = guest.get(page).await.form_token();
    let mut fields = fields.to_vec();
    fields.push(("form_token", &token));
    guest.post(place, &fields).await
}

on_both_databases! {
    async fn what_an_administrator_decides_holds_at_the_next_request(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let (mut chief, _) = house.settled("chief", &[Role::Administrator]).await;
        assert_eq!(chief.get("/").await.status, StatusCode::FORBIDDEN);
        let new = |roles: &'static [&'static str]| {
            let mut fields = vec![("name", "qian.jiu")];
            fields.extend(roles.iter().map(|role| ("role", *role)));
            fields
        };
        for roles in [&[][..], &["administrator", "maker"], &["auditor", "operations"], &["maker", "checker"]] {
            let page = act(&mut chief, "/users/new", "/users", &new(roles)).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{roles:?}");
        }
        let page = act(&mut chief, "/users/new", "/users", &new(&["maker"])).await;
        assert_eq!(page.status, StatusCode::OK);
        let initial = page.between("<code id=\"initial-password\">", "</code>").to_owned();
        let taken = act(&mut chief, "/users/new", "/users", &new(&["maker"])).await;
        assert_eq!(taken.status, StatusCode::UNPROCESSABLE_ENTITY);

        let mut guest = house.guest();
        guest.show("qian.jiu", &initial).await;
        guest.settle(&house).await;
        assert_eq!(guest.get("/").await.status, StatusCode::OK);
        assert_eq!(guest.get("/users").await.status, StatusCode::FORBIDDEN);
        let access = house.access();
        let id = access.id_of("qian.jiu").await.unwrap();
        let one = format!("/users/{id}");
        let changed = act(&mut chief, &one, &format!("{one}/roles"), &[("role", "auditor")]).await;
        assert_eq!(changed.location(), one);
        assert_eq!(guest.get("/users").await.status, StatusCode::OK, "auditors see users");
        let forbidden = act(&mut guest, "/account", &format!("{one}/roles"), &[("role", "administrator")]).await;
        assert_eq!(forbidden.status, StatusCode::FORBIDDEN, "and change none");

        // Nobody decides upon themselves, and somebody has to be left.
        let own = format!("/users/{}", access.id_of("chief").await.unwrap());
        for part in ["roles", "disable", "enable", "password", "second-factor"] {
            let page = act(&mut chief, "/users/new", &format!("{own}/{part}"), &[("role", "maker")]).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{part}");
        }
        let chief_id = own.rsplit('/').next().unwrap();
        let last = access.disable_user(chief_id, super::guest::at_the_machine()).await.unwrap_err();
        assert_eq!(last.to_string(), "this is the last administrator who can sign in");
        let last = access.set_roles(chief_id, &[Role::Maker], super::guest::at_the_machine()).await.unwrap_err();
        assert_eq!(last.to_string(), "this is the last administrator who can sign in");

        assert_eq!(act(&mut chief, &one, &format!("{one}/disable"), &[]).await.location(), one);
        assert!(guest.get("/").await.location().starts_with("/sign-in"));
        assert_eq!(guest.show("qian.jiu", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
        act(&mut chief, &one, &format!("{one}/enable"), &[]).await;
        act(&mut chief, &one, &format!("{one}/second-factor"), &[]).await;
        assert_eq!(guest.show("qian.jiu", PASSWORD).await.location(), "/sign-in/enrolment?back=%2F");
        let page = act(&mut chief, &one, &format!("{one}/password"), &[]).await;
        let initial = page.between("<code id=\"initial-password\">", "</code>").to_owned();
        assert_eq!(guest.show("qian.jiu", PASSWORD).await.status, StatusCode::UNAUTHORIZED);
        house.gateway.assembly.clock.advance(Duration::from_secs(72 * 3600));
        let late = guest.show("qian.jiu", &initial).await;
        assert_eq!(late.status, StatusCode::UNAUTHORIZED, "an initial password does not lie about for ever");

        let trail = house.trail().await;
        let by_chief: Vec<&str> =
            trail.iter().filter(|it| it.subject.1 == id && format!("{:?}", it.actor).contains("chief")).map(|it| it.action.as_str()).collect();
        let expected = ["user.add", "user.roles", "user.disable", "user.enable", "second-factor.reset", "password.reset"];
        assert_eq!(by_chief, expected);
    }

    async fn a_row_that_was_changed_by_hand_opens_nothing(database: Database) {
        let house = House::open_with(database, CONSOLE).await;
        let (mut guest, _) = house.settled("wu.shi", &[Role::Maker]).await;
        let (mut chief, _) = house.settled("chief", &[Role::Administrator]).await;
        let ledger = house.ledger();
        let name = "WHERE name = 'wu.shi'";
        // A session that somebody wrote for another, and one that was moved on, are nobody's.
        let sessions = ledger.lines("SELECT id || ' ' || user_id AS line FROM sessions WHERE stage = 'whole' ORDER BY begun_at");
        let (mine, theirs) = (&sessions[0], &sessions[1]);
        let session = mine.split(' ').next().unwrap();
        ledger.execute(&format!("UPDATE sessions SET user_id = '{}' WHERE id = '{session}'", theirs.split(' ').nth(1).unwrap()));
        assert!(guest.get("/users").await.location().starts_with("/sign-in"));
        ledger.execute(&format!("UPDATE sessions SET user_id = '{}' WHERE id = '{session}'", mine.split(' ').nth(1).unwrap()));
        assert_eq!(guest.get("/").await.status, StatusCode::OK);

        for (change, undo) in [
            ("roles = 'administrator'", "roles = 'maker'"),
            ("second_factor = NULL", "second_factor = (SELECT second_factor FROM kept)"),
            ("name = 'wu.shi', password_hash = (SELECT password_hash FROM users WHERE name = 'chief')", "password_hash = (SELECT password_hash FROM kept)"),
            ("mark = (SELECT mark FROM users WHERE name = 'chief')", "mark = (SELECT mark FROM kept)"),
        ] {
            ledger.execute(&format!("CREATE TABLE kept AS SELECT * FROM users {name}"));
            ledger.execute(&format!("UPDATE users SET {change} {name}"));
            assert_eq!(guest.get("/account").await.status, StatusCode::INTERNAL_SERVER_ERROR, "{change}");
            assert_eq!(house.guest().show("wu.shi", PASSWORD).await.status, StatusCode::UNAUTHORIZED, "{change}");
            assert!(chief.get("/users").await.text.contains("数据被篡改"), "{change}");
            ledger.execute(&format!("UPDATE users SET {undo} {name}"));
            ledger.execute("DROP TABLE kept");
            assert_eq!(guest.get("/account").await.status, StatusCode::OK, "{undo}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_password_ends_all_other_sessions_and_a_new_device_replaces_the_old_one() {
    let house = House::open_with(Database::Sqlite, CONSOLE).await;
    let clock = &house.gateway.assembly.clock;
    let (mut here, device) = house.settled("zheng.yi", &[Role::Maker]).await;
    let mut elsewhere = house.guest();
    clock.advance(Duration::from_secs(60));
    elsewhere.show("zheng.yi", PASSWORD).await;
    let code = house.code(&device);
    elsewhere.step("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(elsewhere.get("/").await.status, StatusCode::OK);

    let new = "举头望明月，低头思故乡。";
    let change = |present: &'static str| [("present", present), ("password", new), ("again", new)];
    let wrong = act(&mut here, "/account", "/account/password", &change("wrong")).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    let right = act(&mut here, "/account", "/account/password", &change(PASSWORD)).await;
    assert_eq!(right.location(), "/account?done=password");
    assert_eq!(here.get("/").await.status, StatusCode::OK);
    assert!(elsewhere.get("/").await.location().starts_with("/sign-in"));

    let page = here.get("/account/device").await;
    let second = super::guest::Device::of(page.between("<code id=\"secret\">", "</code>"));
    let code = house.code(&second);
    let replaced =
        act(&mut here, "/account/device", "/account/device", &[("password", new), ("code", &code)]).await;
    assert_eq!(replaced.text.matches("<li>").count(), 10);
    clock.advance(Duration::from_secs(60));
    for (device, ending) in [(&device, StatusCode::UNAUTHORIZED), (&second, StatusCode::SEE_OTHER)] {
        elsewhere.show("zheng.yi", new).await;
        let code = house.code(device);
        assert_eq!(elsewhere.step("/sign-in/code", &[("code", &code)]).await.status, ending);
    }
    // One's own sessions can be ended, others' can't.
    let page = here.get("/account").await;
    let other = page.between("/sessions/", "/end").to_owned();
    let (mut stranger, _) = house.settled("stranger", &[Role::Maker]).await;
    let end = format!("/sessions/{other}/end");
    assert_eq!(act(&mut stranger, "/account", &end, &[]).await.status, StatusCode::NOT_FOUND);
    assert_eq!(act(&mut here, "/account", &end, &[]).await.location(), "/account?done=session");
    assert!(elsewhere.get("/").await.location().starts_with("/sign-in"));
}
