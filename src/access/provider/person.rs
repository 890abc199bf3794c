//! Who a token is about, as an account here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Trouble;
use crate::access::options::OidcOptions;
use crate::access::{By, Role, Visitor};
use crate::crypto::identity_token::Claims;
use crate::crypto::sm3;
use crate::store::users::{self, Identity, User};
use crate::store::{Connection, StoreError};

/// In characters.
const LONGEST_NAME: usize = 64;

/// How many digits of a digest tell people of the same name apart.
const DIGITS: usize = 8;

/// Somebody whom the provider vouches for.
#[derive(Clone)]
pub(super) struct Person {
    identity: Identity,
    name: Option<String>,
    claims: BTreeMap<String, Value>,
}

impl Person {
    pub fn new(options: &OidcOptions, claims: Claims) -> Self {
        let name = find(&claims.all, &options.name_claim).and_then(Value::as_str).map(plain);
        Self {
            identity: Identity { issuer: options.issuer.clone(), subject: claims.subject },
            name: name.filter(|name| !name.is_empty()),
            claims: claims.all,
        }
    }

    /// What the values of a claim mean here.
    pub fn roles(&self, claim: &str, meaning: &BTreeMap<String, Role>) -> Result<Vec<Role>, Trouble> {
        let values: Vec<&str> = match find(&self.claims, claim) {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        };
        let mut roles: Vec<Role> = values.iter().filter_map(|value| meaning.get(*value).copied()).collect();
        roles.sort_unstable();
        roles.dedup();
        if roles.is_empty() { Err(Trouble::NoRole { claim: claim.to_owned() }) } else { Ok(roles) }
    }

    /// The account of the person, made at the first sign-in, with the roles of today; None where it is disabled.
    pub fn account(
        &self,
        connection: &mut Connection,
        roles: &[Role],
        visitor: &Visitor,
        now: Timestamp,
    ) -> Result<Option<User>, StoreError> {
        let roles: Vec<String> = roles.iter().map(|role| role.name().to_owned()).collect();
        let Some(mut user) = users::find_by_identity(connection, &self.identity)? else {
            let name = self.free_name(connection)?;
            let mut user = User::new(&name, roles, now);
            user.identity = Some(self.identity.clone());
            users::insert(connection, &user)?;
            let detail = json!({ "name": user.name, "roles": user.roles, "issuer": self.identity.issuer });
            By::user(&user, visitor).note(connection, "user.add", &user.id, detail, now)?;
            return Ok(Some(user));
        };
        if user.disabled_at.is_some() {
            return Ok(None);
        }
        if user.roles != roles {
            let detail = json!({ "name": user.name, "before": user.roles, "after": roles });
            user.roles = roles;
            users::save(connection, &user)?;
            By::user(&user, visitor).note(connection, "user.roles", &user.id, detail, now)?;
        }
        Ok(Some(user))
    }

    /// The name that the provider says; with a few digits behind it, if somebody else has it. Nobody becomes somebody else by
    /// a name.
    fn free_name(&self, connection: &mut Connection) -> Result<String, StoreError> {
        let Identity { issuer, subject } = &self.identity;
        let mut digest = hex::encode(sm3::digest(format!("{issuer} {subject}").as_bytes()));
        let name = self.name.clone().unwrap_or_else(|| "user".to_owned());
        let is_taken = users::list(connection)?.iter().any(|listed| listed.name == name);
        if self.name.is_some() && !is_taken {
            return Ok(name);
        }
        digest.truncate(DIGITS);
        Ok(format!("{name}-{digest}"))
    }
}

/// As accounts are named here: small letters, without what a name may not hold.
fn plain(name: &str) -> String {
    let fits = |letter: &char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.' | '@');
    name.to_lowercase().chars().filter(fits).take(LONGEST_NAME).collect()
}

/// A claim, or a part of one: `realm_access.roles`.
fn find<'a>(claims: &'a BTreeMap<String, Value>, path: &str) -> Option<&'a Value> {
    if let Some(whole) = claims.get(path) {
        return Some(whole);
    }
    let mut parts = path.split('.');
    let first = claims.get(parts.next()?)?;
    parts.try_fold(first, |value, part| value.get(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(claims: Value) -> Person {
        let all: BTreeMap<String, Value> = serde_json::from_value(claims).unwrap();
        let identity = Identity { issuer: "https://id.example.com".to_owned(), subject: "7".to_owned() };
        Person { identity, name: None, claims: all }
    }

    #[test]
    fn roles_are_what_the_settings_say_that_the_provider_means() {
        let meaning = BTreeMap::from([
            ("baohan-ops".to_owned(), Role::Operations),
            ("baohan-maker".to_owned(), Role::Maker),
        ]);
        let roles = |claims: Value, claim: &str| person(claims).roles(claim, &meaning).ok();
        let both = Some(vec![Role::Operations, Role::Maker]);
        assert_eq!(
            roles(json!({ "roles": ["baohan-maker", "x", "baohan-ops", "baohan-ops"] }), "roles"),
            both
        );
        assert_eq!(roles(json!({ "roles": "baohan-ops" }), "roles"), Some(vec![Role::Operations]));
        let nested = json!({ "realm_access": { "roles": ["baohan-maker"] } });
        assert_eq!(roles(nested, "realm_access.roles"), Some(vec![Role::Maker]));
        let dotted = json!({ "https://example.com/roles": ["baohan-maker"] });
        assert_eq!(roles(dotted, "https://example.com/roles"), Some(vec![Role::Maker]));
        for none in
            [json!({}), json!({ "roles": ["operations"] }), json!({ "roles": 3 }), json!({ "roles": [] })]
        {
            assert_eq!(roles(none, "roles"), None);
        }
    }

    #[test]
    fn a_name_keeps_what_names_may_hold() {
        assert_eq!(plain("Zhang San:<b>@x.cn"), "zhangsanb@x.cn");
        assert_eq!(plain(&"张".repeat(80)).chars().count(), LONGEST_NAME);
    }
}
