//! What operations have in common, said once in the description: parameters, and problems that may be answered.

use serde_json::{Map, Value, json};

use crate::api::problem::{Code, Problem};

/// Problems that an operation may answer with, under the names of their reusable descriptions.
const PROBLEMS: [(&str, Code, &str); 13] = [
    ("InvalidRequest", Code::InvalidBody, "The request is not as described"),
    ("Unauthenticated", Code::Unauthenticated, "No valid key was shown"),
    ("Forbidden", Code::Forbidden, "The key is not for this operation"),
    ("NotFound", Code::NotFound, "There is nothing under this address"),
    ("NotAcceptable", Code::NotAcceptable, "There is no such form of it"),
    ("RequestTimeout", Code::RequestTimeout, "The body came too slowly"),
    ("IllegalState", Code::IllegalState, "The guarantee stands where this is not possible"),
    ("VersionMismatch", Code::VersionMismatch, "The guarantee was changed since it was read"),
    ("BodyTooLarge", Code::BodyTooLarge, "The body is too long"),
    ("UnsupportedMediaType", Code::UnsupportedMediaType, "The body is of another media type"),
    ("RefusedContent", Code::RefusedContent, "The content breaks a rule"),
    ("RateLimited", Code::RateLimited, "Too many requests"),
    ("Unavailable", Code::Unavailable, "Not now: the same request may be sent again"),
];

/// Replaces what is said with each operation by references, and adds the problems that follow from its shape.
pub(super) fn put_into(document: &mut Value) {
    let schemas = document.pointer("/components/schemas").cloned().unwrap_or_default();
    if let Some(paths) = document.get_mut("paths").and_then(Value::as_object_mut) {
        for (path, item) in paths.iter_mut() {
            for (method, operation) in item.as_object_mut().into_iter().flatten() {
                if let Some(operation) = operation.as_object_mut() {
                    refer_to_parameters(path, operation);
                    describe_successes(&schemas, operation);
                    add_problems(path, method, operation);
                }
            }
        }
    }
    if let Some(components) = document.get_mut("components").and_then(Value::as_object_mut) {
        components.insert("parameters".to_owned(), parameters());
        components.insert("responses".to_owned(), responses());
    }
}

fn reference(section: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{section}/{name}")})
}

fn parameters() -> Value {
    let versions = |name: &str, about: &str| {
        json!({"name": name, "in": "header", "required": false, "description": about,
               "schema": {"type": "string"},
               "example": "\"3\""})
    };
    json!({
        "GuaranteeId": {
            "name": "id", "in": "path", "required": true,
            "description": "The gateway's id of the guarantee.",
            "schema": {"type": "string", "format": "uuid"},
            "example": "01990000-0000-7000-8000-000000000000",
        },
        "IdempotencyKey": {
            "name": "Idempotency-Key", "in": "header", "required": true,
            "description": "One for each act, such as a UUID. A request that is sent again under the same key is \
                            answered as before, and nothing is done twice.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
            "example": "01990000-0000-7000-8000-00000000000a",
        },
        "IfMatch": versions(
            "If-Match",
            "The version that the act is about: an `ETag` of the guarantee. Without it, any will do.",
        ),
        "IfNoneMatch": versions(
            "If-None-Match",
            "Versions that the caller has already: `ETag`s of former answers.",
        ),
    })
}

fn responses() -> Value {
    let problem = |about: &str, code: Code| {
        let (.., detail) = crate::api::errors::text(code);
        let example = serde_json::to_value(Problem::new(code, detail).body()).unwrap_or_default();
        let schema = reference("schemas", "Problem");
        json!({"description": about,
               "content": {"application/problem+json": {"schema": schema, "example": example}}})
    };
    let mut all: Map<String, Value> =
        PROBLEMS.into_iter().map(|(name, code, about)| (name.to_owned(), problem(about, code))).collect();
    let mut with_headers = |name: &str, headers: Value| {
        if let Some(response) = all.get_mut(name).and_then(Value::as_object_mut) {
            response.insert("headers".to_owned(), headers);
        }
    };
    let seconds =
        json!({"description": "Seconds to wait", "schema": {"type": "integer", "minimum": 1}, "example": 1});
    for name in ["RateLimited", "Unavailable"] {
        with_headers(name, json!({"Retry-After": seconds}));
    }
    let scheme = json!({"description": "`Bearer`", "schema": {"type": "string"}, "example": "Bearer"});
    with_headers("Unauthenticated", json!({"WWW-Authenticate": scheme}));
    all.insert("Problem".to_owned(), problem("Any other problem", Code::Internal));
    Value::Object(all)
}

