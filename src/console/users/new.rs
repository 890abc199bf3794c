//! Somebody new.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form};
use askama::Template;

use super::{roles_in, shown, why};
use crate::access::{By, Role};
use crate::console::caller::Caller;
use crate::console::frame::Frame;
use crate::console::guard::Session;
use crate::console::page::page;
use crate::console::sign_in::fill;
use crate::console::{Console, Failure};

#[derive(Template)]
#[template(path = "console/users/new.html")]
struct NewPage {
    frame: Frame,
    name: String,
    chosen: Vec<Role>,
    trouble: Option<String>,
}

impl NewPage {
    fn all(&self) -> [Role; 5] {
        Role::ALL
    }
}

pub(super) async fn show(frame: Frame) -> Result<HttpResponse, Failure> {
    page(&NewPage { frame, name: String::new(), chosen: Vec::new(), trouble: None })
}

pub(super) async fn send(
    console: Data<Console>,
    frame: Frame,
    session: Session,
    caller: Caller,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let chosen = roles_in(&form);
    let name = form.iter().find(|(name, _)| name == "name").map(|(_, value)| value.clone());
    let name = name.unwrap_or_default();
    let by = By::operator(&session.operator, &caller.0);
    match console.access.add_user(&name, &chosen, by).await {
        Ok(initial) => shown(frame, name, initial),
        Err(error) => {
            let trouble = Some(why(&frame, error)?);
            fill(&mut HttpResponse::UnprocessableEntity(), &NewPage { frame, name, chosen, trouble })
        }
    }
}
