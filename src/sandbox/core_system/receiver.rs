//! Callbacks arrive: each is verified, known again by its id, acknowledged, and worked on afterwards.

use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::Value;

use super::{Received, Shared};
use crate::crypto::second_opinion::webhook_signature;

/// How old a callback may be, in seconds (Standard Webhooks).
const TOLERANCE: i64 = 300;

pub(super) async fn receive(request: HttpRequest, body: Bytes, core: Data<Shared>) -> HttpResponse {
    if core.client.get().is_none() {
        return HttpResponse::ServiceUnavailable().finish();
    }
    match verified(&request, &body, &core) {
        Ok(received) => {
            let news = core.note(|diary| {
                let attempts = diary.attempts.entry(received.id.clone()).or_default();
                *attempts += 1;
                let news = *attempts == 1;
                if news {
                    diary.received.push(received.clone());
                }
                news
            });
            if news && core.inbox.send(received).is_err() {
                return HttpResponse::ServiceUnavailable().finish();
            }
            HttpResponse::NoContent().finish()
        }
        Err(fault) => {
            core.note(|diary| diary.faults.push(format!("a callback was refused: {fault}")));
            HttpResponse::BadRequest().finish()
        }
    }
}

fn verified(request: &HttpRequest, body: &Bytes, core: &Shared) -> Result<Received, String> {
    let header = |name: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned).ok_or_else(|| format!("no header `{name}`"))
    };
    let (id, sent) = (header("webhook-id")?, header("webhook-timestamp")?);
    let seconds: i64 = sent.parse().map_err(|_| format!("`{sent}` is no time"))?;
    if (core.clock.now().as_second() - seconds).abs() > TOLERANCE {
        return Err(format!("`{id}` is too old"));
    }
    let expected = webhook_signature(&core.secret, &id, &sent, body).ok_or("the secret is no Base64")?;
    if !header("webhook-signature")?.split(' ').any(|it| it.strip_prefix("v1,") == Some(expected.as_str())) {
        return Err(format!("`{id}` is not signed with our secret"));
    }
    let message: Value = serde_json::from_slice(body).map_err(|error| format!("`{id}`: {error}"))?;
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let kind = text(message.get("type")).ok_or_else(|| format!("`{id}` has no type"))?;
    Ok(Received { id, kind, guarantee: text(message.pointer("/data/guarantee_id")) })
}
