//! The description and the interface are one: what it describes is there, what is there it describes, and each operation
//! keeps to what holds for all.

use std::collections::BTreeSet;
use std::path::Path;

use baohan_gateway::api::{Scope, openapi};
use reqwest::{Client, Method, header};
use serde_json::{Map, Value, json};

use super::{API, Core, json_body, reply_to};
use crate::house::{Database, House};
use crate::pushes;

/// One operation of the description.
struct Operation {
    method: Method,
    /// With `{…}` in it.
    route: String,
    about: Value,
}

impl Operation {
    fn all() -> Vec<Self> {
        let paths = openapi::document()["paths"].as_object().unwrap();
        let operations = paths.iter().flat_map(|(route, item)| {
            item.as_object().unwrap().iter().map(|(method, about)| Self {
                method: method.to_uppercase().parse().unwrap(),
                route: route.clone(),
                about: about.clone(),
            })
        });
        operations.collect()
    }

    /// An address below `/api/v1` with the examples of its parameters in it.
    fn path(&self, guarantee: &str) -> String {
        let mut path = self.route.strip_prefix("/api/v1").unwrap().to_owned();
        for parameter in self.parameters("path") {
            let name = parameter["name"].as_str().unwrap();
            let example = match self.route.starts_with("/api/v1/guarantees/{id}") && name == "id" {
                true => guarantee.to_owned(),
                false => text_of(&sample(&parameter["schema"], parameter.get("example"), &self.route)),
            };
            path = path.replace(&format!("{{{name}}}"), &example);
        }
        let required = self.parameters("query").into_iter().filter(|parameter| parameter["required"] == true);
        let query = required.map(|parameter| {
            let value = text_of(&sample(&parameter["schema"], parameter.get("example"), &self.route));
            format!("{}={value}", parameter["name"].as_str().unwrap())
        });
        let query: Vec<String> = query.collect();
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    fn parameters(&self, place: &str) -> Vec<Value> {
        let listed = self.about["parameters"].as_array().cloned().unwrap_or_default();
        listed.into_iter().map(|it| resolved(&it)).filter(|parameter| parameter["in"] == place).collect()
    }

    fn takes(&self, header: &str) -> bool {
        self.parameters("header").iter().any(|parameter| parameter["name"] == header)
    }

    /// The scopes that it needs; `None` where nobody needs a key.
    fn scopes(&self) -> Option<Vec<Scope>> {
        let needs =
            self.about["security"].as_array().unwrap_or_else(|| panic!("{}: no security", self.route));
        if needs.iter().any(|need| need.as_object().unwrap().is_empty()) {
            return None;
        }
        let scopes = needs[0]["key"].as_array().unwrap();
        Some(scopes.iter().map(|scope| scope.as_str().unwrap().parse().unwrap()).collect())
    }

    /// The media type and schema of its body, if it takes one.
    fn body(&self) -> Option<(String, Value)> {
        let content = self.about["requestBody"]["content"].as_object()?;
        let (media_type, content) = content.iter().next()?;
        Some((media_type.clone(), content.clone()))
    }

    fn sample_body(&self) -> Option<Value> {
        let (_, content) = self.body()?;
        Some(sample(&content["schema"], content.get("example"), &self.route))
    }

    /// The request with a body that its description allows, and a fresh key of idempotency.
    fn request(&self, core: &Core, guarantee: &str) -> reqwest::RequestBuilder {
        let request = self.bare(core, guarantee);
        let request = match self.takes("Idempotency-Key") {
            true => request.header("Idempotency-Key", uuid::Uuid::now_v7().to_string()),
            false => request,
        };
        self.filled(request)
    }

    fn bare(&self, core: &Core, guarantee: &str) -> reqwest::RequestBuilder {
        core.request(self.method.clone(), &self.path(guarantee))
    }

    fn filled(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match self.body() {
            Some((media_type, _)) if media_type == "application/json" => {
                json_body(request, &self.sample_body().unwrap())
            }
            Some((media_type, _)) => request.header(header::CONTENT_TYPE, media_type).body("text"),
            None => request,
        }
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.route)
    }
}

