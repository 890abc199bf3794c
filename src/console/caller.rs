//! From where a request comes: the browser's own address, where a proxy of the institution's stands in front.

use std::net::IpAddr;

use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use futures_util::future::{Ready, ready};

use super::{Console, Failure};
use crate::access::Visitor;
use crate::edge;

/// Who stands at the door; handlers take it as an argument.
pub(super) struct Caller(pub Visitor);

impl FromRequest for Caller {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let agent = request.headers().get(USER_AGENT).and_then(|agent| agent.to_str().ok());
        ready(Ok(Self(Visitor::new(address(request), agent))))
    }
}

/// Where the browser is: see [`edge::address`].
pub(super) fn address(request: &HttpRequest) -> Option<IpAddr> {
    let console = request.app_data::<Data<Console>>()?;
    edge::address(request, &console.options.proxies)
}
