//! To the institution's identity provider and back.

use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{Back, Caller, Console, Failure, Frame, SignInPage, add_cookies, fill, home, refuse};
use crate::access::provider::Return;
use crate::access::sign_in::Refused;
use crate::console::cookies::{self, Use};
use crate::console::page::page;

/// A page that goes on by itself. A browser that was sent here by another site does not send our cookie along with a mere
/// redirection, but does from a page of ours.
#[derive(Template)]
#[template(path = "console/sign_in/onward.html")]
struct OnwardPage {
    frame: Frame,
    /// Where to.
    address: String,
}

pub(super) async fn depart(
    console: Data<Console>,
    frame: Frame,
    caller: Caller,
    _: Form<Back>,
) -> Result<HttpResponse, Failure> {
    match console.access.depart(&caller.0).await {
        Ok(Some(departure)) => {
            // Our policy lets no form lead to another site, not even by a redirection.
            let mut answer = page(&OnwardPage { frame, address: departure.address })?;
            add_cookies(&mut answer, [cookies::keep_departure(&departure.state, &console.options)]);
            Ok(answer)
        }
        Ok(None) => Err(Failure::NotFound),
        Err(refused) => turn_away(&console, frame, &refused),
    }
}

pub(super) async fn arrive(
    console: Data<Console>,
    request: HttpRequest,
    frame: Frame,
    caller: Caller,
    back: Query<Return>,
) -> Result<HttpResponse, Failure> {
    let state = cookies::shown(Use::Departure, &request, &console.options);
    let arrived = console.access.arrive(back.into_inner(), state.as_deref(), &caller.0).await;
    let mut answer = match arrived {
        Ok(admitted) => {
            let mut answer = page(&OnwardPage { frame, address: home(&admitted.roles).to_owned() })?;
            add_cookies(&mut answer, super::cookies_of(&console, &admitted));
            answer
        }
        Err(refused) => turn_away(&console, frame, &refused)?,
    };
    add_cookies(&mut answer, [cookies::forget(Use::Departure, &console.options)]);
    Ok(answer)
}

fn turn_away(console: &Console, frame: Frame, refused: &Refused) -> Result<HttpResponse, Failure> {
    let (mut answer, mut trouble) = refuse(&frame, refused)?;
    if *refused == Refused::Credentials || *refused == Refused::Over {
        frame.t("sign_in.not_by_provider").clone_into(&mut trouble);
    }
    if *refused == Refused::Crowded {
        frame.t("sign_in.provider_away").clone_into(&mut trouble);
    }
    let provider = console.access.provider_title().map(str::to_owned);
    let page =
        SignInPage { frame, back: String::new(), name: String::new(), trouble: Some(trouble), provider };
    fill(&mut answer, &page)
}
