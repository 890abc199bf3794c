//! Endpoints for a person with curl, on the platform's own port: look at the journal, make the platform act, set faults.

use actix_web::web::{self, Data, Json, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, http::StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::acts::Answer;
use super::faults::Fault;
use super::{Letter, Platform};

const HELP: &str = "\
sandboxed Hainan platform

GET  /journal[?applyno=A&since=N]           exchanges, oldest first
GET  /deliveries                            what has arrived, for each application
GET  /deliveries/{applyno}
GET  /letters/{applyno}/{ciphertext|plaintext}   the OFD
POST /acts/apply[?count=N]                  push made-up applications (A.1)
POST /acts/open                             open all sections: push the keys (A.6)
POST /acts/restore/{applyno}                push one key (A.6)
POST /acts/wrong-key/{applyno}              push a wrong key (A.6)
POST /acts/invoice/{applyno}                ask for an ordinary invoice (A.7)
POST /acts/special-invoice/{applyno}        ask for a special invoice (A.7)
POST /acts/surrender/{applyno}              A.9
POST /acts/cancel/{applyno}                 A.11
POST /acts/claim/{applyno}                  A.12
POST /acts/waive/{applyno}                  A.14
POST /acts/duplicate/{applyno}/{interface}  the last push again
POST /acts/conflict/{applyno}/{interface}   the last push with other content
GET  /faults                                the fault script in force
PUT  /faults                                a new one: [{\"interface\":\"uploadbaohanfile\",\"nth\":3,\"act\":\"reset\"}]
";

/// The control routes; none of them begins like the interfaces of the specification.
pub fn routes(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(async || HELP))
        .route("/journal", web::get().to(journal))
        .route("/deliveries", web::get().to(async |platform: Data<Platform>| Json(platform.deliveries())))
        .route("/deliveries/{applyno}", web::get().to(delivery))
        .route("/letters/{applyno}/{letter}", web::get().to(letter))
        .route("/faults", web::get().to(async |platform: Data<Platform>| Json(platform.faults.script())))
        .route("/faults", web::put().to(set_faults))
        .route("/acts/apply", web::post().to(apply))
        .route("/acts/open", web::post().to(open))
        .route("/acts/{act}/{applyno}", web::post().to(act))
        .route("/acts/{act}/{applyno}/{interface}", web::post().to(push_again));
}

#[derive(Deserialize)]
struct Selection {
    applyno: Option<String>,
    #[serde(default)]
    since: u64,
}

async fn journal(platform: Data<Platform>, selection: Query<Selection>) -> HttpResponse {
    let mut exchanges = platform.journal.since(selection.since);
    if let Some(applyno) = &selection.applyno {
        exchanges.retain(|exchange| exchange.applyno.as_ref() == Some(applyno));
    }
    let exchanges: Vec<_> = exchanges.iter().map(AsRef::as_ref).collect();
    HttpResponse::Ok().json(exchanges)
}

async fn delivery(platform: Data<Platform>, applyno: Path<String>) -> HttpResponse {
    match platform.delivery(&applyno) {
        Some(delivery) => HttpResponse::Ok().json(delivery),
        None => {
            failure(StatusCode::NOT_FOUND, &format!("`{applyno}` is not an application of this platform"))
        }
    }
}

async fn letter(platform: Data<Platform>, path: Path<(String, String)>) -> HttpResponse {
    let (applyno, name) = path.into_inner();
    let accepted = platform.delivery(&applyno).and_then(|delivery| {
        if name == Letter::Plaintext.name() { delivery.plaintext } else { delivery.ciphertext }
    });
    match accepted {
        Some(accepted) => HttpResponse::Ok().content_type("application/ofd").body(accepted.document.to_vec()),
        None => failure(StatusCode::NOT_FOUND, &format!("no {name} letter of `{applyno}` has been accepted")),
    }
}

async fn set_faults(platform: Data<Platform>, script: Json<Vec<Fault>>) -> HttpResponse {
    platform.script(script.into_inner());
    HttpResponse::NoContent().finish()
}

#[derive(Deserialize)]
struct Count {
    #[serde(default = "one")]
    count: u32,
}

fn one() -> u32 {
    1
}

async fn apply(platform: Data<Platform>, count: Query<Count>) -> HttpResponse {
    all(platform.apply_many(count.count).await)
}

async fn open(platform: Data<Platform>) -> HttpResponse {
    all(platform.open_section().await)
}

async fn act(platform: Data<Platform>, path: Path<(String, String)>) -> HttpResponse {
    let (act, applyno) = path.into_inner();
    one_answer(match act.as_str() {
        "restore" => platform.restore(&applyno).await,
        "wrong-key" => platform.restore_with_wrong_key(&applyno).await,
        "invoice" => platform.invoice(&applyno, "0").await,
        "special-invoice" => platform.invoice(&applyno, "1").await,
        "surrender" => platform.surrender(&applyno).await,
        "cancel" => platform.cancel(&applyno).await,
        "claim" => platform.claim(&applyno).await,
        "waive" => platform.waive(&applyno).await,
        _ => return failure(StatusCode::NOT_FOUND, &format!("unknown act `{act}`; GET / lists them")),
    })
}

async fn push_again(platform: Data<Platform>, path: Path<(String, String, String)>) -> HttpResponse {
    let (act, applyno, interface) = path.into_inner();
    one_answer(match act.as_str() {
        "duplicate" => platform.duplicate(&applyno, &interface).await,
        "conflict" => platform.conflict(&applyno, &interface).await,
        _ => return failure(StatusCode::NOT_FOUND, &format!("unknown act `{act}`; GET / lists them")),
    })
}

fn one_answer(answer: anyhow::Result<Answer>) -> HttpResponse {
    match answer {
        Ok(answer) => HttpResponse::Ok().json(answer),
        Err(error) => failure(StatusCode::BAD_GATEWAY, &format!("{error:#}")),
    }
}

fn all(answers: Vec<(String, anyhow::Result<Answer>)>) -> HttpResponse {
    let answers: Vec<_> = answers
        .into_iter()
        .map(|(applyno, answer)| match answer {
            Ok(answer) => json!({ "applyno": applyno, "answer": answer }),
            Err(error) => json!({ "applyno": applyno, "error": format!("{error:#}") }),
        })
        .collect();
    HttpResponse::Ok().json(answers)
}

fn failure(status: StatusCode, error: &str) -> HttpResponse {
    HttpResponse::build(status).json(json!({ "error": error }))
}
