//! Robots of group chats. All three answer HTTP 200 whatever became of a message: only the code in the body tells.
//!
//! What a signature covers is in each vendor's documentation of custom robots (自定义机器人): 钉钉 signs time and secret under
//! the secret and has both in the address; 飞书 signs nothing under time and secret and has both in the body.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::super::wording::{Message, Tone};
use super::{NotTaken, taken};
use crate::crypto::hmac_sha256;
use crate::delivery::hook::HookAnswer;
use crate::secret::Secret;

/// 企业微信 takes no longer text (bytes of UTF-8); the others take more.
const LONGEST: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::alarms) enum Robot {
    Wecom,
    Dingtalk,
    Lark,
}

/// A message in a robot's form.
pub(super) struct Request {
    /// What is added to the address.
    pub(super) parameters: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

impl Robot {
    pub(super) fn request(self, message: &Message, secret: Option<&Secret>, now: Timestamp) -> Request {
        let mut parameters = Vec::new();
        let headline = &message.headline;
        let text = message.markdown();
        let body = match self {
            Self::Wecom => {
                let colour = match message.tone {
                    Tone::Bad | Tone::Warning => "warning",
                    Tone::Good => "info",
                };
                let content = format!("<font color=\"{colour}\">{headline}</font>\n{text}");
                json!({ "msgtype": "markdown", "markdown": { "content": shortened(&content) } })
            }
            Self::Dingtalk => {
                if let Some(secret) = secret {
                    let millis = now.as_millisecond().to_string();
                    let signed = format!("{millis}\n{}", secret.expose());
                    let code = hmac_sha256::code(secret.expose().as_bytes(), signed.as_bytes());
                    parameters = vec![("timestamp", millis), ("sign", BASE64_STANDARD.encode(code))];
                }
                let text = format!("#### {headline}\n\n{text}");
                json!({ "msgtype": "markdown", "markdown": { "title": headline, "text": text } })
            }
            Self::Lark => {
                let colour = match message.tone {
                    Tone::Bad => "red",
                    Tone::Warning => "orange",
                    Tone::Good => "green",
                };
                let text = message.plain();
                let mut body = json!({
                    "msg_type": "interactive",
                    "card": {
                        "header": { "title": { "tag": "plain_text", "content": headline }, "template": colour },
                        "elements": [{ "tag": "div", "text": { "tag": "plain_text", "content": text } }],
                    },
                });
                if let (Some(secret), Some(body)) = (secret, body.as_object_mut()) {
                    let seconds = now.as_second().to_string();
                    let code = hmac_sha256::code(format!("{seconds}\n{}", secret.expose()).as_bytes(), b"");
                    body.insert("timestamp".to_owned(), json!(seconds));
                    body.insert("sign".to_owned(), json!(BASE64_STANDARD.encode(code)));
                }
                body
            }
        };
        Request { parameters, body: body.to_string().into_bytes() }
    }

    /// # Errors
    /// When the answer does not say that the message was taken.
    pub(super) fn judge(self, answer: &HookAnswer) -> Result<(), NotTaken> {
        taken(answer)?;
        let body: Value = serde_json::from_slice(&answer.body)
            .map_err(|_| NotTaken::Rejected("the answer is no JSON".to_owned()))?;
        let (codes, words): (&[&str], &str) = match self {
            Self::Wecom | Self::Dingtalk => (&["errcode"], "errmsg"),
            // Older robots answer in another way.
            Self::Lark => (&["code", "StatusCode"], "msg"),
        };
        let code = codes.iter().find_map(|code| body.get(code)?.as_i64());
        if code == Some(0) {
            return Ok(());
        }
        let said = body.get(words).and_then(Value::as_str).unwrap_or_default();
        let said: String = said.chars().filter(|c| !c.is_control()).take(200).collect();
        let code = code.map_or_else(|| "no code".to_owned(), |code| format!("code {code}"));
        Err(NotTaken::Rejected(format!("{code}: {said}")))
    }
}

/// Cut at the end of a character.
fn shortened(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
