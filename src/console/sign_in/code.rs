//! The second step: a one-time code, or a recovery code.

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;

use super::step::{Step, StepForm};
use super::{Back, Caller, Console, Failure, Frame, SIGN_IN, admit, fill, go_to, own_place, page, refuse};
use crate::access::sign_in::Refused;
use crate::store::sessions::Stage;

#[derive(Template)]
#[template(path = "console/sign_in/code.html")]
struct CodePage {
    frame: Frame,
    back: String,
    step_token: String,
    trouble: Option<String>,
}

pub(super) async fn show(
    console: Data<Console>,
    frame: Frame,
    step: Step,
    query: Query<Back>,
) -> Result<HttpResponse, Failure> {
    if console.access.halfway(&step.0, Stage::Code).await?.is_none() {
        return Ok(go_to(SIGN_IN));
    }
    let back = own_place(&query.back).to_owned();
    page(&CodePage { frame, back, step_token: step.0.form_token(), trouble: None })
}

pub(super) async fn send(
    console: Data<Console>,
    frame: Frame,
    caller: Caller,
    mut form: StepForm,
) -> Result<HttpResponse, Failure> {
    let (code, back) = (form.take("code"), form.take("back"));
    let back = own_place(&back).to_owned();
    match console.access.with_code(&form.token, &code, &caller.0).await {
        Ok(admitted) => Ok(admit(&console, &admitted, &back)),
        Err(Refused::Over) => Ok(go_to(SIGN_IN)),
        Err(refused) => {
            let (mut answer, trouble) = refuse(&frame, &refused)?;
            let step_token = form.token.form_token();
            fill(&mut answer, &CodePage { frame, back, step_token, trouble: Some(trouble) })
        }
    }
}
