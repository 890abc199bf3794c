//! Signing in by the institution's identity provider: OpenID Connect's code flow with PKCE (RFC 7636), state and nonce.
//!
//! People are known by the provider's name and its subject, which never changes; their name here is for reading only. Their
//! roles are what the provider says at each sign-in, through the mapping of the settings.

mod metadata;
mod person;

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use tokio::sync::Mutex;

use self::metadata::Known;
use self::person::Person;
use super::options::{ClientAuth, OidcOptions};
use super::sign_in::{Admitted, Refused};
use super::{Access, Visitor};
use crate::clock::Clock;
use crate::crypto::identity_token::{Claims, Expected, TokenError, code_challenge, verify};
use crate::delivery::client::Client;
use crate::secret::Secret;
use crate::store::identity_requests;
use crate::store::sessions::SessionToken;

/// How long somebody may stay at the provider.
const AWAY: SignedDuration = SignedDuration::from_mins(10);

/// Keys are fetched again at most once in this time, whatever tokens name.
const KEYS_AT_MOST_EVERY: Duration = Duration::from_secs(60);

/// The institution's identity provider.
pub(super) struct Provider {
    options: OidcOptions,
    client: Client,
    clock: Clock,
    /// Where it sends people back to.
    back: String,
    known: Mutex<Known>,
}

/// Where to send somebody, and what the browser keeps meanwhile.
#[derive(Clone, Debug)]
pub struct Departure {
    pub address: String,
    /// For a cookie: whoever comes back without it is not who left.
    pub state: Secret,
}

/// What comes back in the address.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Return {
    pub code: Option<String>,
    pub state: Option<String>,
    /// RFC 9207.
    pub iss: Option<String>,
    pub error: Option<String>,
}

/// What is remembered of somebody who has gone to the provider.
#[derive(Serialize, Deserialize)]
struct Remembered {
    nonce: String,
    verifier: String,
}

/// Why nobody came in. Of all this the person reads one sentence.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("nobody left with the state that came back, or it was too long ago")]
    Stranger,
    #[error("the provider answered `{0}`")]
    Declined(String),
    #[error("the provider: {0:#}")]
    Provider(anyhow::Error),
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("`acr`: expected `{expected}`, found `{found}`")]
    Weak { expected: String, found: String },
    #[error("`{claim}` has no value that means a role here")]
    NoRole { claim: String },
    #[error("the roles can't be one person's: {0}")]
    Roles(#[from] super::separation::Conflict),
    #[error("the account is disabled")]
    Disabled,
}

fn random() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

impl Provider {
    pub fn new(options: OidcOptions, client: Client, clock: Clock, back: String) -> Self {
        Self { options, client, clock, back, known: Mutex::default() }
    }

    pub fn title(&self) -> &str {
        &self.options.title
    }

    /// The address at which the provider asks who somebody is.
    async fn authorization(&self, state: &str, remembered: &Remembered) -> anyhow::Result<String> {
        let endpoint = self.endpoints().await?.authorization_endpoint.clone();
        let scope = ["openid".to_owned()].into_iter().chain(self.options.scopes.clone()).collect::<Vec<_>>();
        let challenge = code_challenge(&remembered.verifier);
        let (scope, acr) = (scope.join(" "), self.options.acr.as_deref());
        let fields = [
            ("response_type", Some("code")),
            ("client_id", Some(self.options.client_id.as_str())),
            ("redirect_uri", Some(self.back.as_str())),
            ("scope", Some(scope.as_str())),
            ("state", Some(state)),
            ("nonce", Some(remembered.nonce.as_str())),
            ("code_challenge", Some(challenge.as_str())),
            ("code_challenge_method", Some("S256")),
            ("acr_values", acr),
        ];
        let fields: Vec<String> = fields
            .into_iter()
            .filter_map(|(name, value)| value.map(|value| (name, value)))
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        let joint = if endpoint.contains('?') { '&' } else { '?' };
        Ok(format!("{endpoint}{joint}{}", fields.join("&")))
    }

    /// Exchanges the code that came back for a token, and reads what the token says.
    async fn claims(&self, code: &str, remembered: &Remembered, now: Timestamp) -> Result<Claims, Trouble> {
        let token = self.token(code, &remembered.verifier).await.map_err(Trouble::Provider)?;
        let expected = Expected {
            issuer: &self.options.issuer,
            audience: &self.options.client_id,
            nonce: &remembered.nonce,
        };
        let keys = self.keys(false).await.map_err(Trouble::Provider)?;
        match verify(token.expose(), &keys, expected, now) {
            Err(TokenError::UnknownKey) => {
                let keys = self.keys(true).await.map_err(Trouble::Provider)?;
                Ok(verify(token.expose(), &keys, expected, now)?)
            }
            read => Ok(read?),
        }
    }

    async fn token(&self, code: &str, verifier: &str) -> anyhow::Result<Secret> {
        #[derive(Deserialize)]
        struct Tokens {
            id_token: Secret,
        }
        let endpoint = self.endpoints().await?.token_endpoint.clone();
        let options = &self.options;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.back),
            ("code_verifier", verifier),
        ];
        let secret = options.client_secret.expose();
        let credentials = match options.client_auth {
            ClientAuth::Basic => Some((options.client_id.as_str(), &options.client_secret)),
            ClientAuth::Post => {
                fields.extend([("client_id", options.client_id.as_str()), ("client_secret", secret)]);
                None
            }
        };
        let received = self.client.submit(&endpoint, &fields, credentials).await?;
        anyhow::ensure!(received.status == 200, "the token endpoint answered {}", received.status);
        let body = zeroize::Zeroizing::new(received.body);
        // The library's words may repeat a part of the answer.
        let tokens: Tokens = serde_json::from_slice(&body)
            .map_err(|_| anyhow::anyhow!("the token endpoint's answer has no `id_token`"))?;
        Ok(tokens.id_token)
    }
}

