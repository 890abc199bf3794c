//! Endpoints for a person with curl, on the platform's own port: look at the journal, make the platform act, set faults.

use actix_web::web::{self, Data, Json, Path, Query, ServiceConfig};
use actix_web::{HttpResponse, http::StatusCode};
use serde::Deserialize;
use serde_json::json;

use super::Play;
use super::answer::Answer;
use super::faults::Fault;
use super::play::Acted;

const GENERAL: &str = "\
GET  /journal[?applyno=A&since=N]           exchanges, oldest first
GET  /deliveries                            what has arrived, for each application
GET  /deliveries/{applyno}
GET  /letters/{applyno}/{name}              a document that was accepted
GET  /faults                                the fault script in force
PUT  /faults                                a new one: [{\"interface\":\"baohannotice\",\"nth\":3,\"act\":\"reset\"}]
POST /acts/apply[?count=N]                  push made-up applications
POST /acts/open                             open all sections
POST /acts/duplicate/{applyno}/{interface}  the last push again
POST /acts/conflict/{applyno}/{interface}   the last push with other content
";

/// The control routes; none of them begins like the interfaces of a specification.
pub fn routes<P: Play>(config: &mut ServiceConfig) {
    config
        .route("/", web::get().to(help::<P>))
        .route("/journal", web::get().to(journal::<P>))
        .route("/deliveries", web::get().to(deliveries::<P>))
        .route("/deliveries/{applyno}", web::get().to(delivery::<P>))
        .route("/letters/{applyno}/{name}", web::get().to(letter::<P>))
        .route("/faults", web::get().to(faults::<P>))
        .route("/faults", web::put().to(set_faults::<P>))
        .route("/acts/apply", web::post().to(apply::<P>))
        .route("/acts/open", web::post().to(open::<P>))
        .route("/acts/{act}/{applyno}", web::post().to(act::<P>))
        .route("/acts/{act}/{applyno}/{interface}", web::post().to(push_again::<P>));
}

async fn help<P: Play>(platform: Data<P>) -> String {
    format!("{}\n{GENERAL}", platform.help())
}

#[derive(Deserialize)]
struct Selection {
    applyno: Option<String>,
    #[serde(default)]
    since: u64,
}

async fn journal<P: Play>(platform: Data<P>, selection: Query<Selection>) -> HttpResponse {
    let mut exchanges = platform.desk().journal.since(selection.since);
    if let Some(applyno) = &selection.applyno {
        exchanges.retain(|exchange| exchange.applyno.as_ref() == Some(applyno));
    }
    let exchanges: Vec<_> = exchanges.iter().map(AsRef::as_ref).collect();
    HttpResponse::Ok().json(exchanges)
}

async fn deliveries<P: Play>(platform: Data<P>) -> HttpResponse {
    HttpResponse::Ok().json(platform.arrived(None))
}

async fn delivery<P: Play>(platform: Data<P>, applyno: Path<String>) -> HttpResponse {
    match platform.arrived(Some(applyno.as_str())) {
        Some(delivery) => HttpResponse::Ok().json(delivery),
        None => {
            failure(StatusCode::NOT_FOUND, &format!("`{applyno}` is not an application of this platform"))
        }
    }
}

async fn letter<P: Play>(platform: Data<P>, path: Path<(String, String)>) -> HttpResponse {
    let (applyno, name) = path.into_inner();
    match platform.document(&applyno, &name) {
        Some(document) => HttpResponse::Ok().content_type("application/octet-stream").body(document),
        None => failure(StatusCode::NOT_FOUND, &format!("no {name} letter of `{applyno}` has been accepted")),
    }
}

async fn faults<P: Play>(platform: Data<P>) -> HttpResponse {
    HttpResponse::Ok().json(platform.desk().faults.script())
}

async fn set_faults<P: Play>(platform: Data<P>, script: Json<Vec<Fault>>) -> HttpResponse {
    platform.desk().faults.set(script.into_inner());
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

async fn apply<P: Play>(platform: Data<P>, count: Query<Count>) -> HttpResponse {
    all(platform.apply_many(count.count).await)
}

async fn open<P: Play>(platform: Data<P>) -> HttpResponse {
    all(platform.open_all().await)
}

async fn act<P: Play>(platform: Data<P>, path: Path<(String, String)>) -> HttpResponse {
    let (act, applyno) = path.into_inner();
    match platform.act(&act, &applyno).await {
        Some(Ok(done)) => HttpResponse::Ok().json(done),
        Some(Err(error)) => failure(StatusCode::BAD_GATEWAY, &format!("{error:#}")),
        None => failure(StatusCode::NOT_FOUND, &format!("unknown act `{act}`; GET / lists them")),
    }
}

async fn push_again<P: Play>(platform: Data<P>, path: Path<(String, String, String)>) -> HttpResponse {
    let (act, applyno, interface) = path.into_inner();
    let changed = match act.as_str() {
        "duplicate" => false,
        "conflict" => true,
        _ => return failure(StatusCode::NOT_FOUND, &format!("unknown act `{act}`; GET / lists them")),
    };
    one_answer(platform.push_again(&applyno, &interface, changed).await)
}

fn one_answer(answer: anyhow::Result<Answer>) -> HttpResponse {
    match answer {
        Ok(answer) => HttpResponse::Ok().json(answer),
        Err(error) => failure(StatusCode::BAD_GATEWAY, &format!("{error:#}")),
    }
}

fn all(answers: Vec<Acted>) -> HttpResponse {
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