fn resolved(value: &Value) -> Value {
    match value["$ref"].as_str() {
        Some(reference) => {
            let pointer = reference.strip_prefix('#').unwrap();
            resolved(
                openapi::document().pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere")),
            )
        }
        None => value.clone(),
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A value of a schema: its example, or the least of its type.
fn sample(schema: &Value, example: Option<&Value>, place: &str) -> Value {
    let schema = &resolved(schema);
    let listed = schema.get("examples").and_then(|examples| examples.get(0));
    if let Some(example) = example.or(schema.get("example")).or(listed).or(schema.get("default")) {
        return example.clone();
    }
    if let Some(word) = schema.get("enum").or(schema.get("const")) {
        return word.get(0).unwrap_or(word).clone();
    }
    for choice in ["oneOf", "anyOf"] {
        if let Some(first) = schema[choice].as_array().and_then(|choices| choices.first()) {
            return sample(first, None, place);
        }
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let parts = parts.iter().map(|part| sample(part, None, place));
        return Value::Object(parts.flat_map(|part| part.as_object().cloned().unwrap_or_default()).collect());
    }
    let kind = schema["type"].as_str().or(schema["type"][0].as_str()).unwrap_or("object");
    match kind {
        "object" => {
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let fields = required.iter().map(|name| {
                let name = name.as_str().unwrap();
                (name.to_owned(), sample(&schema["properties"][name], None, &format!("{place}: {name}")))
            });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        "array" => json!([sample(&schema["items"], None, place)]),
        "boolean" => json!(false),
        "integer" => schema.get("minimum").cloned().unwrap_or(json!(1)),
        "string" => match schema["format"].as_str() {
            Some("uuid") => json!("01990000-0000-7000-8000-000000000000"),
            Some("date-time") => json!("2026-01-02T03:04:05Z"),
            Some("date") => json!("2026-01-02"),
            _ if schema.get("pattern").is_some() => panic!("{place}: a pattern needs an example: {schema}"),
            _ => json!("text"),
        },
        other => panic!("{place}: {other}"),
    }
}

/// A caller with an address of its own on this machine, so that failures of one are not counted for another.
fn client_at(number: usize) -> Client {
    let address: std::net::IpAddr = format!("127.1.{}.{}", number / 200, number % 200 + 1).parse().unwrap();
    let client = Client::builder().no_proxy().local_address(address);
    client.timeout(std::time::Duration::from_secs(30)).build().unwrap()
}

/// A gateway with an application that nobody has decided, and that application's id.
async fn house() -> (House, String) {
    let settings = format!("{API}requests_per_second = 1000\nburst = 5000\n{}", crate::operator::MANUAL);
    let house = House::open_with(Database::Sqlite, &settings).await;
    let (applyno, _) = house.sandbox.apply_generated().await.unwrap();
    let id = house.id_of(&applyno).await;
    (house, id)
}

/// Routes as the source registers them.
fn registered() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let text: String = text.split_whitespace().collect();
            for (index, _) in text.match_indices("at(\"/") {
                let rest = &text[index + 4..];
                let (route, rest) = rest.split_once('"').unwrap();
                let rest = rest.split(".service(").next().unwrap();
                for method in ["get", "post", "put", "delete", "patch"] {
                    if rest.contains(&format!("web::{method}()")) {
                        found.insert(format!("{} /api/v1{route}", method.to_uppercase()));
                    }
                }
            }
        }
    }
    // The page that shows the description is no operation of it.
    found.retain(|route| !route.starts_with("GET /api/v1/docs"));
    found
}

#[test]
fn the_description_names_every_route_and_no_other() {
    let described: BTreeSet<String> = Operation::all().iter().map(Operation::name).collect();
    assert!(described.len() > 5);
    assert_eq!(described, registered());
}

/// Names of schemas as the source derives them, each with its file.
fn schemas(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            schemas(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for (index, _) in text.match_indices("ToSchema)]\n") {
            let rest = &text[index..];
            let item = rest.find("\npub ").unwrap_or_else(|| panic!("{}", path.display()));
            let (attributes, item) = rest.split_at(item);
            let named = attributes.split_once("schema(as = ").map(|(_, name)| name);
            let name = named.or(item.split(' ').nth(2)).unwrap();
            let name = name.split(|letter: char| !letter.is_alphanumeric()).next().unwrap();
            found.push((name.to_owned(), path.display().to_string()));
        }
    }
}

