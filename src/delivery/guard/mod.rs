//! The guard on every outgoing call: to which places, and to which addresses behind their names. It is asked twice: with
//! the URL before anything is sent, and as the resolver of the connection, so that a name is looked up once and the
//! connection goes to the very addresses that were judged.

mod address;
mod names;
mod options;
mod place;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::Context;
use ipnet::IpNet;
use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

pub use self::address::Kind;
use self::address::wrapped;
pub use self::names::{Names, SystemNames};
pub use self::options::OutboundOptions;
use self::place::{Place, Trust, address_of, literal, name_of};

/// A longer name is cut in what is told of it; no name of DNS is longer.
const LONGEST_NAME: usize = 253;

/// Says what one client may call. Clones share it.
#[derive(Clone)]
pub struct Guard(Arc<Inner>);

struct Inner {
    /// Whose client it is, as the section of the settings names it.
    caller: String,
    places: Vec<Place>,
    opened: Vec<IpNet>,
    names: Arc<dyn Names>,
}

/// Why a call is not made. Neither path nor query of an address is told: they may hold a token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("calling `{host}` is refused: {rule}")]
pub struct Refusal {
    pub host: String,
    pub rule: Rule,
}

/// Which rule refuses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rule {
    #[error("the address is none of `http` or `https` with a host")]
    NoAddress,
    #[error("the address holds a user or a password")]
    Credentials,
    #[error("scheme, host and port are not among those that the settings name for it")]
    Host,
    #[error("its address is {0}")]
    Address(Kind),
}

impl Rule {
    /// The stable name, in logs and in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoAddress => "no-address",
            Self::Credentials => "credentials",
            Self::Host => "host",
            Self::Address(kind) => kind.name(),
        }
    }
}

impl Guard {
    /// For what the institution runs or has chosen itself: one address of the settings, in its own network too.
    ///
    /// # Errors
    /// When the address is none, or leads where nothing is ever called.
    pub fn own(caller: &str, url: &str) -> anyhow::Result<Self> {
        let place = Place::of(url, Trust::House).with_context(|| format!("{caller}.url"))?;
        Self::checked(caller, vec![place], Vec::new())
    }

    /// For a server that is no HTTP server.
    ///
    /// # Errors
    /// As [`own`](Self::own).
    pub fn own_host(caller: &str, host: &str, port: u16) -> anyhow::Result<Self> {
        let place = Place::host(host, port).with_context(|| format!("{caller}.host"))?;
        Self::checked(caller, vec![place], Vec::new())
    }

