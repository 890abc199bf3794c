//! `baohan openapi`: the description of the core system's interface.

use std::io::Write;

use clap::Args as ClapArgs;

use crate::api::openapi;

/// Print the description of the core system's interface (OpenAPI 3.1)
///
/// It is the same for every institution, and stands in the repository as deploy/openapi.json.
#[derive(ClapArgs)]
pub struct Args {
    /// Name another server in it than the address it is fetched from
    #[arg(long, value_name = "URL")]
    server: Option<String>,
}

/// # Errors
/// When it can't be written.
pub fn run(args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let Some(server) = args.server else { return Ok(out.write_all(openapi::text().as_bytes())?) };
    let mut document = openapi::document().clone();
    if let Some(members) = document.as_object_mut() {
        members.insert("servers".to_owned(), serde_json::json!([{"url": server}]));
    }
    Ok(writeln!(out, "{document:#}")?)
}
