//! The step of somebody whose password another person made: one of their own.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;

use super::step::{Step, StepForm};
use super::{Back, Caller, Console, Failure, Frame, SIGN_IN, admit, fill, go_to, own_place, page, refuse};
use crate::access::sign_in::Refused;
use crate::secret::Secret;
use crate::store::sessions::Stage;

#[derive(Template)]
#[template(path = "console/sign_in/new_password.html")]
struct NewPasswordPage {
    frame: Frame,
    back: String,
    step_token: String,
    name: String,
    shortest: usize,
    trouble: Option<String>,
}

impl NewPasswordPage {
    fn rule(&self) -> String {
        self.frame.say("sign_in.password_rule", &[("shortest", &self.shortest.to_string())])
    }
}

pub(super) async fn show(
    console: Data<Console>,
    frame: Frame,
    step: Step,
    query: Query<Back>,
) -> Result<HttpResponse, Failure> {
    let Some(name) = console.access.halfway(&step.0, Stage::NewPassword).await? else {
        return Ok(go_to(SIGN_IN));
    };
    let (back, shortest) = (own_place(&query.back).to_owned(), console.access.options().password.shortest);
    page(&NewPasswordPage { frame, back, step_token: step.0.form_token(), name, shortest, trouble: None })
}

pub(super) async fn send(
    console: Data<Console>,
    frame: Frame,
    caller: Caller,
    mut form: StepForm,
) -> Result<HttpResponse, Failure> {
    let (password, again) = (Secret::new(form.take("password")), Secret::new(form.take("again")));
    let (back, name) = (form.take("back"), form.take("name"));
    let back = own_place(&back).to_owned();
    let (mut answer, trouble) = if password == again {
        match console.access.with_new_password(&form.token, password, &caller.0).await {
            Ok(admitted) => return Ok(admit(&console, &admitted, &back)),
            Err(Refused::Over) => return Ok(go_to(SIGN_IN)),
            Err(refused) => refuse(&frame, &refused)?,
        }
    } else {
        (HttpResponse::UnprocessableEntity(), frame.t("sign_in.not_the_same").to_owned())
    };
    let (step_token, shortest) = (form.token.form_token(), console.access.options().password.shortest);
    let page = NewPasswordPage { frame, back, step_token, name, shortest, trouble: Some(trouble) };
    fill(&mut answer, &page)
}
