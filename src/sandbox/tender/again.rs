//! Pushes that are sent once more, as they were, with other content, or as bytes that somebody else has made.

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::super::answer::Answer;
use super::super::message::Message;
use super::Platform;
use super::acts::Fields;

impl Platform {
    /// The last push of an interface once more: the same content under a new timestamp and sign.
    ///
    /// # Errors
    /// When there was no such push, or no answer came.
    pub async fn duplicate(&self, applyno: &str, interface: &str) -> anyhow::Result<Answer> {
        let message = self.last_push(applyno, interface)?;
        self.send(self.table(interface)?, Some(applyno), &message, true).await
    }

    /// The last push of an interface with one field changed, under the same business key.
    ///
    /// # Errors
    /// When there was no such push, it has nothing that could be changed, or no answer came.
    pub async fn conflict(&self, applyno: &str, interface: &str) -> anyhow::Result<Answer> {
        let mut message = self.last_push(applyno, interface)?;
        let (name, other) = match interface {
            "baohanapply" => ("bzjamount", "13579.00"),
            "baohanrestore" => ("kaibiaotime", "2001-01-01 09:30:00"),
            "invoiceapply" => ("amount", "13579.00"),
            "quitapply" | "claimsnotice" => ("reason", "另一个原因"),
            _ => bail!("`{interface}` has no field that could differ"),
        };
        let field = message.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name));
        other.clone_into(&mut field.context("the field is missing")?.1);
        self.send(self.table(interface)?, Some(applyno), &message, false).await
    }

    /// Any body to any interface, as it is. Where it is a message about a known application, the platform stands by
    /// it: a key counts as sent, an invoice as asked for.
    ///
    /// # Errors
    /// When no answer came.
    pub async fn push_raw(&self, interface: &str, body: impl Into<Vec<u8>>) -> anyhow::Result<Answer> {
        let body = body.into();
        if let Ok(message) = Message::parse(&body) {
            self.stand_by(interface, &message);
        }
        self.post(interface, None, body, false).await
    }

    fn stand_by(&self, interface: &str, message: &Message) {
        let mut register = self.register();
        let Ok(case) = register.known(message.text("applyno")) else { return };
        match interface {
            "baohanrestore" if message.text("key") == BASE64.encode(case.application.key) => {
                case.opened = true;
            }
            "invoiceapply" => case.invoice_kind = message.get("type").map(str::to_owned),
            "quitapply" => case.surrender_asked = true,
            "claimsnotice" => case.claimed = message.get("payeramount").map(str::to_owned),
            _ => {}
        }
    }

    fn last_push(&self, applyno: &str, interface: &str) -> anyhow::Result<Fields> {
        self.about(applyno, |case| {
            let message = case.pushes.get(interface).cloned();
            message.with_context(|| format!("`{interface}` has not been pushed for `{applyno}`"))
        })
    }
}
