//! The description of the interface (OpenAPI 3.1), generated from the handlers and their types.

mod shared;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::problem::ProblemBody;
use super::{
    acts, callbacks, docs, errors, files, guarantees, jobs, platforms, reconciliations, statements, tokens,
};

const ABOUT: &str = "The institution's side of the electronic-guarantee (电子保函) gateway: what its core system reads and \
                     decides.\n\nAmounts are decimal texts in yuan and never JSON numbers; times are RFC 3339; unknown \
                     fields are refused. Every POST needs an `Idempotency-Key` and may be sent again with the same one. \
                     Problems are `application/problem+json` (RFC 9457) with stable codes, which \
                     [/api/v1/errors](/api/v1/errors) explains.";

/// The whole interface.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "baohan-gateway",
        description = ABOUT,
        contact(name = "baohan-gateway"),
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    servers((url = "/", description = "The listener that the setting `api.listen` names")),
    paths(
        acts::abandonment::post,
        acts::approval::post,
        acts::cancellation::post,
        acts::claim::post,
        acts::decline::post,
        docs::description,
        errors::list,
        errors::read,
        acts::dossier::post,
        acts::invoice::post,
        acts::issue::post,
        acts::premium::post,
        acts::surrender::post,
        acts::waiver::post,
        files::post,
        callbacks::list,
        callbacks::read,
        callbacks::replay::one,
        callbacks::replay::several,
        callbacks::test::post,
        jobs::list,
        jobs::read,
        jobs::replay,
        reconciliations::list,
        reconciliations::post,
        reconciliations::read,
        reconciliations::differences,
        reconciliations::remark,
        reconciliations::sign_off,
        statements::read,
        guarantees::documents::fetch,
        guarantees::documents::list,
        guarantees::explanation::get,
        guarantees::list::get,
        guarantees::read,
        guarantees::timeline::get,
        platforms::get,
        tokens::verify,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Key),
    tags(
        (name = "guarantees", description = "Applications and guarantees"),
        (name = "acts", description = "What the institution does with one"),
        (name = "platforms", description = "The platforms that the gateway serves"),
        (name = "files", description = "Files of applicants, handed in once"),
        (name = "callbacks", description = "What the core system is told"),
        (name = "jobs", description = "Durable work: what was given up, and how to have it tried again"),
        (name = "statements", description = "What was done for a platform on a day"),
        (name = "reconciliations", description = "Platforms' statements compared with ours"),
        (name = "tokens", description = "Tokens that applicants carry from the platform to the institution"),
        (name = "description", description = "This description, and what its error codes mean"),
    )
)]
pub struct Description;

/// How callers show who they are.
struct Key;

impl Modify for Key {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let about = "A key that `baohan api-keys create` has made. What is listed beside it are the scopes that it needs.";
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("bhk_…");
        let scheme = scheme.description(Some(about)).build();
        if let Some(components) = document.components.as_mut() {
            components.add_security_scheme("key", SecurityScheme::Http(scheme));
        }
    }
}

/// The description with what its operations have in common said once.
pub fn document() -> &'static Value {
    static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
        let mut document = serde_json::to_value(Description::openapi()).unwrap_or_default();
        shared::put_into(&mut document);
        document
    });
    &DOCUMENT
}

/// The same as it is served and committed.
pub fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| format!("{:#}\n", document()));
    &TEXT
}

/// The methods of a route, as the header `Allow` lists them.
pub(super) fn methods_of(route: &str) -> Option<&'static str> {
    static METHODS: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
        let paths = document().get("paths").and_then(Value::as_object).into_iter().flatten();
        let listed = paths.filter_map(|(path, item)| {
            let methods: Vec<String> =
                item.as_object()?.keys().map(|name| name.to_ascii_uppercase()).collect();
            Some((path.clone(), methods.join(", ")))
        });
        listed.collect()
    });
    METHODS.get(route).map(String::as_str)
}
