//! The step of somebody who has no device for one-time codes yet: a picture for it, its first code, and recovery codes.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;

use super::picture::picture;
use super::step::{Step, StepForm};
use super::{
    Back, Caller, Console, Failure, Frame, SIGN_IN, add_cookies, cookies_of, fill, go_to, home, own_place,
    page, refuse,
};
use crate::access::second_factor::Proposal;
use crate::access::sign_in::Refused;
use crate::secret::Secret;

#[derive(Template)]
#[template(path = "console/sign_in/enrolment.html")]
struct EnrolmentPage {
    frame: Frame,
    back: String,
    step_token: String,
    picture: String,
    secret: String,
    trouble: Option<String>,
}

/// Recovery codes, which are shown this once.
#[derive(Template)]
#[template(path = "console/sign_in/recovery_codes.html")]
pub(in crate::console) struct RecoveryCodesPage {
    pub frame: Frame,
    pub back: String,
    pub codes: Vec<Secret>,
}

/// The device's secret in groups of four, as people type it.
pub(in crate::console) fn legible(secret: &Secret) -> String {
    let letters: Vec<char> = secret.expose().chars().collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

fn filled(
    frame: Frame,
    back: &str,
    step_token: String,
    proposal: &Proposal,
    trouble: Option<String>,
) -> Result<EnrolmentPage, Failure> {
    let picture = picture(proposal.address.expose(), frame.t("sign_in.picture"))?;
    let (back, secret) = (back.to_owned(), legible(&proposal.secret));
    Ok(EnrolmentPage { frame, back, step_token, picture, secret, trouble })
}

pub(super) async fn show(
    console: Data<Console>,
    frame: Frame,
    step: Step,
    query: Query<Back>,
) -> Result<HttpResponse, Failure> {
    match console.access.enrolment(&step.0).await {
        Ok(proposal) => page(&filled(frame, own_place(&query.back), step.0.form_token(), &proposal, None)?),
        Err(Refused::Store(error)) => Err(error.into()),
        Err(_) => Ok(go_to(SIGN_IN)),
    }
}

pub(super) async fn send(
    console: Data<Console>,
    frame: Frame,
    caller: Caller,
    mut form: StepForm,
) -> Result<HttpResponse, Failure> {
    let (code, back) = (form.take("code"), form.take("back"));
    let back = own_place(&back).to_owned();
    match console.access.enrol(&form.token, &code, &caller.0).await {
        Ok((admitted, codes)) => {
            let back = if back == "/" { home(&admitted.roles).to_owned() } else { back };
            let mut answer = page(&RecoveryCodesPage { frame, back, codes })?;
            add_cookies(&mut answer, cookies_of(&console, &admitted));
            Ok(answer)
        }
        Err(Refused::Over) => Ok(go_to(SIGN_IN)),
        Err(refused) => {
            let (mut answer, trouble) = refuse(&frame, &refused)?;
            let Ok(proposal) = console.access.enrolment(&form.token).await else { return Ok(go_to(SIGN_IN)) };
            let page = filled(frame, &back, form.token.form_token(), &proposal, Some(trouble))?;
            fill(&mut answer, &page)
        }
    }
}
