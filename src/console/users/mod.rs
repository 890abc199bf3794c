//! The people who may sign in, as whoever administers them keeps them and whoever audits sees them.

mod acts;
mod list;
mod new;
mod one;
mod takeaway;

use actix_web::HttpResponse;
use askama::Template;

use super::frame::Frame;
use super::{Failure, Need, Route};
use crate::access::accounts::{AccountError, InitialPassword};
use crate::access::separation::Conflict;
use crate::access::{Permission, Role};
use crate::store::users::Listed;

pub(super) fn routes() -> Vec<Route> {
    let see = Need::Permission(Permission::SeeUsers);
    let manage = Need::Permission(Permission::ManageUsers);
    vec![
        Route::get("/users", see, list::show),
        Route::get("/users/export", see, takeaway::get),
        Route::get("/users/new", manage, new::show),
        Route::post("/users", manage, new::send),
        Route::get("/users/{id}", see, one::show),
        Route::post("/users/{id}/roles", manage, acts::set_roles),
        Route::post("/users/{id}/disable", manage, acts::disable),
        Route::post("/users/{id}/enable", manage, acts::enable),
        Route::post("/users/{id}/password", manage, acts::reset_password),
        Route::post("/users/{id}/second-factor", manage, acts::reset_second_factor),
    ]
}

/// A password that somebody is to be given, shown this once.
#[derive(Template)]
#[template(path = "console/users/password.html")]
struct PasswordPage {
    frame: Frame,
    name: String,
    initial: InitialPassword,
}

impl PasswordPage {
    fn hint(&self) -> String {
        self.frame.say("users.password_hint", &[("until", &self.frame.time(&self.initial.until))])
    }
}

/// The state of an account: the word, and the class of its badge.
fn state(frame: &Frame, listed: &Listed) -> (&'static str, &'static str) {
    let Some(user) = &listed.user else { return (frame.t("users.changed_by_hand"), "badge-bad") };
    if user.disabled_at.is_some() {
        (frame.t("users.disabled"), "badge-idle")
    } else if listed.lock.until.is_some_and(|until| until > frame.now) {
        (frame.t("users.locked"), "badge-bad")
    } else if user.initial_until.is_some_and(|until| until <= frame.now) {
        (frame.t("users.late"), "badge-warn")
    } else if user.initial_until.is_some() {
        (frame.t("users.invited"), "badge-warn")
    } else {
        (frame.t("users.active"), "badge-good")
    }
}

fn roles_of(listed: &Listed) -> Vec<Role> {
    let roles = listed.user.as_ref().map(|user| user.roles.as_slice()).unwrap_or_default();
    roles.iter().filter_map(|name| name.parse().ok()).collect()
}

/// What a form's boxes for roles say: the fields `role`, of which there may be several.
fn roles_in(fields: &[(String, String)]) -> Vec<Role> {
    let chosen = fields.iter().filter(|(name, _)| name == "role");
    chosen.filter_map(|(_, value)| value.parse().ok()).collect()
}

/// Why an account stays as it is, for the person.
///
/// # Errors
/// Where there is another page for it.
fn why(frame: &Frame, error: AccountError) -> Result<String, Failure> {
    let key = match error {
        AccountError::Name(_) => "users.unfit_name",
        AccountError::Taken(_) => "users.taken",
        AccountError::Unknown(_) => return Err(Failure::NotFound),
        AccountError::Roles(Conflict::NoRole) => "users.no_role",
        AccountError::Roles(Conflict::Administrator) => "users.administrator_alone",
        AccountError::Roles(Conflict::Auditor) => "users.auditor_alone",
        AccountError::Roles(Conflict::MakerAndChecker) => "users.maker_and_checker",
        AccountError::Own => "users.own",
        AccountError::LastAdministrator => "users.last_administrator",
        AccountError::FromProvider => "users.from_provider",
        AccountError::NoPassword => "users.no_password",
        AccountError::Crowded => return Err(Failure::Busy),
        AccountError::Store(error) => return Err(error.into()),
    };
    Ok(frame.t(key).to_owned())
}

/// The page that shows a password.
fn shown(frame: Frame, name: String, initial: InitialPassword) -> Result<HttpResponse, Failure> {
    super::page::page(&PasswordPage { frame, name, initial })
}
