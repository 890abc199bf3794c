//! Places that may be called: a scheme, a host or all hosts under a domain, and a port.

use std::net::IpAddr;

use anyhow::{Context, bail, ensure};
use reqwest::Url;

/// How far the addresses behind a place are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trust {
    /// Public addresses, and the ranges that the settings open.
    Public,
    /// Beside these the one private address that the settings write out. What a name means is for others to say.
    Written,
    /// What the institution runs or has chosen itself: its own network too.
    House,
}

/// Where a call may go.
#[derive(Clone, Debug)]
pub(super) struct Place {
    scheme: String,
    host: Host,
    port: u16,
    pub(super) trust: Trust,
}

#[derive(Clone, Debug)]
enum Host {
    Exactly(String),
    /// Any host below this domain, but not the domain itself.
    Below(String),
}

impl Place {
    /// The place of an address that the settings hold.
    pub(super) fn of(url: &str, trust: Trust) -> anyhow::Result<Self> {
        // The address is not repeated: it may hold a secret.
        let url =
            Url::parse(url).ok().context("expected an address that begins with `http://` or `https://`")?;
        let host = name_of(&url).context("expected an address with a host")?;
        let port = url.port_or_known_default().context("expected an address with a port")?;
        Ok(Self { scheme: url.scheme().to_owned(), host: Host::Exactly(host), port, trust })
    }

    /// A host without a scheme, such as a server of mail.
    pub(super) fn host(host: &str, port: u16) -> anyhow::Result<Self> {
        let wrong = || format!("expected a host, found `{host}`");
        let bracketed = match host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => host.to_owned(),
        };
        let url = Url::parse(&format!("http://{bracketed}:{port}")).with_context(wrong)?;
        let name = name_of(&url).with_context(wrong)?;
        Ok(Self { scheme: String::new(), host: Host::Exactly(name), port, trust: Trust::House })
    }

    /// An entry of `[outbound] hosts`: a host, with `*.` for all below a domain, with a port where it is not the usual one,
    /// and with `http://` where it is not to be TLS.
    pub(super) fn entry(text: &str) -> anyhow::Result<Self> {
        let expected =
            "expected a host such as `files.example.com`, `*.example.com` or `http://10.0.0.7:8080`";
        let wrong = || format!("{expected}, found `{text}`");
        let (scheme, rest) = text.split_once("://").unwrap_or(("https", text));
        ensure!(matches!(scheme, "http" | "https"), wrong());
        let (below, rest) = match rest.strip_prefix("*.") {
            Some(domain) => (true, domain),
            None => (false, rest),
        };
        let url = Url::parse(&format!("{scheme}://{rest}")).ok().with_context(wrong)?;
        let plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        ensure!(plain && !rest.ends_with('/') && !rest.contains(['@', '*']), wrong());
        let name = name_of(&url).with_context(wrong)?;
        let port = url.port_or_known_default().with_context(wrong)?;
        let host = match below {
            false => Host::Exactly(name),
            true if address_of(&url).is_some() || !name.contains('.') => {
                bail!("expected `*.` before a domain of two names at least, found `{text}`")
            }
            true => Host::Below(name),
        };
        Ok(Self { scheme: scheme.to_owned(), host, port, trust: Trust::Public })
    }

    pub(super) fn holds(&self, url: &Url) -> bool {
        let Some(name) = name_of(url) else { return false };
        self.scheme == url.scheme() && url.port_or_known_default() == Some(self.port) && self.is_called(&name)
    }

    /// Whether a host, normalised, is one of this place's.
    pub(super) fn is_called(&self, name: &str) -> bool {
        match &self.host {
            Host::Exactly(host) => host == name,
            Host::Below(domain) => {
                name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.len() > 1 && rest.ends_with('.'))
            }
        }
    }

    /// The address that the settings write out, where the host is one.
    pub(super) fn literal(&self) -> Option<IpAddr> {
        match &self.host {
            Host::Exactly(host) => literal(host),
            Host::Below(_) => None,
        }
    }

    /// What people call it in messages about the settings.
    pub(super) fn name(&self) -> &str {
        match &self.host {
            Host::Exactly(name) | Host::Below(name) => name,
        }
    }
}

/// The host as it is compared: in lower case and Punycode, numbers of any form as usual addresses, without the dot at the
/// end that only says that nothing follows.
pub(super) fn name_of(url: &Url) -> Option<String> {
    let host = url.host_str()?;
    let host = host.strip_suffix('.').unwrap_or(host);
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// The address that a URL has in the place of a name.
pub(super) fn address_of(url: &Url) -> Option<IpAddr> {
    literal(&name_of(url)?)
}

pub(super) fn literal(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}
