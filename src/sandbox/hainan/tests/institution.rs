//! A hand-made institution: it takes pushes and says what it is told to, and makes calls and letters with libsm only.

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use actix_web::web::{Bytes, Data, Path, post};
use actix_web::{App, HttpResponse, HttpServer};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::Value;
use zip::write::SimpleFileOptions;

use super::super::letters::md5;
use super::super::message::Outgoing;
use super::super::{Application, Sandbox, SandboxOptions, digest};
use crate::clock;
use crate::crypto::second_opinion::{encrypt, encrypt_c1c2c3, sm3, sm4_cbc_encrypt};

pub const APPKEY: &str = "HN_DEMO_0001";
pub const SECRET: &str = "6f1d2c9a-hn-demo-secret";

/// A platform, and the institution on the other side of it.
pub struct Scene {
    pub sandbox: Sandbox,
    pub options: SandboxOptions,
    pub pushes: Arc<Mutex<Vec<(String, Value)>>>,
    pub client: reqwest::Client,
}

impl Scene {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut SandboxOptions)) -> Self {
        let pushes: Arc<Mutex<Vec<(String, Value)>>> = Arc::default();
        let inbox = Data::from(Arc::clone(&pushes));
        let server = HttpServer::new(move || {
            App::new().app_data(inbox.clone()).route("/{interface}", post().to(take))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let gateway = format!("http://{}", server.addrs()[0]);
        drop(crate::supervise::spawn("institution", server.run()));
        let mut options = SandboxOptions::new(gateway, APPKEY, SECRET);
        change(&mut options);
        let sandbox = Sandbox::start(options.clone()).await.unwrap();
        Self { sandbox, options, pushes, client: reqwest::Client::builder().no_proxy().build().unwrap() }
    }

    /// One application that the institution has approved under the number `BH` and its `applyno`.
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
        self.raw(interface, serde_json::to_vec(&Outgoing(&message)).unwrap())
    }

    pub fn raw(&self, interface: &str, body: impl Into<reqwest::Body>) -> reqwest::RequestBuilder {
        self.client.post(format!("{}/{interface}", self.sandbox.url())).body(body)
    }

    /// Encrypts a letter, uploads it in slices of 700 bytes and completes; the answer to the completion.
    pub async fn upload(&self, application: &Application, filetype: &str, document: &[u8]) -> Value {
        let file = Encrypted::new(document);
        let base = self.options.wire.index_base;
        for (slice, index) in file.ciphertext.chunks(700).zip(base..) {
            let answer = self.slice(application, filetype, index, &BASE64.encode(slice)).await;
            assert_eq!(answer["code"], "1", "{answer}");
        }
        self.complete(application, filetype, &file).await
    }

    pub async fn slice(&self, application: &Application, filetype: &str, index: u64, text: &str) -> Value {
        let fields = [
            ("applyno", application.applyno.clone()),
            ("baohanno", number(application)),
            ("baohanfile", text.to_owned()),
            ("filetype", filetype.to_owned()),
            ("filesuffixtype", "ofd".to_owned()),
            ("index", index.to_string()),
        ];
        self.call("uploadbaohanfile", &fields).await
    }

    pub async fn complete(&self, application: &Application, filetype: &str, file: &Encrypted) -> Value {
        let public = self.public_key(application).await;
        self.call("baohanfilecompletenotice", &completion(application, filetype, file, &public)).await
    }

    pub async fn public_key(&self, application: &Application) -> Vec<u8> {
        let answer = self.call("downloadpublickey", &[("applyno", application.applyno.clone())]).await;
        hex::decode(answer["data"]["publickey"].as_str().unwrap()).unwrap()
    }
}

