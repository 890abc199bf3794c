//! What is done to a user's account.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path};

use super::one::filled;
use super::{roles_in, shown, why};
use crate::access::By;
use crate::access::accounts::AccountError;
use crate::console::caller::Caller;
use crate::console::frame::Frame;
use crate::console::guard::Session;
use crate::console::page::go_to;
use crate::console::sign_in::fill;
use crate::console::{Console, Failure};

/// Back to the user's page, with what is wrong if something is.
async fn settle(
    console: &Console,
    frame: Frame,
    id: &str,
    outcome: Result<(), AccountError>,
) -> Result<HttpResponse, Failure> {
    match outcome {
        Ok(()) => Ok(go_to(&format!("/users/{id}"))),
        Err(error) => {
            let trouble = Some(why(&frame, error)?);
            fill(&mut HttpResponse::UnprocessableEntity(), &filled(console, frame, id, trouble).await?)
        }
    }
}

pub(super) async fn set_roles(
    console: Data<Console>,
    frame: Frame,
    session: Session,
    caller: Caller,
    id: Path<String>,
    form: Form<Vec<(String, String)>>,
) -> Result<HttpResponse, Failure> {
    let by = By::operator(&session.operator, &caller.0);
    let outcome = console.access.set_roles(&id, &roles_in(&form), by).await;
    settle(&console, frame, &id, outcome).await
}

pub(super) async fn disable(
    console: Data<Console>,
    frame: Frame,
    session: Session,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let outcome = console.access.disable_user(&id, By::operator(&session.operator, &caller.0)).await;
    settle(&console, frame, &id, outcome).await
}

pub(super) async fn enable(
    console: Data<Console>,
    frame: Frame,
    session: Session,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let outcome = console.access.enable_user(&id, By::operator(&session.operator, &caller.0)).await;
    settle(&console, frame, &id, outcome).await
}

pub(super) async fn reset_second_factor(
    console: Data<Console>,
    frame: Frame,
    session: Session,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let by = By::operator(&session.operator, &caller.0);
    let outcome = console.access.reset_second_factor(&id, by).await;
    settle(&console, frame, &id, outcome).await
}

pub(super) async fn reset_password(
    console: Data<Console>,
    frame: Frame,
    session: Session,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    match console.access.reset_password(&id, By::operator(&session.operator, &caller.0)).await {
        Ok(initial) => {
            let users = console.access.users().await?;
            let name = users.into_iter().find(|listed| listed.id == *id).map(|listed| listed.name);
            shown(frame, name.unwrap_or_default(), initial)
        }
        Err(error) => settle(&console, frame, &id, Err(error)).await,
    }
}
