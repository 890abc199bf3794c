//! The description of the interface (OpenAPI 3.1), generated from the handlers and their types.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::{acts, callbacks, files, guarantees, jobs, tokens};

/// The whole interface.
#[derive(OpenApi)]
#[openapi(
    info(title = "baohan-gateway", description = "The institution's side of the electronic-guarantee gateway."),
    paths(
        acts::abandonment::post,
        acts::approval::post,
        acts::cancellation::post,
        acts::claim::post,
        acts::decline::post,
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
        guarantees::read,
        jobs::list,
        jobs::read,
        jobs::replay,
        tokens::verify,
    ),
    modifiers(&Key),
    tags(
        (name = "guarantees", description = "Applications and guarantees"),
        (name = "acts", description = "What the institution does with one"),
        (name = "files", description = "Files of applicants, handed in once"),
        (name = "callbacks", description = "What the core system is told"),
        (name = "jobs", description = "Durable work: what was given up, and how to have it tried again"),
        (name = "tokens", description = "Tokens that applicants carry from the platform to the institution"),
    )
)]
pub struct Description;

/// How callers show who they are.
struct Key;

impl Modify for Key {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("bhk_…").build();
        if let Some(components) = document.components.as_mut() {
            components.add_security_scheme("key", SecurityScheme::Http(scheme));
        }
    }
}
