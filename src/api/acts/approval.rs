//! Approving an application, on the rules' terms or on others.

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use jiff::civil::Date;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::api::Api;
use crate::api::act::{self, Case, Parameters, Request, Stop};
use crate::api::body::Body;
use crate::api::caller::Caller;
use crate::api::guarantees::view::GuaranteeView;
use crate::api::problem::{Problem, ProblemBody};
use crate::api::scope::Scope;
use crate::api::texts::{Name, Number, Phrase};
use crate::api::values::{RateText, Yuan};
use crate::casework::decisions::content;
use crate::domain::Command;
use crate::domain::identity::{GuaranteeId, GuaranteeNumber};
use crate::institution::rules::Agreed;

/// The longest time after the bid validity, in days: ten years.
const MOST_DAYS: u32 = 3_650;

/// On which terms an application is approved. What is not given comes from the rules. Their limits of amount and premium
/// hold where they have to give a premium or a rate; whoever gives both has decided that already.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(examples(
    json!({}),
    json!({"guarantee_number": "BH20241203000001", "premium": "3200.00", "rate": "0.004",
           "validity": {"until": "2030-06-30"}}),
))]
pub struct Approval {
    /// The number to issue under (保函编号), one of its kind on the platform. The gateway numbers the guarantee if none is
    /// given.
    pub guarantee_number: Option<Number>,
    /// Above zero.
    pub premium: Option<Yuan>,
    /// Without a premium, the amount times this is the premium, rounded and raised as the rules say.
    pub rate: Option<RateText>,
    /// The organisation that issues (出单机构), where it is not the institution of the settings.
    pub issuer: Option<Name>,
    pub validity: Option<ApprovedValidity>,
}

/// How long the guarantee holds. Days are days in China.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApprovedValidity {
    /// The first day, where it is not the day of issue.
    pub from: Option<Date>,
    /// The last day.
    pub until: Option<Date>,
    /// Days after the end of bid validity, as the letter says them.
    #[schema(maximum = 3650)]
    pub days_after_bid_validity: Option<u32>,
}

impl Approval {
    /// What is approved; the body stands at `pointer`.
    ///
    /// # Errors
    /// When the rules have to give something and can't, another guarantee has the number, or it would cover nothing.
    pub(super) fn command(&self, case: &mut Case<'_>, pointer: &str) -> Result<Command, Stop> {
        let validity = self.validity.clone().unwrap_or_default();
        if validity.days_after_bid_validity.is_some_and(|days| days > MOST_DAYS) {
            let place = format!("{pointer}/validity/days_after_bid_validity");
            return Err(Problem::at(place, format!("expected at most {MOST_DAYS} days")).into());
        }
        let agreed = Agreed {
            number: self.guarantee_number.as_ref().map(|number| GuaranteeNumber::new(number.as_str())),
            premium: self.premium.map(|Yuan(premium)| premium),
            rate: self.rate.map(|RateText(rate)| rate),
            issuer: self.issuer.as_ref().map(Phrase::to_text),
            from: validity.from,
            until: validity.until,
            days_after_bid_validity: validity.days_after_bid_validity,
        };
        let terms = case.platform.rules.complete(agreed, case.guarantee, case.at);
        let terms = terms.map_err(|refusal| Problem::refused(&refusal))?;
        let number = &terms.guarantee_number;
        if self.guarantee_number.is_some() && !content::is_free(case.connection, case.guarantee, number)? {
            let place = format!("{pointer}/guarantee_number");
            return Err(
                Problem::unfit(place, "expected a number of its own, found another guarantee's").into()
            );
        }
        content::expect_cover(&terms.validity, case.at)
            .map_err(|misfit| Problem::unfit(format!("{pointer}/validity/until"), misfit.detail))?;
        Ok(Command::Approve { terms })
    }
}

/// Approve the application
///
/// The premium is due then.
#[utoipa::path(
    post,
    path = "/api/v1/guarantees/{id}/approval",
    tag = "acts",
    operation_id = "approve",
    params(Parameters),
    request_body = Approval,
    responses(
        (status = 200, body = GuaranteeView, headers(("ETag" = String, description = "The version"))),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["underwrite"]))
)]
pub(in crate::api) async fn post(
    request: HttpRequest,
    api: Data<Api>,
    caller: Caller,
    id: Path<String>,
    body: Body<Approval>,
) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Underwrite)?;
    let request = Request::read(&request, &caller, &body.bytes)?;
    act::on_guarantee(&api, request, GuaranteeId::new(id.into_inner()), move |case| {
        Ok(vec![body.value.command(case, "")?])
    })
    .await
}
