//! Every route, with every role and with none: who may what stands here once more, apart from the console's own table.

use baohan_gateway::access::Role::{self, Administrator, Auditor, Checker, Maker, Operations};
use baohan_gateway::console::{Need, Route, routes};
use reqwest::{Method, StatusCode, header};

use super::CONSOLE;
use super::visitor::{Page, Visitor};
use crate::house::{Database, House};

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Who {
    Anybody,
    Everybody,
    These(&'static [Role]),
}

use Who::{Anybody, Everybody, These};

const BUSINESS: Who = These(&[Operations, Maker, Checker, Auditor]);
const PROPOSERS: Who = These(&[Operations, Maker]);

/// What begins so is for them; the first line that fits counts. GET and POST stand apart.
const READING: &[(&str, Who)] = &[
    ("/assets/", Anybody),
    ("/language/", Anybody),
    ("/sign-in", Anybody),
    ("/account", Everybody),
    ("/users/new", These(&[Administrator])),
    ("/users", These(&[Administrator, Auditor])),
    ("/audit", These(&[Auditor])),
    ("/evidence", These(&[Operations, Maker, Checker])),
    ("/proposals/new", PROPOSERS),
    ("/rules/entry", PROPOSERS),
    ("/rules/secret", PROPOSERS),
    ("/rules/templates", BUSINESS),
    ("/rules/template", PROPOSERS),
    ("/rules/withdraw", PROPOSERS),
    ("/", BUSINESS),
];

const WRITING: &[(&str, Who)] = &[
    ("/sign-in", Anybody),
    ("/sign-out", Everybody),
    ("/account", Everybody),
    ("/sessions/", Everybody),
    ("/users", These(&[Administrator])),
    ("/queue", These(&[Operations])),
    ("/platforms", These(&[Operations])),
    ("/alarms", These(&[Operations])),
    ("/reconciliations", These(&[Maker, Checker])),
    ("/guarantees", These(&[Operations])),
    ("/evidence", These(&[Operations, Maker, Checker])),
    ("/audit", These(&[Auditor])),
    ("/rules", PROPOSERS),
    ("/proposals/new", PROPOSERS),
    ("/proposals/jobs", PROPOSERS),
    ("/proposals/{id}/withdraw", PROPOSERS),
    ("/proposals/{id}", These(&[Checker])),
];

fn expected(route: &Route) -> Who {
    let table = if route.method == actix_web::http::Method::GET { READING } else { WRITING };
    let row = table.iter().find(|(path, _)| route.path.starts_with(path));
    row.unwrap_or_else(|| panic!("{} {} stands in no line of this test", route.method, route.path)).1
}

/// What the console's own table says, in the words of this one.
fn says(need: Need) -> Vec<Role> {
    match need {
        Need::Public | Need::SignedIn => Role::ALL.to_vec(),
        Need::Permission(permission) => {
            Role::ALL.into_iter().filter(|role| role.permits(permission)).collect()
        }
    }
}

/// With something in the place of each parameter.
fn concrete(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        parts.push(if part.starts_with('{') { "none" } else { part });
    }
    parts.join("/")
}

fn method(route: &Route) -> Method {
    route.method.as_str().parse().unwrap()
}

/// How a request was answered, by the doorkeeper or behind the door.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Door {
    Open,
    SignIn,
    Forbidden,
}

fn door(page: &Page) -> Door {
    match page.status {
        StatusCode::FORBIDDEN => Door::Forbidden,
        StatusCode::SEE_OTHER
            if page.location().starts_with("/sign-in?back=") || page.location() == "/sign-in" =>
        {
            Door::SignIn
        }
        _ => Door::Open,
    }
}

async fn knock(
    client: &reqwest::Client,
    visitor: &Visitor,
    route: &Route,
    token: Option<&str>,
    site: Option<&str>,
) -> Page {
    let place = format!("{}{}", visitor.base, concrete(route.path));
    let mut request = client.request(method(route), place);
    if route.method != actix_web::http::Method::GET {
        let fields: Vec<(&str, &str)> = token.iter().map(|token| ("form_token", *token)).collect();
        request = request.form(&fields);
    }
    if let Some(site) = site {
        request = request.header("sec-fetch-site", site);
    }
    let page = visitor.send(request).await;
    let policy = page.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
    assert!(
        policy.starts_with("default-src 'none'") && !policy.contains("unsafe"),
        "{}: {policy}",
        route.path
    );
    assert_eq!(page.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff", "{}", route.path);
    page
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_is_open_to_whom_it_is_for_and_to_nobody_else() {
    let house = House::open_with(Database::Sqlite, CONSOLE).await;
    let none = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().no_proxy().redirect(none).build().unwrap();
    let mut nobody = house.visitor("nobody", &[]).await;
    nobody.cookie = String::from("baohan=none");
    let mut visitors = Vec::new();
    for role in Role::ALL {
        visitors.push((role, house.visitor(role.name(), &[role]).await));
    }
    let mut routes = routes();
    // Whoever has signed out can't knock at the next door.
    routes.sort_by_key(|route| route.path == "/sign-out");
    let mut faults = Vec::new();
    for route in &routes {
        let (who, says) = (expected(route), says(route.need));
        let name = format!("{} {}", route.method, route.path);
        let mut allowed: Vec<Role> = match who {
            Anybody | Everybody => Role::ALL.to_vec(),
            These(roles) => roles.to_vec(),
        };
        allowed.sort_unstable();
        if says != allowed || (who == Anybody) != (route.need == Need::Public) {
            faults.push(format!("{name}: the console's table says {:?}, this one {who:?}", route.need));
            continue;
        }
        let reads = route.method == actix_web::http::Method::GET;
        let as_nobody = door(&knock(&client, &nobody, route, Some("none"), None).await);
        // The forms of steps ask for the token of a step.
        let step = who == Anybody
            && !reads
            && route.path.starts_with("/sign-in/")
            && route.path != "/sign-in/provider";
        let fits = match who {
            Anybody if step => as_nobody == Door::Forbidden,
            Anybody => as_nobody == Door::Open || (reads && route.path.starts_with("/sign-in/")),
            _ => as_nobody == Door::SignIn,
        };
        if !fits {
            faults.push(format!("{name}: nobody finds the door {as_nobody:?}"));
        }
        for (index, (role, visitor)) in visitors.iter().enumerate() {
            let may = allowed.contains(role);
            if !reads && may {
                let neighbours = visitors[(index + 1) % visitors.len()].1.form_token.as_str();
                let tries = [
                    ("no token", None, None),
                    ("a wrong token", Some("wrong"), None),
                    ("a neighbour's token", Some(neighbours), None),
                    ("another site", Some(visitor.form_token.as_str()), Some("cross-site")),
                    ("a neighbouring host", Some(visitor.form_token.as_str()), Some("same-site")),
                ];
                for (what, token, site) in tries {
                    let found = knock(&client, visitor, route, token, site).await.status;
                    if found != StatusCode::FORBIDDEN {
                        faults.push(format!("{name}: {role} with {what} gets {found}"));
                    }
                }
            }
            if step {
                continue;
            }
            let found = door(&knock(&client, visitor, route, Some(&visitor.form_token), None).await);
            let signed_in_there = who == Anybody && reads;
            let as_expected =
                if may { found == Door::Open || signed_in_there } else { found == Door::Forbidden };
            let left = route.path == "/sign-out" && found == Door::SignIn;
            if !as_expected && !left {
                faults.push(format!("{name}: {role} finds the door {found:?}"));
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(routes.len() > 30, "{} routes", routes.len());
}
