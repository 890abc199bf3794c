//! Somebody halfway in: the cookie of the step, and forms that only the step's own page can send.

use std::collections::BTreeMap;

use actix_web::dev::Payload;
use actix_web::web::{Data, Form};
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{LocalBoxFuture, Ready, ready};
use subtle::ConstantTimeEq;

use crate::console::cookies::{self, Use};
use crate::console::guard::FORM_TOKEN;
use crate::console::{Console, Failure};
use crate::store::sessions::SessionToken;

/// The token of a step, whatever it is worth; handlers of pages take it as an argument.
pub(super) struct Step(pub SessionToken);

impl FromRequest for Step {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let console = request.app_data::<Data<Console>>();
        let cookie = console.and_then(|console| cookies::shown(Use::Step, request, &console.options));
        ready(Ok(Self(SessionToken::presented(cookie.as_deref().unwrap_or_default()))))
    }
}

/// What a step's form holds, once it has shown that it is the step's own; handlers of forms take it as an argument.
pub(super) struct StepForm {
    pub token: SessionToken,
    fields: BTreeMap<String, String>,
}

impl StepForm {
    pub fn take(&mut self, name: &str) -> String {
        self.fields.remove(name).unwrap_or_default()
    }
}

impl FromRequest for StepForm {
    type Error = Failure;
    type Future = LocalBoxFuture<'static, Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let step = Step::from_request(request, payload).into_inner();
        let form = Form::<BTreeMap<String, String>>::from_request(request, payload);
        Box::pin(async move {
            let Step(token) = step?;
            let Ok(Form(fields)) = form.await else { return Err(Failure::NotUnderstood) };
            let shown = fields.get(FORM_TOKEN).map(String::as_bytes).unwrap_or_default();
            if token.expose().is_empty() || !bool::from(shown.ct_eq(token.form_token().as_bytes())) {
                return Err(Failure::FromElsewhere);
            }
            Ok(Self { token, fields })
        })
    }
}
