//! A hand-made institution for the tests of all platforms: it takes pushes, says what it is told to, has files to be
//! downloaded, and makes calls and letters with libsm only.

mod letters;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Path, Query, get, post};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use serde_json::Value;

pub use letters::{
    MAKER, SIGNER, Seal, ciphertext_lines, merged_lines, ofd_with, plaintext_lines, sealed_ofd,
    unsealed_files, zipped,
};

use super::message::Outgoing;
use super::tender::{Application, Sandbox, SandboxOptions, Specification};
use super::{HAINAN, Moment, Play, digest};
use crate::clock;

pub const APPKEY: &str = "HN_DEMO_0001";
pub const SECRET: &str = "6f1d2c9a-hn-demo-secret";

/// A platform, and the institution on the other side of it.
pub struct Scene {
    pub sandbox: Sandbox,
    pub options: SandboxOptions,
    pub institution: Arc<Institution>,
    pub client: reqwest::Client,
}

/// What the institution has got, and what it answers.
#[derive(Default)]
pub struct Institution {
    pushes: Mutex<Vec<Push>>,
    answers: Mutex<BTreeMap<&'static str, Responder>>,
    files: Mutex<BTreeMap<String, Vec<u8>>>,
}

/// Makes an answer, status and body, from a push.
type Responder = Arc<dyn Fn(&Value) -> (u16, String) + Send + Sync>;

/// A push as it came.
#[derive(Clone)]
pub struct Push {
    pub interface: String,
    pub form: bool,
    /// The JSON's own text.
    pub text: String,
    pub body: Value,
}

impl Institution {
    /// A text that is on offer.
    pub fn file(&self, name: &str) -> String {
        String::from_utf8(self.files.lock().unwrap()[name].clone()).unwrap()
    }
}

impl Scene {
    /// In Hainan.
    pub async fn new() -> Self {
        Self::with(|options| options.wire.index_base = 0).await
    }

    /// In Hainan, with slices counted from 0 and other changes.
    pub async fn with(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        Self::of(&HAINAN, |options| {
            options.wire.index_base = 0;
            change(options);
        })
        .await
    }

