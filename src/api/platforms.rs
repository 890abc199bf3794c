//! The platforms that the gateway serves, and what each can ask and be told.

use actix_web::HttpResponse;
use actix_web::web::Data;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::caller::Caller;
use super::problem::{Problem, ProblemBody};
use super::scope::Scope;
use super::values::words;
use crate::dialect::Profile;
use crate::domain::product::{LetterFormat, Product};
use crate::domain::section::Secrecy;
use crate::store::{Connection, pauses, reach};

/// A platform (平台).
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Platform)]
pub struct PlatformView {
    /// Its id in the settings.
    id: String,
    /// 平台名称
    title: String,
    /// The table that says how it speaks (接口规范).
    dialect: String,
    /// `bid-bond` 投标保函, `advance-payment` 预付款保函
    #[schema(schema_with = products)]
    product: &'static str,
    /// Until when the institution may not read section and beneficiary (保密要求).
    #[schema(schema_with = secrecies)]
    secrecy: &'static str,
    /// 保函文件格式
    #[schema(schema_with = formats)]
    letter_format: &'static str,
    /// Minutes from the key's arrival to the delivery of the plaintext letter (还原时限); null where nothing is secret.
    restoration_minutes: Option<u32>,
    /// Whether it asks for the applicants' papers and contacts (是否索取投标人资料).
    asks_for_dossiers: bool,
    /// Whether it can be asked which tender sections have become abnormal (是否提供标段异常查询).
    reports_sections: bool,
    /// Since when it can't be reached (中断起始时间); null while it can, as far as is known.
    unreachable_since: Option<Timestamp>,
    /// Since when people have stopped sending to it (暂停发送起始时间); null while it is sent to. What it pushes is accepted all
    /// the same, and acts are carried out: what they tell it waits.
    paused_since: Option<Timestamp>,
    /// What it asks of the institution (平台推送): `apply`, `restore`, `request-invoice`, `request-surrender`, `cancel`,
    /// `claim`, `waive`, `withdraw` and others.
    #[schema(example = json!(["apply", "restore", "request-surrender", "claim"]))]
    asks: Vec<&'static str>,
    /// What it can be told or asked (可通知事项): `application-result`, `application-status`, `surrender-result`,
    /// `claim-result`, `invoice-result`, `cancellation-result`, `waiver-request` and others. An act that it can not be
    /// told is carried out in the gateway alone.
    #[schema(example = json!(["application-result", "surrender-result", "claim-result"]))]
    told: Vec<&'static str>,
}

/// All platforms.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PlatformList {
    /// In order of their ids.
    items: Vec<PlatformView>,
}

/// The platforms that the gateway serves
#[utoipa::path(
    get,
    path = "/api/v1/platforms",
    tag = "platforms",
    operation_id = "listPlatforms",
    responses(
        (status = 200, body = PlatformList),
        (status = "default", body = ProblemBody, content_type = "application/problem+json"),
    ),
    security(("key" = ["read"]))
)]
pub(super) async fn get(api: Data<Api>, caller: Caller) -> Result<HttpResponse, Problem> {
    caller.require(Scope::Read)?;
    let read = |connection: &mut Connection| Ok((reach::unreachable(connection)?, pauses::open(connection)?));
    let (lost, paused) = api.store.read(read).await?;
    let items = api.platforms.iter().map(|platform| {
        let id = platform.profile.id();
        PlatformView {
            unreachable_since: lost.iter().find(|(lost, _)| lost == id).map(|(_, since)| *since),
            paused_since: paused.iter().find(|pause| pause.platform == *id).map(|pause| pause.since),
            ..PlatformView::of(&platform.profile)
        }
    });
    let items = items.collect();
    Ok(HttpResponse::Ok().json(PlatformList { items }))
}

impl PlatformView {
    /// As its table and the settings say, which know nothing of how it stands.
    fn of(profile: &Profile) -> Self {
        let secret = profile.secrecy() == Secrecy::UntilOpening;
        Self {
            id: profile.id().to_string(),
            title: profile.title().to_owned(),
            dialect: profile.dialect().to_owned(),
            product: profile.product().name(),
            secrecy: profile.secrecy().name(),
            letter_format: profile.letter_format().name(),
            restoration_minutes: secret.then(|| profile.restoration_minutes()),
            asks_for_dossiers: profile.asks_for_dossiers(),
            reports_sections: profile.reports_sections(),
            unreachable_since: None,
            paused_since: None,
            asks: profile.inbound().map(|interface| interface.does.name()).collect(),
            told: profile.outbound().map(|(interface, _)| interface.does.name()).collect(),
        }
    }
}

fn products() -> utoipa::openapi::schema::ObjectBuilder {
    words(Product::ALL.map(Product::name))
}

fn secrecies() -> utoipa::openapi::schema::ObjectBuilder {
    words(Secrecy::ALL.map(Secrecy::name))
}

fn formats() -> utoipa::openapi::schema::ObjectBuilder {
    words(LetterFormat::ALL.map(LetterFormat::name))
}