fn refer_to_parameters(path: &str, operation: &mut Map<String, Value>) {
    let Some(listed) = operation.get_mut("parameters").and_then(Value::as_array_mut) else { return };
    for parameter in listed.iter_mut() {
        let name = parameter.get("name").and_then(Value::as_str).unwrap_or_default();
        let shared = match (name, path.starts_with("/api/v1/guarantees/{id}")) {
            ("Idempotency-Key", _) => "IdempotencyKey",
            ("If-Match", _) => "IfMatch",
            ("If-None-Match", _) => "IfNoneMatch",
            ("id", true) => "GuaranteeId",
            _ => continue,
        };
        *parameter = reference("parameters", shared);
    }
    // A handler's own argument is described a second time where the parameter is a shared one.
    let mut seen: Vec<Value> = Vec::new();
    listed.retain(|parameter| {
        let new = !seen.contains(parameter);
        seen.push(parameter.clone());
        new
    });
}

/// A success that its handler says nothing about is what its schema says it is.
fn describe_successes(schemas: &Value, operation: &mut Map<String, Value>) {
    let responses = operation.get_mut("responses").and_then(Value::as_object_mut);
    for response in responses.into_iter().flat_map(Map::values_mut) {
        let told = response.get("description").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
        if told || response.get("$ref").is_some() {
            continue;
        }
        let schema = response.pointer("/content/application~1json/schema/$ref").and_then(Value::as_str);
        let name = schema.and_then(|path| path.rsplit('/').next());
        let about = name.and_then(|name| schemas.get(name)?.get("description")?.as_str());
        response["description"] = about.unwrap_or("What was asked for").into();
    }
}

fn has_parameter(operation: &Map<String, Value>, name: &str) -> bool {
    let listed = operation.get("parameters").and_then(Value::as_array);
    let wanted = reference("parameters", name);
    listed.is_some_and(|parameters| parameters.contains(&wanted))
}

fn add_problems(path: &str, method: &str, operation: &mut Map<String, Value>) {
    let needs = operation.get("security").and_then(Value::as_array).cloned().unwrap_or_default();
    let needs: Vec<&Value> = needs.iter().filter_map(|need| need.get("key")).collect();
    let needs_scope = needs.iter().any(|scopes| scopes.as_array().is_some_and(|scopes| !scopes.is_empty()));
    let (is_post, has_body) = (method == "post", operation.contains_key("requestBody"));
    let listed = operation.get("parameters").and_then(Value::as_array);
    let has_query =
        listed.is_some_and(|listed| listed.iter().any(|it| it.get("in") == Some(&json!("query"))));
    let content = operation.get("responses").and_then(|responses| responses.get("200")?.get("content"));
    let has_forms = content.is_some_and(|content| content.get("text/html").is_some());
    let may_come = |name: &str| match name {
        "InvalidRequest" => has_query || has_body || has_parameter(operation, "IdempotencyKey"),
        "Unauthenticated" | "RateLimited" | "Unavailable" => !needs.is_empty(),
        "Forbidden" => needs_scope,
        "NotFound" => path.contains('{'),
        "NotAcceptable" => has_forms,
        "IllegalState" => is_post && path.starts_with("/api/v1/guarantees/{id}/"),
        "VersionMismatch" => has_parameter(operation, "IfMatch"),
        "RequestTimeout" | "BodyTooLarge" | "UnsupportedMediaType" => has_body,
        "RefusedContent" => is_post,
        _ => false,
    };
    let problems: Vec<(String, Value)> = PROBLEMS
        .into_iter()
        .filter(|(name, ..)| may_come(name))
        .map(|(name, code, _)| (code.status().as_u16().to_string(), reference("responses", name)))
        .collect();
    let Some(responses) = operation.get_mut("responses").and_then(Value::as_object_mut) else { return };
    for (status, problem) in problems {
        responses.entry(status).or_insert(problem);
    }
    responses.insert("default".to_owned(), reference("responses", "Problem"));
}