#[test]
fn no_two_types_are_described_under_one_name() {
    let mut found = Vec::new();
    schemas(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found.sort();
    assert!(found.len() > 20, "{found:?}");
    let twice: Vec<_> = found.windows(2).filter(|pair| pair[0].0 == pair[1].0).collect();
    assert!(twice.is_empty(), "one of each pair needs another name, `#[schema(as = …)]`: {twice:#?}");
}

#[test]
fn each_operation_says_what_it_is_what_it_needs_and_what_it_may_answer() {
    let mut names = BTreeSet::new();
    let tags: BTreeSet<&str> = openapi::document()["tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tag| (tag["name"].as_str().unwrap(), tag["description"].as_str().unwrap()).0)
        .collect();
    for operation in Operation::all() {
        let (name, about) = (operation.name(), &operation.about);
        assert!(names.insert(about["operationId"].as_str().unwrap().to_owned()), "{name}");
        assert!(about["summary"].as_str().is_some_and(|text| text.len() > 5), "{name} has no summary");
        assert!(tags.contains(about["tags"][0].as_str().unwrap()), "{name}: its tag is not described");
        let responses = about["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
        let default = resolved(&responses["default"]);
        assert!(default["content"]["application/problem+json"].is_object(), "{name}: {default}");
        if let Some(scopes) = operation.scopes().filter(|scopes| !scopes.is_empty()) {
            assert_eq!(scopes.len(), 1, "{name}");
            assert!(responses.contains_key("401") && responses.contains_key("403"), "{name}");
        }
        for field in ["parameters", "responses"] {
            for value in about[field].as_array().into_iter().flatten() {
                resolved(value);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_is_there() {
    let (house, id) = house().await;
    let core = house.core().await;
    for operation in Operation::all() {
        let reply = reply_to(operation.request(&core, &id)).await;
        let status = reply.status.as_u16();
        assert!(
            status != 405 && reply.body["detail"] != "no such address",
            "{}: {reply:?}",
            operation.name()
        );
        assert!(status < 500, "{}: {reply:?}", operation.name());
        let described = operation.about["responses"].as_object().unwrap();
        let known = described.contains_key(&status.to_string()) || status >= 400;
        assert!(known, "{}: {status} is not described", operation.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_operation_is_open_to_a_stranger_or_to_a_key_for_something_else() {
    let (house, id) = house().await;
    for (number, operation) in Operation::all().into_iter().enumerate() {
        let Some(scopes) = operation.scopes() else { continue };
        let name = operation.name();
        let stranger = house.core_with("", client_at(number));
        let request = operation.request(&stranger, &id).build().unwrap();
        let mut keyless = request.try_clone().unwrap();
        keyless.headers_mut().remove(header::AUTHORIZATION);
        for request in [request, keyless] {
            let answer = client_at(number).execute(request).await.unwrap();
            assert_eq!(answer.status().as_u16(), 401, "{name}");
            assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer", "{name}");
        }
        if scopes.is_empty() {
            continue;
        }
        let others: Vec<Scope> = Scope::ALL.into_iter().filter(|scope| !scopes.contains(scope)).collect();
        let other = house.core_allowed("other", &others).await;
        let reply = reply_to(operation.request(&other, &id)).await;
        assert_eq!((reply.status.as_u16(), reply.code()), (403, "forbidden"), "{name}: {reply:?}");
        let only = house.core_allowed("only", &scopes).await;
        let reply = reply_to(operation.request(&only, &id)).await;
        assert_ne!(reply.status.as_u16(), 403, "{name}: {reply:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_operation_that_changes_something_asks_for_a_key_of_idempotency() {
    let (house, id) = house().await;
    let core = house.core().await;
    for operation in Operation::all() {
        let name = operation.name();
        // Verifying a token changes nothing.
        assert!(
            operation.method != Method::POST
                || operation.takes("Idempotency-Key")
                || name.contains("/tokens/")
        );
        if !operation.takes("Idempotency-Key") {
            continue;
        }
        let without = reply_to(operation.filled(operation.bare(&core, &id))).await;
        assert_eq!((without.status.as_u16(), without.code()), (400, "idempotency-key-missing"), "{name}");
        let long = operation.bare(&core, &id).header("Idempotency-Key", "x".repeat(256));
        assert_eq!(reply_to(operation.filled(long)).await.code(), "idempotency-key-missing", "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_body_is_read_strictly() {
    let (house, id) = house().await;
    let core = house.core().await;
    let mut read = 0;
    for operation in Operation::all() {
        let Some((media_type, _)) = operation.body() else { continue };
        let name = operation.name();
        let keyed = || operation.bare(&core, &id).header("Idempotency-Key", uuid::Uuid::now_v7().to_string());
        let other = keyed().header(header::CONTENT_TYPE, "application/x-unheard-of").body("{}");
        let other = reply_to(other).await;
        // Where the address holds what is looked at first, an example of it may name nothing that is there.
        let about_the_address = other.code() == "invalid-parameter";
        assert!(about_the_address || other.code() == "unsupported-media-type", "{name}: {other:?}");
        if media_type != "application/json" {
            continue;
        }
        read += 1;
        let sound = operation.sample_body().unwrap();
        let mut body = sound.clone();
        body["no-such-field"] = json!(1);
        let unknown = reply_to(json_body(keyed(), &body)).await;
        assert_eq!((unknown.status.as_u16(), unknown.code()), (400, "invalid-body"), "{name}: {unknown:?}");
        assert_eq!(unknown.body["pointer"], "/no-such-field", "{name}: {unknown:?}");
        for (text, pointer) in [("", ""), ("{", ""), ("[]", ""), ("null", ""), ("\u{0}", "")] {
            let request = keyed().header(header::CONTENT_TYPE, "application/json").body(text);
            let broken = reply_to(request).await;
            assert_eq!((broken.status.as_u16(), broken.code()), (400, "invalid-body"), "{name}: {text}");
            assert_eq!(broken.body["pointer"], pointer, "{name}: {text}: {broken:?}");
        }
        for field in sound.as_object().unwrap().keys() {
            let mut body = sound.clone();
            body[field] = json!({"no-such-field": [1]});
            let wrong = reply_to(json_body(keyed(), &body)).await;
            assert_eq!((wrong.status.as_u16(), wrong.code()), (400, "invalid-body"), "{name}: {field}");
            let pointer = wrong.body["pointer"].as_str().unwrap();
            assert!(pointer.starts_with(&format!("/{field}")), "{name}: {field}: {wrong:?}");
        }
    }
    assert!(read > 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_description_and_its_page_are_for_those_whom_the_settings_name() {
    let house = House::open_with(Database::Sqlite, API).await;
    let core = house.core_allowed("core", &[]).await;
    assert_eq!(core.get("/openapi.json").await.body, *openapi::document());
    let stranger = pushes::client().get(format!("{}/openapi.json", core.base));
    assert_eq!(reply_to(stranger).await.code(), "unauthenticated");
    assert_eq!(core.get("/docs/").await.code(), "not-found");

    let house = House::open_with(Database::Sqlite, &format!("{API}docs = true\n")).await;
    let base = format!("http://{}/api/v1", house.gateway.core_system_address().unwrap());
    let open = reply_to(pushes::client().get(format!("{base}/openapi.json"))).await;
    assert_eq!(open.body, *openapi::document());
    for (file, expected) in [
        ("/docs", "swagger-ui"),
        ("/docs/", "swagger-ui"),
        ("/docs/swagger-initializer.js", "\"/api/v1/openapi.json\""),
        ("/docs/swagger-ui.css", ".swagger-ui"),
    ] {
        let response = pushes::client().get(format!("{base}{file}")).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200, "{file}");
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        assert!(policy.starts_with("default-src 'self'"), "{policy}");
        let text = response.text().await.unwrap();
        assert!(text.contains(expected), "{file}: {text}");
        // Nothing is loaded from elsewhere.
        for foreign in ["src=\"http", "href=\"http", "src=\"//", "url(http"] {
            assert!(!text.contains(foreign), "{file}: {foreign}");
        }
    }
}