    /// For the platforms: the addresses of their interfaces. A private address that is written out in one may be called; a
    /// name that leads to one needs `[outbound] private`.
    ///
    /// # Errors
    /// As [`own`](Self::own).
    pub fn platforms<'a>(
        options: &OutboundOptions,
        urls: impl IntoIterator<Item = &'a str>,
    ) -> anyhow::Result<Self> {
        let places = urls.into_iter().map(|url| Place::of(url, Trust::Written));
        Self::checked("platforms", places.collect::<Result<_, _>>()?, options.private.clone())
    }

    /// For the identity provider, where there is one: its own address, and those hosts of `[outbound]` at which it may say
    /// that its endpoints are.
    ///
    /// # Errors
    /// As [`own`](Self::own).
    pub fn identity_provider(options: &OutboundOptions, issuer: Option<&str>) -> anyhow::Result<Self> {
        let caller = "access.oidc";
        let issuer = issuer.map(|issuer| Place::of(issuer, Trust::House)).transpose();
        let issuer: Vec<Place> = issuer.with_context(|| format!("{caller}.issuer"))?.into_iter().collect();
        Self::checked(caller, issuer.clone(), Vec::new())?;
        // Where the other hosts lead is judged when one is called.
        Ok(Self::new(caller, [issuer, options.hosts.clone()].concat(), options.private.clone()))
    }

    /// For addresses that arrive in messages: only what `[outbound]` opens.
    pub fn messages(caller: &str, options: &OutboundOptions) -> Self {
        Self::new(caller, options.hosts.clone(), options.private.clone())
    }

    fn checked(caller: &str, places: Vec<Place>, opened: Vec<IpNet>) -> anyhow::Result<Self> {
        let guard = Self::new(caller, places, opened);
        for place in &guard.0.places {
            if let Some(address) = place.literal() {
                guard.weigh(place.name(), address).with_context(|| caller.to_owned())?;
            }
        }
        Ok(guard)
    }

    fn new(caller: &str, places: Vec<Place>, opened: Vec<IpNet>) -> Self {
        Self(Arc::new(Inner { caller: caller.to_owned(), places, opened, names: Arc::new(SystemNames) }))
    }

    /// Has somebody else say what names mean.
    #[must_use]
    pub fn asking(&self, names: Arc<dyn Names>) -> Self {
        let Inner { caller, places, opened, .. } = &*self.0;
        Self(Arc::new(Inner {
            caller: caller.clone(),
            places: places.clone(),
            opened: opened.clone(),
            names,
        }))
    }

    /// Reads an address that somebody else wrote.
    ///
    /// # Errors
    /// Why it is not called.
    pub fn admit(&self, address: &str) -> Result<Url, Refusal> {
        let Ok(url) = Url::parse(address.trim()) else {
            return Err(self.refuse("", Rule::NoAddress));
        };
        let host = name_of(&url).unwrap_or_default();
        if host.is_empty() || !matches!(url.scheme(), "http" | "https") {
            return Err(self.refuse(&host, Rule::NoAddress));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(self.refuse(&host, Rule::Credentials));
        }
        self.check(&url)?;
        Ok(url)
    }

    /// Judges a URL; what its name means is judged when it is looked up.
    ///
    /// # Errors
    /// Why it is not called.
    pub(super) fn check(&self, url: &Url) -> Result<(), Refusal> {
        let host = name_of(url).unwrap_or_default();
        if !self.0.places.iter().any(|place| place.holds(url)) {
            return Err(self.refuse(&host, Rule::Host));
        }
        match address_of(url) {
            // The client asks no resolver for it.
            Some(address) => self.weigh(&host, address),
            None => Ok(()),
        }
    }

    /// The addresses of a name that a connection may go to.
    ///
    /// # Errors
    /// A [`Refusal`] where it has others only, or why there are none.
    pub(super) async fn addresses(
        &self,
        name: &str,
    ) -> Result<Vec<IpAddr>, Box<dyn std::error::Error + Send + Sync>> {
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        let (name, found) = match literal(&name) {
            Some(IpAddr::V6(address)) => (format!("[{address}]"), vec![address.into()]),
            Some(address) => (name, vec![address]),
            None => (name.clone(), self.0.names.look_up(name).await?),
        };
        let mut refusal = None;
        let mut permitted = Vec::new();
        for address in found {
            match self.judge(&name, address) {
                Ok(()) => permitted.push(address),
                Err(kind) => refusal = Some(Rule::Address(kind)),
            }
        }
        match refusal {
            Some(rule) if permitted.is_empty() => Err(self.refuse(&name, rule).into()),
            Some(rule) => {
                let (caller, rule) = (self.0.caller.as_str(), rule.name());
                tracing::warn!(caller, host = name, rule, "some addresses of a host are passed over");
                Ok(permitted)
            }
            None if permitted.is_empty() => Err("the name has no address".into()),
            None => Ok(permitted),
        }
    }

    fn weigh(&self, host: &str, address: IpAddr) -> Result<(), Refusal> {
        self.judge(host, address).map_err(|kind| self.refuse(host, Rule::Address(kind)))
    }

    fn judge(&self, host: &str, address: IpAddr) -> Result<(), Kind> {
        let named = self.0.places.iter().filter(|place| place.is_called(host));
        let trust = named.map(|place| place.trust).max().unwrap_or(Trust::Public);
        let kind = Kind::of(address);
        let is_opened = self.0.opened.iter().any(|range| {
            // A range that is opened for a network does not open what hands out credentials in it.
            range.contains(&address)
                && (kind != Kind::Metadata || range.prefix_len() == range.max_prefix_len())
        });
        let is_allowed = match kind {
            Kind::Public => true,
            Kind::Multicast | Kind::Unspecified => false,
            _ if is_opened => true,
            Kind::Private | Kind::Shared | Kind::Loopback => match trust {
                Trust::House => true,
                // `localhost` means this machine wherever it is looked up (RFC 6761).
                Trust::Written => {
                    literal(host) == Some(address) || (host == "localhost" && kind == Kind::Loopback)
                }
                Trust::Public => false,
            },
            // A house with IPv6 only has addresses of others translated.
            Kind::Wrapped if trust == Trust::House => {
                wrapped(address).is_some_and(|inner| self.judge(host, inner.into()).is_ok())
            }
            _ => false,
        };
        if is_allowed { Ok(()) } else { Err(kind) }
    }

    /// A call that is refused is told once, here; callers tell what it means for them.
    fn refuse(&self, host: &str, rule: Rule) -> Refusal {
        let host: String = host.chars().take(LONGEST_NAME).collect();
        tracing::warn!(caller = self.0.caller, host, rule = rule.name(), "an outgoing call is refused");
        Refusal { host, rule }
    }
}

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let guard = self.clone();
        Box::pin(async move {
            let found = guard.addresses(name.as_str()).await?;
            let found = found.into_iter().map(|address| SocketAddr::new(address, 0));
            let found: Addrs = Box::new(found.collect::<Vec<_>>().into_iter());
            Ok(found)
        })
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Guard({})", self.0.caller)
    }
}

#[cfg(test)]
mod tests;
