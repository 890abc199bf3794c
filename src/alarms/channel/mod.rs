//! The channels: each gives a message its form, and knows by the answer whether it was taken.

mod chat;
#[cfg(test)]
mod tests;

use anyhow::{Context, bail};
use jiff::Timestamp;
use serde_json::json;

use super::options::{ChannelKind, ChannelOptions};
use super::wording::Message;
use crate::crypto::webhook::WebhookSecret;
use crate::delivery::client::Failure;
use crate::delivery::hook::{Hook, HookAnswer};
use crate::delivery::mail::{Mail, MailAddress};
use crate::secret::Secret;

/// Why a channel did not take a message. The texts hold no address, which would let others write there.
#[derive(Debug, thiserror::Error)]
pub enum NotTaken {
    #[error("the settings name no such channel any more")]
    NoSuchChannel,
    #[error("the channel can't be reached: {0}")]
    Unreachable(String),
    /// It answered, and did not take it.
    #[error("the channel did not take it: {0}")]
    Rejected(String),
}

pub(super) enum Channel {
    Chat { hook: Hook, robot: chat::Robot, secret: Option<Secret> },
    Webhook { hook: Hook, secret: WebhookSecret },
    Mail(Mail),
}

impl Channel {
    /// # Errors
    /// Which key is missing or can't be used.
    pub(super) fn new(within: &str, options: &ChannelOptions) -> anyhow::Result<Self> {
        let hook = || {
            let url = options.url.as_ref().context("url: expected an address, found none")?;
            Hook::new(within, url, options.timeout, options.ca_file.as_deref())
        };
        let chat = |robot| anyhow::Ok(Self::Chat { hook: hook()?, robot, secret: options.secret.clone() });
        match options.kind {
            ChannelKind::Wecom if options.secret.is_some() => {
                bail!(
                    "secret: expected none, since robots of this chat don't sign; their key stands in the address"
                )
            }
            ChannelKind::Wecom => chat(chat::Robot::Wecom),
            ChannelKind::Dingtalk => chat(chat::Robot::Dingtalk),
            ChannelKind::Lark => chat(chat::Robot::Lark),
            ChannelKind::Webhook => {
                let secret = options.secret.as_ref().context("secret: expected `whsec_…`, found none")?;
                let secret = WebhookSecret::parse(secret.expose()).context("secret")?;
                Ok(Self::Webhook { hook: hook()?, secret })
            }
            ChannelKind::Mail => {
                let address = MailAddress {
                    host: options.host.clone().context("host: expected a server of mail, found none")?,
                    port: options.port,
                    security: options.security,
                    user: options.user.clone(),
                    password: options.password.clone(),
                    from: options.from.clone().context("from: expected an address of mail, found none")?,
                    to: options.to.clone(),
                    timeout: options.timeout,
                    ca_file: options.ca_file.clone(),
                };
                Mail::new(within, &address).map(Self::Mail)
            }
        }
    }

    /// # Errors
    /// When it did not take the message.
    pub(super) async fn send(&self, message: &Message, now: Timestamp) -> Result<(), NotTaken> {
        match self {
            Self::Chat { hook, robot, secret } => {
                let request = robot.request(message, secret.as_ref(), now);
                let answer = hook.post(&request.parameters, &[], request.body).await;
                robot.judge(&answer.map_err(unreachable)?)
            }
            Self::Webhook { hook, secret } => {
                let mut body = message.data.clone();
                if let Some(body) = body.as_object_mut() {
                    body.insert("timestamp".to_owned(), json!(now));
                }
                let (body, seconds) = (body.to_string().into_bytes(), now.as_second());
                let headers = [
                    ("webhook-id", message.id.clone()),
                    ("webhook-timestamp", seconds.to_string()),
                    ("webhook-signature", secret.sign(&message.id, seconds, &body)),
                ];
                let answer = hook.post(&[], &headers, body).await.map_err(unreachable)?;
                taken(&answer)
            }
            Self::Mail(mail) => {
                let sent = mail.send(&message.id, &message.headline, &message.plain()).await;
                sent.map_err(|error| NotTaken::Unreachable(format!("{error:#}")))
            }
        }
    }
}

fn unreachable(failure: Failure) -> NotTaken {
    NotTaken::Unreachable(failure.to_string())
}

/// By the status alone.
fn taken(answer: &HookAnswer) -> Result<(), NotTaken> {
    match answer.status {
        200..=299 => Ok(()),
        status => Err(NotTaken::Rejected(format!("HTTP {status}"))),
    }
}