    /// On the platform of a specification.
    pub async fn of(specification: &'static Specification, change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let institution: Arc<Institution> = Arc::default();
        let data = Data::from(Arc::clone(&institution));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/files/{name}", get().to(file))
                .route("/{interface}", post().to(take))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let gateway = format!("http://{}", server.addrs()[0]);
        drop(crate::supervise::spawn("institution", server.run()));
        let mut options = SandboxOptions::of(specification, gateway, APPKEY, SECRET);
        change(&mut options);
        let sandbox = Sandbox::start(options.clone()).await.unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sandbox, options, institution, client }
    }

    /// Each push in order.
    pub fn pushes(&self) -> Vec<Push> {
        self.institution.pushes.lock().unwrap().clone()
    }

    /// What the institution answers to pushes of an interface from now on.
    pub fn answer(&self, interface: &'static str, status: u16, body: impl Into<String>) {
        let body = body.into();
        self.respond(interface, move |_| (status, body.clone()));
    }

    /// How the institution answers to pushes of an interface from now on.
    pub fn respond(
        &self,
        interface: &'static str,
        responder: impl Fn(&Value) -> (u16, String) + Send + Sync + 'static,
    ) {
        self.institution.answers.lock().unwrap().insert(interface, Arc::new(responder));
    }

    /// The platform lives through a whole life, while the institution reacts to each push.
    pub async fn live(&self, react: impl AsyncFn(&Push)) -> anyhow::Result<Vec<Moment>> {
        let reactions = async {
            let mut changes = self.sandbox.journal().watch();
            let mut seen = 0;
            loop {
                changes.mark_unchanged();
                for push in self.pushes().iter().skip(seen) {
                    seen += 1;
                    react(push).await;
                }
                changes.changed().await.unwrap();
            }
        };
        tokio::select! {
            lived = self.sandbox.live(Duration::from_secs(30)) => lived,
            () = reactions => unreachable!(),
        }
    }

    /// Offers a file for download; gives its address.
    pub fn offer(&self, name: &str, bytes: impl Into<Vec<u8>>) -> String {
        self.institution.files.lock().unwrap().insert(name.to_owned(), bytes.into());
        format!("{}/files/{name}", self.options.gateway)
    }

    /// One application that the institution has approved under the number [`number`].
    pub async fn approved(&self) -> Application {
        let application = self.applied().await;
        let answer = self.notice(&application).await;
        assert_eq!(answer["code"], "1", "{answer}");
        application
    }

    pub async fn applied(&self) -> Application {
        let (applyno, answer) = self.sandbox.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        self.sandbox.application(&applyno).unwrap()
    }

    pub async fn notice(&self, application: &Application) -> Value {
        self.call("baohannotice", &notice(application)).await
    }

    /// Adds what every message has, signs, and gives the platform's answer.
    pub async fn call(&self, interface: &str, fields: &[(&str, String)]) -> Value {
        let response = self.request(interface, fields).send().await.unwrap();
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    pub fn request(&self, interface: &str, fields: &[(&str, String)]) -> reqwest::RequestBuilder {
        let mut message = vec![
            ("appkey".to_owned(), APPKEY.to_owned()),
            ("timestamp".to_owned(), clock::to_wire(self.options.clock.now())),
        ];
        message.extend(fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        let sign = digest::sign(message.iter().map(|(name, value)| (name.as_str(), value.as_str())), SECRET);
        message.push(("sign".to_owned(), sign));
        let body = Outgoing { fields: &message, numbers: &[] };
        self.raw(interface, serde_json::to_vec(&body).unwrap())
    }

    pub fn raw(&self, interface: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.client.post(format!("{}/{interface}", self.sandbox.url())).body(body)
    }
}

async fn take(
    request: HttpRequest,
    path: Path<String>,
    body: Bytes,
    institution: Data<Institution>,
) -> HttpResponse {
    let interface = path.into_inner();
    let form = request.headers().get("content-type").unwrap() == "application/x-www-form-urlencoded";
    let mut text = String::from_utf8(body.to_vec()).unwrap();
    if form {
        let fields = Query::<BTreeMap<String, String>>::from_query(&text).unwrap();
        text.clone_from(&fields["requestData"]);
    }
    let body = serde_json::from_str(&text).unwrap_or_default();
    let answer = institution.answers.lock().unwrap().get(interface.as_str()).cloned();
    let (status, answered) = match answer {
        Some(responder) => responder(&body),
        None => (200, r#"{"code":"1","message":"成功","data":{}}"#.to_owned()),
    };
    institution.pushes.lock().unwrap().push(Push { interface, form, text, body });
    HttpResponse::build(StatusCode::from_u16(status).unwrap()).body(answered)
}

async fn file(name: Path<String>, institution: Data<Institution>) -> HttpResponse {
    match institution.files.lock().unwrap().get(name.as_str()) {
        Some(bytes) => HttpResponse::Ok().body(bytes.clone()),
        None => HttpResponse::NotFound().finish(),
    }
}

/// The words of a life's moments.
pub fn words(moments: &[Moment]) -> Vec<&'static str> {
    moments.iter().map(|moment| moment.what).collect()
}

pub fn number(application: &Application) -> String {
    format!("BH{}", application.applyno)
}

/// An approval without a letter.
pub fn notice(application: &Application) -> Vec<(&'static str, String)> {
    vec![
        ("applyno", application.applyno.clone()),
        ("baohanno", number(application)),
        ("payername", application.biddername.clone()),
        ("payeraccount", "46050100163600005555".to_owned()),
        ("instname", "示例财产保险股份有限公司".to_owned()),
        ("generatetime", "2024-06-03 09:20:00".to_owned()),
        ("rate", "0.004".to_owned()),
        ("cost", "3200.00".to_owned()),
        ("applystatus", "1".to_owned()),
    ]
}

/// A message with one field changed; an empty value leaves it out.
pub fn with(
    fields: &[(&'static str, String)],
    name: &'static str,
    value: &str,
) -> Vec<(&'static str, String)> {
    let mut fields: Vec<_> = fields.iter().filter(|(known, _)| *known != name).cloned().collect();
    if !value.is_empty() {
        fields.push((name, value.to_owned()));
    }
    fields
}
