//! Files that pages load, inside the program, each under an address that holds its digest.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::Path;

use super::{Failure, Need, Route};
use crate::crypto::sm3;

struct Asset {
    name: &'static str,
    kind: &'static str,
    text: &'static str,
}

const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

const ASSETS: &[Asset] = &[
    Asset {
        name: "console.css",
        kind: CSS,
        text: include_str!("../../templates/console/assets/console.css"),
    },
    Asset {
        name: "openings.css",
        kind: CSS,
        text: include_str!("../../templates/console/assets/openings.css"),
    },
    Asset {
        name: "console.js",
        kind: SCRIPT,
        text: include_str!("../../templates/console/assets/console.js"),
    },
    Asset { name: "upload.js", kind: SCRIPT, text: include_str!("../../templates/console/assets/upload.js") },
    Asset {
        name: "htmx.min.js",
        kind: SCRIPT,
        text: include_str!("../../templates/console/assets/htmx.min.js"),
    },
    Asset {
        name: "icon.svg",
        kind: "image/svg+xml",
        text: include_str!("../../templates/console/assets/icon.svg"),
    },
];

/// A change of the file changes its address, so that no browser shows an old one.
fn version(asset: &Asset) -> String {
    let mut digest = hex::encode(sm3::digest(asset.text.as_bytes()));
    digest.truncate(12);
    digest
}

/// Where a file is loaded from.
pub(super) fn address(name: &str) -> String {
    let version = ASSETS.iter().find(|asset| asset.name == name).map(version).unwrap_or_default();
    format!("/assets/{version}/{name}")
}

pub(super) fn routes() -> Vec<Route> {
    vec![Route::get("/assets/{version}/{name}", Need::Public, get)]
}

async fn get(path: Path<(String, String)>) -> Result<HttpResponse, Failure> {
    let (_, name) = path.into_inner();
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or(Failure::NotFound)?;
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, asset.kind));
    answer.insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"));
    Ok(answer.body(asset.text))
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn htmx_is_the_file_that_its_authors_publish() {
        let htmx = ASSETS.iter().find(|asset| asset.name == "htmx.min.js").unwrap();
        let expected = "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717";
        assert_eq!(hex::encode(Sha256::digest(htmx.text)), expected);
    }
}
