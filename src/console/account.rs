//! The own account: password, device, recovery codes, sessions.

use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use serde::Deserialize;

use super::caller::Caller;
use super::frame::Frame;
use super::guard::Session;
use super::page::{go_to, page};
use super::sign_in::enrolment::{RecoveryCodesPage, legible};
use super::sign_in::picture::picture;
use super::sign_in::{fill, refuse};
use super::{Console, Failure, Need, Route};
use crate::access::own_account::OwnAccount;
use crate::access::sessions::Open;
use crate::access::sign_in::Refused;
use crate::access::{By, Permission, Role};
use crate::secret::Secret;

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::get("/account", Need::SignedIn, show),
        Route::post("/account/password", Need::SignedIn, change_password),
        Route::get("/account/device", Need::SignedIn, show_device),
        Route::post("/account/device", Need::SignedIn, replace_device),
        Route::post("/account/recovery-codes", Need::SignedIn, renew_recovery_codes),
        Route::post("/sessions/{id}/end", Need::SignedIn, end_session),
    ]
}

#[derive(Template)]
#[template(path = "console/account/page.html")]
struct AccountPage {
    frame: Frame,
    roles: Vec<Role>,
    account: OwnAccount,
    sessions: Vec<Open>,
    /// The id of the session at hand.
    here: String,
    shortest: usize,
    trouble: Option<String>,
    done: &'static str,
}

impl AccountPage {
    fn rule(&self) -> String {
        self.frame.say("sign_in.password_rule", &[("shortest", &self.shortest.to_string())])
    }

    fn left(&self) -> String {
        self.frame.say("account.codes_left", &[("count", &self.account.recovery_codes_left.to_string())])
    }
}

/// What was done just now, as the address says.
#[derive(Default, Deserialize)]
pub(super) struct Done {
    #[serde(default)]
    pub done: String,
}

async fn show(
    console: Data<Console>,
    frame: Frame,
    session: Session,
    query: Query<Done>,
) -> Result<HttpResponse, Failure> {
    let done = match query.done.as_str() {
        "password" => frame.t("account.password_changed"),
        "session" => frame.t("account.session_ended"),
        _ => "",
    };
    page(&filled(&console, frame, &session, None, done).await?)
}

async fn filled(
    console: &Console,
    frame: Frame,
    session: &Session,
    trouble: Option<String>,
    done: &'static str,
) -> Result<AccountPage, Failure> {
    let operator = &session.operator;
    let sessions = console.access.sessions(Some(operator), console.options.lifetime()).await?;
    Ok(AccountPage {
        frame,
        roles: operator.roles.clone(),
        account: console.access.own_account(operator).await?,
        sessions: sessions.into_iter().map(|(open, _)| open).collect(),
        here: session.id.clone(),
        shortest: console.access.options().password.shortest,
        trouble,
        done,
    })
}

#[derive(Deserialize)]
struct Passwords {
    present: Secret,
    password: Secret,
    again: Secret,
}

async fn change_password(
    console: Data<Console>,
    frame: Frame,
    session: Session,
    caller: Caller,
    form: Form<Passwords>,
) -> Result<HttpResponse, Failure> {
    let Passwords { present, password, again } = form.into_inner();
    let (mut answer, trouble) = if password == again {
        let access = &console.access;
        match access.change_password(&session.operator, &session.id, present, password, &caller.0).await {
            Ok(()) => return Ok(go_to("/account?done=password")),
            Err(refused) => refuse(&frame, &refused)?,
        }
    } else {
        (HttpResponse::UnprocessableEntity(), frame.t("sign_in.not_the_same").to_owned())
    };
    let page = filled(&console, frame, &session, Some(trouble), "").await?;
    fill(&mut answer, &page)
}

#[derive(Template)]
#[template(path = "console/account/device.html")]
struct DevicePage {
    frame: Frame,
    picture: String,
    secret: String,
    trouble: Option<String>,
}

async fn device(
    console: &Console,
    frame: Frame,
    session: &Session,
    trouble: Option<String>,
) -> Result<DevicePage, Failure> {
    let proposal = match console.access.propose_device(&session.operator, &session.id).await {
        Ok(proposal) => proposal,
        Err(Refused::Store(error)) => return Err(error.into()),
        Err(_) => return Err(Failure::SignedOut),
    };
    let picture = picture(proposal.address.expose(), frame.t("sign_in.picture"))?;
    Ok(DevicePage { frame, picture, secret: legible(&proposal.secret), trouble })
}

async fn show_device(
    console: Data<Console>,
    frame: Frame,
    session: Session,
) -> Result<HttpResponse, Failure> {
    if !console.access.own_account(&session.operator).await?.has_password {
        return Err(Failure::NotFound);
    }
    page(&device(&console, frame, &session, None).await?)
}

#[derive(Deserialize)]
struct NewDevice {
    password: Secret,
    code: String,
}

async fn replace_device(
    console: Data<Console>,
    frame: Frame,
    session: Session,
    caller: Caller,
    form: Form<NewDevice>,
) -> Result<HttpResponse, Failure> {
    let NewDevice { password, code } = form.into_inner();
    let access = &console.access;
    match access.replace_device(&session.operator, &session.id, password, &code, &caller.0).await {
        Ok(codes) => page(&RecoveryCodesPage { frame, back: "/account".to_owned(), codes }),
        Err(Refused::Over) => Ok(go_to("/account/device")),
        Err(refused) => {
            let (mut answer, trouble) = refuse(&frame, &refused)?;
            let page = device(&console, frame, &session, Some(trouble)).await?;
            fill(&mut answer, &page)
        }
    }
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

async fn renew_recovery_codes(
    console: Data<Console>,
    frame: Frame,
    session: Session,
    caller: Caller,
    form: Form<Code>,
) -> Result<HttpResponse, Failure> {
    match console.access.renew_recovery_codes(&session.operator, &form.code, &caller.0).await {
        Ok(codes) => page(&RecoveryCodesPage { frame, back: "/account".to_owned(), codes }),
        Err(refused) => {
            let (mut answer, trouble) = refuse(&frame, &refused)?;
            let page = filled(&console, frame, &session, Some(trouble), "").await?;
            fill(&mut answer, &page)
        }
    }
}

/// One's own sessions; anybody's for whoever manages users.
async fn end_session(
    console: Data<Console>,
    session: Session,
    caller: Caller,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    let any = session.operator.may(Permission::ManageUsers);
    let by = By::operator(&session.operator, &caller.0);
    if !console.access.end_session(&id, any, by).await? {
        return Err(Failure::NotFound);
    }
    Ok(go_to(if any { "/users?done=session" } else { "/account?done=session" }))
}