impl Access {
    /// Sends somebody to the identity provider; None where there is no such provider.
    ///
    /// # Errors
    /// When the provider does not say where to, or the database fails.
    pub async fn depart(&self, visitor: &Visitor) -> Result<Option<Departure>, Refused> {
        let Some(provider) = &self.provider else { return Ok(None) };
        let (state, now) = (Secret::new(random()), self.clock.now());
        let remembered = Remembered { nonce: random(), verifier: random() };
        let address = match provider.authorization(state.expose(), &remembered).await {
            Ok(address) => address,
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(%error, "the identity provider can't be asked who somebody is");
                return Err(Refused::Crowded);
            }
        };
        let body = serde_json::to_vec(&remembered).map(zeroize::Zeroizing::new);
        let body = body.map_err(|_| Refused::Over)?;
        let (kept, lockout, visitor) = (state.clone(), self.options.lockout.clone(), visitor.clone());
        let write = self.store.write(move |connection| {
            let wait = lockout.wait(connection, &visitor, now)?;
            if !wait.is_zero() {
                return Ok(Err(Refused::Wait(wait)));
            }
            identity_requests::begin(connection, &kept, &body, oldest(now), now).map(Ok)
        });
        write.await??;
        Ok(Some(Departure { address, state }))
    }

    /// Lets in whoever comes back from the provider. `state` is what the browser kept.
    ///
    /// # Errors
    /// Why nobody is let in.
    pub async fn arrive(
        &self,
        back: Return,
        state: Option<&str>,
        visitor: &Visitor,
    ) -> Result<Admitted, Refused> {
        let Some(provider) = &self.provider else { return Err(Refused::Over) };
        let now = self.clock.now();
        let Some(remembered) = self.remembered(&back, state, now).await? else {
            return self.turn_away(&Trouble::Stranger, visitor, now).await;
        };
        let person = match person(provider, back, &remembered, now).await {
            Ok(person) => person,
            Err(trouble) => return self.turn_away(&trouble, visitor, now).await,
        };
        let roles = person.roles(&provider.options.roles_claim, &provider.options.roles);
        let allowed = roles.and_then(|roles| {
            super::separation::check(&roles, self.options.maker_may_check)?;
            Ok(roles)
        });
        let roles = match allowed {
            Ok(roles) => roles,
            Err(trouble) => return self.turn_away(&trouble, visitor, now).await,
        };
        let (this, from, token) = (self.clone(), visitor.clone(), SessionToken::generate());
        let write =
            self.store.write(move |connection| match person.account(connection, &roles, &from, now)? {
                Some(user) => {
                    let whole = crate::store::sessions::Stage::Whole;
                    this.enter(connection, &user, whole, &from, &token, now).map(Some)
                }
                None => Ok(None),
            });
        match write.await? {
            Some(admitted) => Ok(admitted),
            None => self.turn_away(&Trouble::Disabled, visitor, now).await,
        }
    }

    /// What is remembered of whoever comes back, once, if the same browser left.
    async fn remembered(
        &self,
        back: &Return,
        state: Option<&str>,
        now: Timestamp,
    ) -> Result<Option<Remembered>, Refused> {
        let (Some(shown), Some(kept)) = (back.state.as_deref(), state) else { return Ok(None) };
        if !bool::from(shown.as_bytes().ct_eq(kept.as_bytes())) {
            return Ok(None);
        }
        let state = Secret::new(shown);
        let write =
            self.store.write(move |connection| identity_requests::take(connection, &state, oldest(now)));
        let Some(body) = write.await? else { return Ok(None) };
        Ok(serde_json::from_slice(&body).ok())
    }

    /// Tells the log why, and the person only that it did not work.
    async fn turn_away<T>(&self, trouble: &Trouble, visitor: &Visitor, now: Timestamp) -> Result<T, Refused> {
        tracing::warn!(reason = %trouble, "somebody came back from the identity provider and was not let in");
        let (lockout, visitor) = (self.options.lockout.clone(), visitor.clone());
        let write = self.store.write(move |connection| {
            lockout.failed(connection, None, &visitor, super::lockout::Reason::Provider, now)
        });
        write.await?;
        Err(Refused::Credentials)
    }
}

async fn person(
    provider: &Provider,
    back: Return,
    remembered: &Remembered,
    now: Timestamp,
) -> Result<Person, Trouble> {
    if let Some(error) = back.error {
        let plain: String = error.chars().filter(|it| it.is_ascii_graphic()).take(60).collect();
        return Err(Trouble::Declined(plain));
    }
    if back.iss.is_some_and(|issuer| issuer != provider.options.issuer) {
        return Err(Trouble::Stranger);
    }
    let claims = provider.claims(&back.code.unwrap_or_default(), remembered, now).await?;
    if let Some(expected) = &provider.options.acr {
        let found = claims.all.get("acr").and_then(serde_json::Value::as_str).unwrap_or_default();
        if found != expected {
            return Err(Trouble::Weak { expected: expected.clone(), found: found.to_owned() });
        }
    }
    Ok(Person::new(&provider.options, claims))
}

/// Whoever left before then does not come back.
fn oldest(now: Timestamp) -> Timestamp {
    now.checked_sub(AWAY).unwrap_or(Timestamp::MIN)
}
