//! Who may do what in the console: operators, their roles, what a role permits, and how people show who they are.
//!
//! [`Access`] signs people in and keeps their accounts; [`sessions`] tells whose request it is.

pub mod accounts;
pub mod options;
pub mod own_account;
pub mod provider;
pub mod second_factor;
pub mod separation;
pub mod sessions;
pub mod sign_in;

mod lockout;
mod operator;
mod passwords;
mod permission;
mod role;
mod visitor;

use std::sync::Arc;

use anyhow::{Context, ensure};

pub use operator::Operator;
pub use options::AccessOptions;
pub use passwords::Unfit;
pub use permission::Permission;
pub use role::{NoRole, Role};
pub use sessions::Lifetime;
pub use visitor::Visitor;

use self::passwords::Passwords;
use self::provider::Provider;
use crate::clock::Clock;
use crate::delivery::client::Client;
use crate::store::audit::{Actor, Entry};
use crate::store::users::User;
use crate::store::{Connection, Store, StoreError};

/// Where the identity provider sends people back to, behind the console's public address.
pub const BACK_FROM_PROVIDER: &str = "/sign-in/provider/back";

/// Signs people in and keeps their accounts. Cheap to clone.
#[derive(Clone)]
pub struct Access {
    store: Store,
    clock: Clock,
    options: Arc<AccessOptions>,
    passwords: Passwords,
    provider: Option<Arc<Provider>>,
    /// Whose console it is, as apps that make one-time codes show it.
    house: Arc<str>,
}

impl Access {
    /// `public_url` is where browsers reach the console.
    ///
    /// # Errors
    /// When the settings ask for what nobody should have.
    pub fn new(
        options: &AccessOptions,
        store: Store,
        clock: Clock,
        client: Client,
        public_url: Option<&str>,
        house: &str,
    ) -> anyhow::Result<Self> {
        options.check()?;
        let passwords = Passwords::new(&options.password).context("access.password")?;
        let provider = match &options.oidc {
            None => None,
            Some(oidc) => {
                let url = public_url.unwrap_or_default().trim_end_matches('/');
                ensure!(
                    options::is_safe(url),
                    "console.public_url: expected an address to which people come back from the identity provider \
                     (access.oidc), beginning with `https://`, found `{url}`"
                );
                let back = format!("{url}{BACK_FROM_PROVIDER}");
                Some(Arc::new(Provider::new(oidc.clone(), client, clock.clone(), back)))
            }
        };
        let house = house.replace(':', " ");
        Ok(Self {
            store,
            clock,
            options: Arc::new(options.clone()),
            passwords,
            provider,
            house: house.into(),
        })
    }

    /// What the button says that leads to the identity provider, where there is one.
    pub fn provider_title(&self) -> Option<&str> {
        self.provider.as_ref().map(|provider| provider.title())
    }

    pub fn options(&self) -> &AccessOptions {
        &self.options
    }
}

/// Who does something to an account, and from where.
#[derive(Clone, Debug)]
pub struct By {
    pub actor: Actor,
    pub address: Option<std::net::IpAddr>,
}

impl By {
    pub fn operator(operator: &Operator, visitor: &Visitor) -> Self {
        let actor = Actor::Operator { id: operator.id.clone(), name: operator.name.clone() };
        Self { actor, address: visitor.address }
    }

    fn user(user: &User, visitor: &Visitor) -> Self {
        let actor = Actor::Operator { id: user.id.clone(), name: user.name.clone() };
        Self { actor, address: visitor.address }
    }

    /// The stored id of the person, where it is one.
    fn id(&self) -> Option<&str> {
        match &self.actor {
            Actor::Operator { id, .. } => Some(id),
            _ => None,
        }
    }

    /// Writes into the audit trail what was done to an account.
    fn note(
        &self,
        connection: &mut Connection,
        action: &'static str,
        user: &str,
        detail: serde_json::Value,
        at: jiff::Timestamp,
    ) -> Result<(), StoreError> {
        let entry = Entry {
            actor: self.actor.clone(),
            address: self.address,
            action,
            subject: ("user", user.to_owned()),
            detail,
            before: None,
            after: None,
        };
        crate::store::audit::append(connection, &entry, at).map(drop)
    }
}
