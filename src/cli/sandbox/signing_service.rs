//! `baohan sandbox signing-service`: a simulated signing service that runs by itself until Ctrl-C.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use super::text_of;
use crate::clock::Clock;
use crate::sandbox::read_faults;
use crate::sandbox::signing_service::{SigningService, SigningServiceOptions, read_key};

/// Run a simulated signing service for `[seal.service]` of the settings, as deploy/SIGNING.md describes it
///
/// For trials only: a real one keeps its key in a device.
#[derive(Clone, Debug, Args)]
pub struct SigningServiceArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8091")]
    listen: SocketAddr,

    /// The SM2 key that it signs with (PEM)
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,

    /// The certificate of the key (PEM)
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,

    /// What clients call the key
    #[arg(long, default_value = "seal")]
    key: String,

    /// A file that holds the bearer token
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,

    /// Answer with signatures of 64 bytes instead of DER
    #[arg(long)]
    raw: bool,

    /// Fault script (TOML or JSON); the interfaces are `certificate` and `signature`. Acts: { late = MS },
    /// { status = 503 }, { busy = SECONDS }, { refuse = "TEXT" }, "reset", "accept-but-reset", "html200",
    /// "wrong-signature"
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
}

impl SigningServiceArgs {
    /// Starts the service and says where it is.
    ///
    /// # Errors
    /// When a file can't be used, or the address not listened on.
    pub fn start(&self, out: &mut dyn Write) -> anyhow::Result<SigningService> {
        let key = read_key(&text_of("key file", &self.key_file)?);
        let options = SigningServiceOptions {
            listen: self.listen,
            name: self.key.clone(),
            token: text_of("token file", &self.token_file)?,
            key: key.with_context(|| format!("key file `{}`", self.key_file.display()))?,
            certificate: text_of("certificate", &self.certificate)?,
            raw: self.raw,
        };
        let faults = self.faults.as_deref().map(read_faults).transpose()?;
        let service = SigningService::start(options, &Clock::system())?;
        service.script(faults.unwrap_or_default());
        writeln!(out, "seal.service.url = \"{}\"", service.url())?;
        writeln!(out, "seal.service.key = \"{}\"", self.key)?;
        out.flush()?;
        Ok(service)
    }
}
