//! Who acts, as the audit trail has it.

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};
use serde_json::Value;

use super::guard::Session;
use super::{Failure, caller};
use crate::access::Operator;
use crate::store::audit::{Actor, Entry};

/// The person behind a form, and where it came from. Handlers that change something take it as an argument.
#[derive(Clone, Debug)]
pub struct Acting {
    pub operator: Operator,
    pub address: Option<IpAddr>,
}

impl Acting {
    /// An entry of the audit trail for what this person does.
    pub fn entry(&self, action: &'static str, subject: (&'static str, String), detail: Value) -> Entry {
        let Operator { id, name, .. } = &self.operator;
        let actor = Actor::Operator { id: id.clone(), name: name.clone() };
        Entry { actor, address: self.address, action, subject, detail, before: None, after: None }
    }
}

impl FromRequest for Acting {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let session = Session::from_request(request, payload).into_inner();
        let address = caller::address(request);
        ready(session.map(|session| Self { operator: session.operator, address }))
    }
}