async fn take(path: Path<String>, body: Bytes, inbox: Data<Mutex<Vec<(String, Value)>>>) -> HttpResponse {
    let interface = path.into_inner();
    inbox.lock().unwrap().push((interface.clone(), serde_json::from_slice(&body).unwrap_or_default()));
    match interface.as_str() {
        "canclenotice" => HttpResponse::Ok().body(r#"{"code":0,"message":"不能注销"}"#),
        "giveupapply" => HttpResponse::BadGateway().body("<html>"),
        _ => HttpResponse::Ok().body(r#"{"code":"1","message":"成功","data":{}}"#),
    }
}

pub fn number(application: &Application) -> String {
    format!("BH{}", application.applyno)
}

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

/// A file under a fresh key and IV.
pub struct Encrypted {
    pub key: [u8; 16],
    pub iv: [u8; 16],
    pub ciphertext: Vec<u8>,
    pub md5: String,
    pub old_order: bool,
}

impl Encrypted {
    pub fn new(document: &[u8]) -> Self {
        let (key, iv) = (rand::random(), rand::random());
        let ciphertext = sm4_cbc_encrypt(&key, &iv, document).unwrap();
        Self { key, iv, ciphertext, md5: md5(document), old_order: false }
    }

    fn wrapped(&self, public: &[u8], secret: &[u8]) -> String {
        let wrapped = if self.old_order { encrypt_c1c2c3(public, secret) } else { encrypt(public, secret) };
        BASE64.encode(wrapped.unwrap())
    }
}

pub fn completion(
    application: &Application,
    filetype: &str,
    file: &Encrypted,
    public: &[u8],
) -> Vec<(&'static str, String)> {
    vec![
        ("applyno", application.applyno.clone()),
        ("baohanno", number(application)),
        ("key", file.wrapped(public, &file.key)),
        ("iv", file.wrapped(public, &file.iv)),
        ("baohanfilemd5", file.md5.clone()),
        ("filetype", filetype.to_owned()),
        ("filesuffixtype", "ofd".to_owned()),
    ]
}

/// What stands in a ciphertext letter.
pub fn ciphertext_lines(application: &Application) -> Vec<String> {
    let sealed = application.sealed().unwrap();
    let (first, second) = sealed.biaoduanname.split_at(20);
    vec![
        format!("编号：{}", number(application)),
        format!("申请人：{}", application.biddername),
        format!("招标人：{}", sealed.zbr),
        format!("标段编号：{}", sealed.biaoduanno),
        format!("标段名称：{first}"),
        second.to_owned(),
        format!("金额：人民币{}元", application.bond),
    ]
}

/// What stands in a merged letter.
pub fn merged_lines(application: &Application) -> Vec<String> {
    let mut lines = ciphertext_lines(application);
    lines.extend([
        format!("招标人：{}", application.beneficiary),
        format!("标段编号：{}", application.section_number),
        format!("标段名称：{}", application.section_name),
    ]);
    lines
}

/// A small OFD with one line of text per page, signed as far as this platform looks, with an attachment.
pub fn sealed_ofd(lines: &[String], attachment: &str) -> Vec<u8> {
    let mut files = unsealed_files(lines, attachment);
    let ofd = files[0].1.replace(
        "</ofd:DocRoot>",
        "</ofd:DocRoot><ofd:Signatures>/Doc_0/Signs/Signatures.xml</ofd:Signatures>",
    );
    files[0].1 = ofd;
    let references: String = files
        .iter()
        .map(|(name, text)| {
            let digest = BASE64.encode(sm3(text.as_bytes()));
            format!(r#"<ofd:Reference FileRef="/{name}"><ofd:CheckValue>{digest}</ofd:CheckValue></ofd:Reference>"#)
        })
        .collect();
    files.push((
        "Doc_0/Signs/Signatures.xml".to_owned(),
        r#"<ofd:Signatures xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Signature ID="s001" BaseLoc="Sign_0/Signature.xml"/></ofd:Signatures>"#.to_owned(),
    ));
    files.push((
        "Doc_0/Signs/Sign_0/Signature.xml".to_owned(),
        format!(
            r#"<ofd:Signature xmlns:ofd="http://www.ofdspec.org/2016"><ofd:SignedInfo><ofd:References>{references}</ofd:References></ofd:SignedInfo><ofd:SignedValue>/Doc_0/Signs/Sign_0/SignedValue.dat</ofd:SignedValue></ofd:Signature>"#
        ),
    ));
    files.push(("Doc_0/Signs/Sign_0/SignedValue.dat".to_owned(), "0".to_owned()));
    zipped(&files)
}

pub fn unsealed_files(lines: &[String], attachment: &str) -> Vec<(String, String)> {
    let file = |name: &str, text: String| (name.to_owned(), text);
    let mut files = vec![
        file(
            "OFD.xml",
            r#"<?xml version="1.0"?><ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"><ofd:DocBody><ofd:DocRoot>Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"#.to_owned(),
        ),
        file("Doc_0/Attachs/data.xml", attachment.to_owned()),
    ];
    let mut pages = String::new();
    for (page, line) in lines.iter().enumerate() {
        pages.push_str(&format!(r#"<ofd:Page ID="{}" BaseLoc="Pages/Page_{page}/Content.xml"/>"#, page + 1));
        let (first, second) = line.split_at(line.char_indices().nth(3).map_or(0, |(at, _)| at));
        files.push(file(
            &format!("Doc_0/Pages/Page_{page}/Content.xml"),
            format!(
                r#"<ofd:Page xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Content><ofd:Layer><ofd:TextObject><ofd:TextCode X="0" Y="4">{first} </ofd:TextCode></ofd:TextObject><ofd:TextObject><ofd:TextCode>{second}</ofd:TextCode></ofd:TextObject></ofd:Layer></ofd:Content></ofd:Page>"#
            ),
        ));
    }
    files.push(file(
        "Doc_0/Document.xml",
        format!(
            r#"<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"><ofd:Pages>{pages}</ofd:Pages></ofd:Document>"#
        ),
    ));
    files
}

pub fn zipped(files: &[(String, String)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(name.as_str(), SimpleFileOptions::default()).unwrap();
        archive.write_all(text.as_bytes()).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
