//! Signing in by an identity provider, over real HTTP: a small one stands here.

use std::collections::BTreeMap;
use std::io::Write;
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::web::{Data, Form};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use baohan_gateway::access::Role;
use baohan_gateway::crypto::identity_token::code_challenge;
use baohan_gateway::supervise;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::CONSOLE;
use super::guest::{Guest, at_the_machine};
use super::visitor::Page;
use crate::house::{Database, House, on_both_databases};

/// `baohan` and `a secret:%`, each encoded as RFC 6749 says.
const CREDENTIALS: &str = "Basic YmFvaGFuOmElMjBzZWNyZXQlM0ElMjU=";

/// What somebody was granted, until it is fetched.
struct Grant {
    challenge: String,
    claims: Value,
}

#[derive(Default)]
struct State {
    /// What signs now, and under which name.
    key: Option<(Algorithm, String, EncodingKey)>,
    published: Vec<Value>,
    grants: BTreeMap<String, Grant>,
    key_requests: u32,
}

#[derive(Clone)]
struct IdentityProvider {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

fn openssl(arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new("openssl");
    let mut child = command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "openssl {arguments:?}");
    output.stdout
}

fn new_key(algorithm: Algorithm) -> EncodingKey {
    match algorithm {
        Algorithm::RS256 => {
            let pem =
                openssl(&["genpkey", "-quiet", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"], b"");
            EncodingKey::from_rsa_der(&openssl(&["rsa", "-traditional", "-outform", "DER"], &pem))
        }
        _ => {
            let pem = openssl(
                &["genpkey", "-quiet", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
                b"",
            );
            EncodingKey::from_ec_der(&openssl(&["pkcs8", "-topk8", "-nocrypt", "-outform", "DER"], &pem))
        }
    }
}

async fn configuration(provider: Data<IdentityProvider>) -> HttpResponse {
    let base = provider.issuer();
    HttpResponse::Ok().json(json!({
        "issuer": base, "authorization_endpoint": format!("{base}/authorize"),
        "token_endpoint": format!("{base}/token"), "jwks_uri": format!("{base}/keys"),
    }))
}

async fn keys(provider: Data<IdentityProvider>) -> HttpResponse {
    let mut state = provider.state.lock().unwrap();
    state.key_requests += 1;
    HttpResponse::Ok().json(json!({ "keys": state.published }))
}

async fn token(
    provider: Data<IdentityProvider>,
    request: HttpRequest,
    form: Form<BTreeMap<String, String>>,
) -> HttpResponse {
    let mut state = provider.state.lock().unwrap();
    let known = request.headers().get("authorization").is_some_and(|shown| shown == CREDENTIALS);
    let back = "http://127.0.0.1:1/sign-in/provider/back";
    let asks = form["grant_type"] == "authorization_code" && form["redirect_uri"] == back;
    let grant = state.grants.remove(&form["code"]);
    let Some(grant) =
        grant.filter(|it| known && asks && it.challenge == code_challenge(&form["code_verifier"]))
    else {
        return HttpResponse::BadRequest().json(json!({ "error": "invalid_grant" }));
    };
    let (algorithm, id, key) = state.key.as_ref().unwrap();
    let header = Header { kid: Some(id.clone()), ..Header::new(*algorithm) };
    let token = jsonwebtoken::encode(&header, &grant.claims, key).unwrap();
    HttpResponse::Ok().json(json!({ "token_type": "Bearer", "access_token": "x", "id_token": token }))
}

impl IdentityProvider {
    fn start() -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let provider = Self { address: listener.local_addr().unwrap(), state: Arc::default() };
        provider.change_key(Algorithm::RS256, "k-1");
        let shared = provider.clone();
        let server = HttpServer::new(move || {
            App::new()
                .app_data(Data::new(shared.clone()))
                .route("/.well-known/openid-configuration", web::get().to(configuration))
                .route("/keys", web::get().to(keys))
                .route("/token", web::post().to(token))
        });
        let server = server.workers(1).disable_signals().listen(listener).unwrap().run();
        drop(supervise::spawn("identity provider", server));
        provider
    }

    fn issuer(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on another key signs; the ones before stay published.
    fn change_key(&self, algorithm: Algorithm, id: &str) {
        let key = new_key(algorithm);
        let mut published = serde_json::to_value(Jwk::from_encoding_key(&key, algorithm).unwrap()).unwrap();
        published["kid"] = id.into();
        let mut state = self.state.lock().unwrap();
        state.published.push(published);
        state.key = Some((algorithm, id.to_owned(), key));
    }

    fn settings(&self, more: &str) -> String {
        format!(
            "{CONSOLE}public_url = \"http://127.0.0.1:1\"\n[access.oidc]\nissuer = \"{}\"\nclient_id = \"baohan\"\n\
             client_secret = \"a secret:%\"\nroles_claim = \"realm.roles\"\n{more}\
             roles = {{ ops = \"operations\", make = \"maker\", check = \"checker\", chief = \"administrator\" }}\n",
            self.issuer()
        )
    }
}

/// Where a browser is sent: the fields of the address.
async fn depart(guest: &mut Guest) -> BTreeMap<String, String> {
    guest.cookies.clear();
    let page = guest.post("/sign-in/provider", &[]).await;
    assert_eq!(page.status, StatusCode::OK);
    let address = page.between("content=\"0;url=", "\"").replace("&#38;", "&");
    let address = reqwest::Url::parse(&address).unwrap();
    assert_eq!(address.path(), "/authorize");
    address.query_pairs().into_owned().collect()
}

/// Leaves for the provider, is granted what `claims` makes of the usual, and comes back.
async fn travel(
    house: &House,
    provider: &IdentityProvider,
    guest: &mut Guest,
    claims: impl Fn(&mut Value),
) -> Page {
    let asked = depart(guest).await;
    let now = house.gateway.assembly.clock.now().as_second();
    let mut granted = json!({
        "iss": provider.issuer(), "aud": "baohan", "sub": "s-1", "nonce": asked["nonce"], "iat": now, "exp": now + 60,
        "preferred_username": "Feng.Shi", "realm": { "roles": ["ops", "make", "anything"] },
    });
    claims(&mut granted);
    let grant = Grant { challenge: asked["code_challenge"].clone(), claims: granted };
    provider.state.lock().unwrap().grants.insert(asked["state"].clone(), grant);
    let back = format!("/sign-in/provider/back?code={0}&state={0}", asked["state"]);
    guest.get(&back).await
}

on_both_databases! {
    async fn the_identity_provider_says_who_somebody_is_and_what(database: Database) {
        let provider = IdentityProvider::start();
        let house = House::open_with(database, &provider.settings("title = \"企业账号\"\n")).await;
        let mut guest = house.guest();
        assert!(guest.get("/sign-in").await.text.contains("<button>企业账号</button>"));
        let asked = depart(&mut guest).await;
        let fixed = ["response_type", "client_id", "redirect_uri", "scope", "code_challenge_method"];
        let expected = ["code", "baohan", "http://127.0.0.1:1/sign-in/provider/back", "openid profile", "S256"];
        assert_eq!(fixed.map(|name| asked[name].as_str()), expected);

        let page = travel(&house, &provider, &mut guest, |_| ()).await;
        assert_eq!(page.status, StatusCode::OK, "{}", page.text);
        assert!(page.text.contains("content=\"0;url=/\""));
        assert!(page.set_cookies().iter().any(|it| it.starts_with("baohan=") && it.contains("SameSite=Strict")));
        let account = guest.get("/account").await;
        assert!(account.text.contains("feng.shi") && !account.text.contains("/account/password"));

        // Roles are those of each sign-in; the person stays the same under another name.
        guest.cookies.clear();
        travel(&house, &provider, &mut guest, |it| {
            it["realm"]["roles"] = json!("chief");
            it["preferred_username"] = "married".into();
        }).await;
        assert_eq!(guest.get("/").await.status, StatusCode::FORBIDDEN);
        assert!(guest.get("/users").await.text.contains("feng.shi"));
        // Nobody becomes somebody else by a name.
        house.invite("chief", &[Role::Administrator]).await;
        let mut other = house.guest();
        travel(&house, &provider, &mut other, |it| {
            it["sub"] = "s-2".into();
            it["preferred_username"] = "Chief".into();
        }).await;
        assert_eq!(other.get("/users").await.status, StatusCode::FORBIDDEN);
        let users = house.access().users().await.unwrap();
        let names: Vec<&str> = users.iter().map(|listed| listed.name.as_str()).collect();
        assert!(names.len() == 3 && names[0] == "chief" && names[1].starts_with("chief-"), "{names:?}");

        // A new key is fetched when a token names it, once a minute.
        let clock = &house.gateway.assembly.clock;
        provider.change_key(Algorithm::ES256, "k-2");
        assert_eq!(travel(&house, &provider, &mut guest, |_| ()).await.status, StatusCode::UNAUTHORIZED);
        clock.advance(Duration::from_secs(60));
        assert_eq!(travel(&house, &provider, &mut guest, |_| ()).await.status, StatusCode::OK);
        assert_eq!(provider.state.lock().unwrap().key_requests, 2);

        // Whoever is disabled here stays out, whatever the provider says.
        let id = house.access().id_of("feng.shi").await.unwrap();
        house.access().disable_user(&id, at_the_machine()).await.unwrap();
        assert!(guest.get("/").await.location().starts_with("/sign-in"));
        assert_eq!(travel(&house, &provider, &mut guest, |_| ()).await.status, StatusCode::UNAUTHORIZED);
        let trail = house.trail().await;
        let acts: Vec<&str> = trail.iter().filter(|it| it.subject.1 == id).map(|it| it.action.as_str()).collect();
        assert_eq!(acts, ["user.add", "session.begin", "user.roles", "session.begin", "user.roles", "session.begin", "user.disable"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_fit_lets_nobody_in_and_tells_nothing() {
    let provider = IdentityProvider::start();
    let house = House::open_with(Database::Sqlite, &provider.settings("acr = \"2\"\n")).await;
    let mut guest = house.guest();
    let good = |it: &mut Value| it["acr"] = "2".into();
    type Change = Box<dyn Fn(&mut Value)>;
    let wrong: [(&str, Change); 8] = [
        (
            "no role",
            Box::new(move |it| {
                good(it);
                it["realm"]["roles"] = json!(["operations"]);
            }),
        ),
        (
            "roles that exclude each other",
            Box::new(move |it| {
                good(it);
                it["realm"]["roles"] = json!(["make", "check"]);
            }),
        ),
        (
            "another audience",
            Box::new(move |it| {
                good(it);
                it["aud"] = "other".into();
            }),
        ),
        (
            "another issuer",
            Box::new(move |it| {
                good(it);
                it["iss"] = "http://127.0.0.1".into();
            }),
        ),
        (
            "another's nonce",
            Box::new(move |it| {
                good(it);
                it["nonce"] = "n".into();
            }),
        ),
        (
            "a token of yesterday",
            Box::new(move |it| {
                good(it);
                it["exp"] = 1.into();
            }),
        ),
        ("a weaker sign-in", Box::new(|it| it["acr"] = "1".into())),
        (
            "nobody",
            Box::new(move |it| {
                good(it);
                it["sub"] = Value::Null;
            }),
        ),
    ];
    let mut texts = Vec::new();
    for (what, claims) in wrong {
        let page = travel(&house, &provider, &mut guest, claims).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED, "{what}");
        assert!(!guest.cookies.contains_key("baohan"), "{what}");
        let notice = page.between("role=\"alert\"", "</p>").to_owned();
        texts.push(notice);
    }
    texts.dedup();
    assert_eq!(texts.len(), 1, "{texts:?}");
    assert!(house.access().users().await.unwrap().is_empty());

    // What comes back has to belong to this browser, and does so once.
    let asked = depart(&mut guest).await;
    let back = format!("/sign-in/provider/back?code=c&state={}", asked["state"]);
    assert_eq!(house.guest().get(&back).await.status, StatusCode::UNAUTHORIZED, "another browser");
    let kept = guest.cookies.clone();
    assert_eq!(
        guest.get("/sign-in/provider/back?error=access_denied&state=x").await.status,
        StatusCode::UNAUTHORIZED
    );
    guest.cookies = kept.clone();
    let page = guest.get(&format!("{back}&iss=http%3A%2F%2F127.0.0.1")).await;
    assert_eq!(page.status, StatusCode::UNAUTHORIZED, "another provider's answer");
    let page = travel(&house, &provider, &mut guest, good).await;
    assert_eq!(page.status, StatusCode::OK);
    let mut again = house.guest();
    again.cookies = kept;
    assert_eq!(again.get(&back).await.status, StatusCode::UNAUTHORIZED, "a state counts once");
}
