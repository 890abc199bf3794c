//! One user: what is known, sessions, and what may be done.

use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;

use super::{roles_of, state};
use crate::access::sessions::Open;
use crate::access::{Permission, Role};
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::store::users::Listed;

#[derive(Template)]
#[template(path = "console/users/one.html")]
pub(super) struct OnePage {
    frame: Frame,
    listed: Listed,
    sessions: Vec<Open>,
    trouble: Option<String>,
}

impl OnePage {
    fn all(&self) -> [Role; 5] {
        Role::ALL
    }

    fn roles(&self) -> Vec<Role> {
        roles_of(&self.listed)
    }

    fn state(&self) -> (&'static str, &'static str) {
        state(&self.frame, &self.listed)
    }

    /// Whether this is somebody else, whom the person at work manages.
    fn may_manage(&self) -> bool {
        let own = self.frame.session.as_ref().is_some_and(|session| session.operator.id == self.listed.id);
        self.frame.may(Permission::ManageUsers) && !own && self.listed.user.is_some()
    }

    fn is_local(&self) -> bool {
        self.listed.user.as_ref().is_some_and(|user| user.identity.is_none())
    }

    fn is_disabled(&self) -> bool {
        self.listed.user.as_ref().is_some_and(|user| user.disabled_at.is_some())
    }

    fn is_locked(&self) -> bool {
        self.listed.lock.until.is_some_and(|until| until > self.frame.now)
    }

    fn has_second_factor(&self) -> bool {
        self.listed.user.as_ref().is_some_and(|user| user.second_factor.is_some())
    }
}

pub(super) async fn show(
    console: Data<Console>,
    frame: Frame,
    id: Path<String>,
) -> Result<HttpResponse, Failure> {
    page(&filled(&console, frame, &id, None).await?)
}

pub(super) async fn filled(
    console: &Console,
    frame: Frame,
    id: &str,
    trouble: Option<String>,
) -> Result<OnePage, Failure> {
    let users = console.access.users().await?;
    let listed = users.into_iter().find(|listed| listed.id == id).ok_or(Failure::NotFound)?;
    let sessions = console.access.sessions(None, console.options.lifetime()).await?;
    let sessions = sessions.into_iter().map(|(open, _)| open).filter(|open| open.user == id).collect();
    Ok(OnePage { frame, listed, sessions, trouble })
}
