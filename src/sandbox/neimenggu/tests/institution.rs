//! A hand-made institution: it opens pushes by its own reading of chapter 9, answers what it is told to, and makes
//! notices.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{App, HttpResponse, HttpServer};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::super::{Application, Sandbox, SandboxOptions};
use crate::clock;
use crate::crypto::second_opinion::{KeyPair, encrypt, sm3, sm4_ecb_decrypt, sm4_ecb_encrypt};

pub const APPID: &str = "nm_insurer_01";
pub const APPKEY: &str = "nm_demo_appkey";
pub const SECRET: &str = "nm-demo-secret-7b7b";
/// The demonstration institution's key, which the sample pushes are encrypted to.
pub const INSTITUTION_KEY: &str = "81c023c1143d0bab697a78e811ef92fb5f72c5ae5b23f89d9ea1ba24550f1cf4";

pub type Fields = Vec<(&'static str, String)>;

/// A platform, and the institution on the other side of it.
pub struct Scene {
    pub sandbox: Sandbox,
    pub options: SandboxOptions,
    pub institution: Arc<Institution>,
    pub client: reqwest::Client,
}

pub struct Institution {
    pub keys: KeyPair,
    pub pushes: Mutex<Vec<Push>>,
    /// What is answered to a transaction; otherwise success without data.
    pub answers: Mutex<BTreeMap<String, Value>>,
}

/// A push as it came, and what was in it.
#[derive(Clone, Debug)]
pub struct Push {
    pub transcode: String,
    pub envelope: Value,
    pub message: Value,
    /// Whether it came in the digital envelope.
    pub enveloped: bool,
}

pub fn institution_keys() -> KeyPair {
    KeyPair::from_private_bytes(&hex::decode(INSTITUTION_KEY).unwrap().try_into().unwrap()).unwrap()
}

impl Scene {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let keys = tokio::task::spawn_blocking(institution_keys).await.unwrap();
        let public = keys.public_sec1();
        let institution = Arc::new(Institution { keys, pushes: Mutex::default(), answers: Mutex::default() });
        let inbox = Data::from(Arc::clone(&institution));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(inbox.clone())
                .app_data(web::PayloadConfig::new(16 << 20))
                .route("/{transcode}", web::post().to(take))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let gateway = format!("http://{}", server.addrs()[0]);
        drop(crate::supervise::spawn("institution", server.run()));
        let mut options = SandboxOptions::new(gateway, APPID, APPKEY, SECRET, public);
        change(&mut options);
        let sandbox = Sandbox::start(options.clone()).await.unwrap();
        Self { sandbox, options, institution, client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    pub async fn applied(&self) -> Application {
        let (application_id, answer) = self.sandbox.apply_generated().await.unwrap();
        assert!(answer.is_accepted(), "{answer}");
        self.sandbox.application(&application_id).unwrap()
    }

    /// An application that has been approved, paid and issued.
    pub async fn issued(&self) -> Application {
        let application = self.applied().await;
        for state in ["01", "05", "03"] {
            self.accepted("PREP102", self.status(&application, state)).await;
        }
        application
    }

    /// A right message of PREP102.
    pub fn status(&self, application: &Application, state: &str) -> Fields {
        let now = self.now();
        let mut fields = vec![
            ("applicationId", application.application_id.clone()),
            ("applicationStatus", state.to_owned()),
        ];
        fields.extend(match state {
            "02" | "04" => vec![("failReason", "企业征信不符合要求".to_owned())],
            "03" => vec![
                ("guaranteeId", number(application)),
                ("guaranteeAmt", application.advance_amount.clone()),
                ("validTimeStart", now.clone()),
                ("validTimeEnd", "2099-12-31 23:59:59".to_owned()),
                ("letterOfTime", now),
                ("companyName", application.supplier.clone()),
            ],
            "05" => vec![("payTime", now), ("payAmt", "1404.00".to_owned()), ("payType", "01".to_owned())],
            _ => Vec::new(),
        });
        fields
    }

    /// A right message of PREP106.
    pub fn claim_result(&self, application: &Application, status: &str) -> Fields {
        let mut fields = vec![("guaranteeId", number(application)), ("status", status.to_owned())];
        if status == "01" {
            fields.push(("paymentMoney", application.advance_amount.clone()));
            fields.push(("paymentTime", self.now()));
        }
        fields
    }

    /// A right message of PREP108.
    pub fn cancellation(&self, application: &Application) -> Fields {
        vec![
            ("guaranteeId", number(application)),
            ("cancelDate", self.now()),
            ("cancelNotice", "保函已注销".to_owned()),
        ]
    }

    pub fn now(&self) -> String {
        clock::to_wire(self.options.clock.now())
    }

    /// Sends a notice and gives the platform's answer.
    pub async fn notify(&self, transcode: &str, fields: Fields) -> Value {
        self.post(transcode, &self.envelope(transcode, &fields)).await
    }

    pub async fn accepted(&self, transcode: &str, fields: Fields) {
        let answer = self.notify(transcode, fields).await;
        assert_eq!(answer["code"], "000", "{transcode}: {answer}");
    }

    /// Sends a notice and gives what the platform objects to, after a colon.
    pub async fn refused(&self, transcode: &str, fields: Fields) -> String {
        let answer = self.notify(transcode, fields).await;
        objection(&answer)
    }

    /// The seven members around a message, by this institution's own reading of 9.2.1 and 9.3.2.
    pub fn envelope(&self, transcode: &str, fields: &[(&'static str, String)]) -> Map<String, Value> {
        let message: Map<String, Value> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.as_str().into())).collect();
        let plain = Value::Object(message).to_string();
        let data = BASE64.encode(encrypt(&self.sandbox.public_key(), plain.as_bytes()).unwrap());
        self.envelope_of(transcode, data)
    }

    pub fn envelope_of(&self, transcode: &str, data: String) -> Map<String, Value> {
        self.envelope_at(transcode, data, self.now().chars().filter(char::is_ascii_digit).collect())
    }

    pub fn envelope_at(&self, transcode: &str, data: String, reqtime: String) -> Map<String, Value> {
        let text = [data.as_str(), &reqtime, APPKEY, SECRET].join("&");
        let sign = hex::encode(sm3(text.as_bytes()));
        let members = json!({
            "transcode": transcode,
            "msgcode": "adfd95a4b3634b58b0cf3b8c67b18a29",
            "appid": APPID,
            "reqtime": reqtime,
            "version": "v1.0",
            "data": data,
            "sign": sign,
        });
        let Value::Object(members) = members else { unreachable!() };
        members
    }

    pub async fn post(&self, path: &str, envelope: &Map<String, Value>) -> Value {
        self.post_text(path, Value::Object(envelope.clone()).to_string()).await
    }

    pub async fn post_text(&self, path: &str, body: String) -> Value {
        let url = format!("{}/{path}", self.sandbox.url());
        let response = self.client.post(url).body(body).send().await.unwrap();
        assert_eq!(response.status(), 200);
        serde_json::from_str(&response.text().await.unwrap()).unwrap()
    }

    /// From now on this is the answer to a transaction.
    pub fn answers(&self, transcode: &str, answer: Value) {
        self.institution.answers.lock().unwrap().insert(transcode.to_owned(), answer);
    }

    pub fn pushes(&self) -> Vec<Push> {
        self.institution.pushes.lock().unwrap().clone()
    }

    pub fn last_push(&self) -> Push {
        self.pushes().pop().unwrap()
    }

    /// A successful answer with encrypted data, in the digital envelope.
    pub fn in_envelope(&self, message: &Value) -> Value {
        let key: [u8; 16] = rand::random();
        let data = BASE64.encode(sm4_ecb_encrypt(&key, message.to_string().as_bytes()).unwrap());
        let sign = BASE64.encode(encrypt(&self.sandbox.public_key(), &key).unwrap());
        json!({ "code": "000", "message": "成功", "data": data, "sign": sign })
    }

    /// A successful answer with data under SM2 alone.
    pub fn in_sm2(&self, message: &Value) -> Value {
        let data = encrypt(&self.sandbox.public_key(), message.to_string().as_bytes()).unwrap();
        json!({ "code": "000", "message": "成功", "data": BASE64.encode(data) })
    }
}

async fn take(path: Path<String>, body: Bytes, institution: Data<Institution>) -> HttpResponse {
    let transcode = path.into_inner();
    let answer = institution.answers.lock().unwrap().get(&transcode).cloned();
    if let Some(push) = institution.open(&transcode, &body) {
        institution.pushes.lock().unwrap().push(push);
    }
    match answer {
        Some(Value::String(text)) => HttpResponse::Ok().body(text),
        Some(answer) => HttpResponse::Ok().json(answer),
        None => HttpResponse::Ok().json(json!({ "code": "000", "message": "成功" })),
    }
}

impl Institution {
    /// Reads a push; `None` if it cannot be read.
    fn open(&self, transcode: &str, body: &[u8]) -> Option<Push> {
        let envelope: Value = serde_json::from_slice(body).ok()?;
        let member = |name: &str| envelope.get(name)?.as_str();
        let data = BASE64.decode(member("data")?).ok()?;
        let sign = member("sign")?;
        let enveloped = sign.len() != 64;
        let plain = if enveloped {
            let key = self.keys.decrypt_c1c3c2(&BASE64.decode(sign).ok()?).ok()?;
            sm4_ecb_decrypt(&key.try_into().ok()?, &data).ok()?
        } else {
            let text = [member("data")?, member("reqtime")?, APPKEY, SECRET].join("&");
            (hex::encode(sm3(text.as_bytes())) == sign).then_some(())?;
            self.keys.decrypt_c1c3c2(&data).ok()?
        };
        let message = serde_json::from_slice(&plain).ok()?;
        Some(Push { transcode: transcode.to_owned(), envelope, message, enveloped })
    }
}

pub fn number(application: &Application) -> String {
    format!("BH{}", application.application_id)
}

/// The part of a refusal's message behind the words of its code, with the code in front.
pub fn objection(answer: &Value) -> String {
    let message = answer["message"].as_str().unwrap();
    let (_, detail) = message.split_once('：').unwrap();
    format!("{} {detail}", answer["code"].as_str().unwrap())
}

/// Replaces the value of a field, or adds it.
pub fn with(mut fields: Fields, name: &'static str, value: impl Into<String>) -> Fields {
    match fields.iter_mut().find(|(known, _)| *known == name) {
        Some(field) => field.1 = value.into(),
        None => fields.push((name, value.into())),
    }
    fields
}

pub fn without(mut fields: Fields, name: &str) -> Fields {
    let length = fields.len();
    fields.retain(|(known, _)| *known != name);
    assert!(fields.len() < length, "{name}");
    fields
}
