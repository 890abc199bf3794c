//! Mail over SMTP, for those who want to be told by mail.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, ensure};
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use serde::Deserialize;

use super::guard::Guard;
use crate::secret::Secret;

/// How the connection to the server is kept secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailSecurity {
    /// TLS from the first byte (usually port 465).
    #[default]
    Tls,
    /// TLS after `STARTTLS` (usually port 587); a server without it is not used.
    Starttls,
    /// None, for a relay on this machine.
    None,
}

/// The server, and between whom.
#[derive(Clone, Debug)]
pub struct MailAddress {
    pub host: String,
    /// The usual one of the kind of security, where None.
    pub port: Option<u16>,
    pub security: MailSecurity,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub from: String,
    pub to: Vec<String>,
    pub timeout: Duration,
    /// A PEM file of further certificate authorities to trust.
    pub ca_file: Option<PathBuf>,
}

/// Sends mail from one address to some. A new connection each time: alarms are rare.
pub struct Mail {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<Credentials>,
    timeout: Duration,
    guard: Guard,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Mail {
    /// `within` is the section of the settings that says so.
    ///
    /// # Errors
    /// Which address or file can't be used.
    pub fn new(within: &str, address: &MailAddress) -> anyhow::Result<Self> {
        let mailbox = |key: &str, text: &str| {
            let parsed: Result<Mailbox, _> = text.parse();
            parsed.with_context(|| format!("{within}.{key}: expected an address of mail, found `{text}`"))
        };
        let from = mailbox("from", &address.from)?;
        let to: Vec<Mailbox> = address.to.iter().map(|to| mailbox("to", to)).collect::<Result<_, _>>()?;
        ensure!(!to.is_empty(), "{within}.to: expected at least one address of mail, found none");
        let tls = || parameters(within, &address.host, address.ca_file.as_deref());
        let (port, tls) = match address.security {
            MailSecurity::Tls => (465, Tls::Wrapper(tls()?)),
            MailSecurity::Starttls => (587, Tls::Required(tls()?)),
            MailSecurity::None => (25, Tls::None),
        };
        let (host, port) = (address.host.clone(), address.port.unwrap_or(port));
        let guard = Guard::own_host(within, &host, port)?;
        let credentials = match (&address.user, &address.password) {
            (Some(user), Some(password)) => {
                Some(Credentials::new(user.clone(), password.expose().to_owned()))
            }
            _ => None,
        };
        Ok(Self { host, port, tls, credentials, timeout: address.timeout, guard, from, to })
    }

    /// The way to one of the addresses that the server's name has now. TLS verifies the name.
    async fn transport(&self) -> anyhow::Result<AsyncSmtpTransport<Tokio1Executor>> {
        let found = tokio::time::timeout(self.timeout, self.guard.addresses(&self.host)).await;
        let found = found.context("the name of the server of mail is not found in time")?;
        let found = found.map_err(|error| anyhow::anyhow!("the server of mail: {error}"))?;
        let address = found.first().context("the server of mail has no address")?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(address.to_string())
            .port(self.port)
            .tls(self.tls.clone())
            .timeout(Some(self.timeout));
        Ok(match &self.credentials {
            Some(credentials) => transport.credentials(credentials.clone()).build(),
            None => transport.build(),
        })
    }

    /// Sends one mail of plain text; `id` tells receivers that a repetition is one.
    ///
    /// # Errors
    /// When the server does not take it; the text holds no password.
    pub async fn send(&self, id: &str, subject: &str, text: &str) -> anyhow::Result<()> {
        let mut message = Message::builder()
            .from(self.from.clone())
            .subject(subject)
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ))
            .header(ContentType::TEXT_PLAIN);
        for to in &self.to {
            message = message.to(to.clone());
        }
        let message = message.body(text.to_owned()).context("the mail can't be written")?;
        self.transport().await?.send(message).await.context("the server of mail did not take it")?;
        Ok(())
    }
}

fn parameters(within: &str, host: &str, ca_file: Option<&Path>) -> anyhow::Result<TlsParameters> {
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(path) = ca_file {
        let shown = path.display();
        let pem = std::fs::read(path).with_context(|| format!("{within}.ca_file: can't read `{shown}`"))?;
        let certificate = Certificate::from_pem(&pem)
            .with_context(|| format!("{within}.ca_file: expected a PEM certificate in `{shown}`"))?;
        parameters = parameters.add_root_certificate(certificate);
    }
    parameters.build().with_context(|| format!("{within}: can't set up TLS"))
}
