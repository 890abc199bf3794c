//! All users, and who is signed in.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;

use super::{roles_of, state};
use crate::access::sessions::Open;
use crate::access::{Permission, Role};
use crate::console::account::Done;
use crate::console::frame::Frame;
use crate::console::page::page;
use crate::console::{Console, Failure};
use crate::store::users::Listed;

#[derive(Template)]
#[template(path = "console/users/list.html")]
struct ListPage {
    frame: Frame,
    users: Vec<Listed>,
    /// With the users' names.
    sessions: Vec<(Open, String)>,
    done: &'static str,
}

impl ListPage {
    fn roles(&self, listed: &Listed) -> Vec<Role> {
        roles_of(listed)
    }

    fn state(&self, listed: &Listed) -> (&'static str, &'static str) {
        state(&self.frame, listed)
    }

    fn may_manage(&self) -> bool {
        self.frame.may(Permission::ManageUsers)
    }
}

pub(super) async fn show(
    console: Data<Console>,
    frame: Frame,
    query: Query<Done>,
) -> Result<HttpResponse, Failure> {
    let users = console.access.users().await?;
    let sessions = console.access.sessions(None, console.options.lifetime()).await?;
    let done = if query.done == "session" { frame.t("account.session_ended") } else { "" };
    page(&ListPage { frame, users, sessions, done })
}
