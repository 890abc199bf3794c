//! A group chat's robot that a test listens to: keeps what arrives, and answers as it is told.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::web::{Bytes, Data, PayloadConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::Value;

/// What arrived.
#[derive(Clone, Debug)]
pub struct Post {
    /// The address behind the path.
    pub query: String,
    pub headers: Vec<(String, String)>,
    pub raw: Vec<u8>,
    pub body: Value,
}

impl Post {
    pub fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap()
    }
}

#[derive(Default)]
struct Kept {
    posts: Mutex<Vec<Post>>,
    /// Answers before the usual one.
    answers: Mutex<VecDeque<(u16, String)>>,
}

/// Stops when it is dropped.
pub struct Chat {
    pub url: String,
    kept: Arc<Kept>,
    server: ServerHandle,
}

impl Chat {
    /// One that answers all with `usual`.
    pub fn start(usual: &'static str) -> Self {
        let kept = Arc::new(Kept::default());
        let shared = Data::from(Arc::clone(&kept));
        let server = HttpServer::new(move || {
            let take = move |kept: Data<Kept>, request: HttpRequest, bytes: Bytes| async move {
                kept.take(&request, &bytes);
                let scripted = kept.answers.lock().unwrap().pop_front();
                let (status, body) = scripted.unwrap_or_else(|| (200, usual.to_owned()));
                HttpResponse::build(status.try_into().unwrap()).content_type("application/json").body(body)
            };
            App::new()
                .app_data(shared.clone())
                .app_data(PayloadConfig::default())
                .default_service(web::to(take))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        let url = format!("http://{}/robot/send", server.addrs()[0]);
        let running = server.run();
        let handle = running.handle();
        drop(baohan_gateway::supervise::spawn("chat", running));
        Self { url, kept, server: handle }
    }

    /// The next message gets this answer.
    pub fn answer_once(&self, status: u16, body: &str) {
        self.kept.answers.lock().unwrap().push_back((status, body.to_owned()));
    }

    pub fn posts(&self) -> Vec<Post> {
        self.kept.posts.lock().unwrap().clone()
    }

    /// What people read of each message.
    pub fn texts(&self) -> Vec<String> {
        self.posts().iter().map(|post| post.body.to_string()).collect()
    }
}

impl Kept {
    fn take(&self, request: &HttpRequest, bytes: &Bytes) {
        let header = |(name, value): (&actix_web::http::header::HeaderName, &_)| {
            let value: &actix_web::http::header::HeaderValue = value;
            (name.to_string(), value.to_str().unwrap_or_default().to_owned())
        };
        let post = Post {
            query: request.query_string().to_owned(),
            headers: request.headers().iter().map(header).collect(),
            raw: bytes.to_vec(),
            body: serde_json::from_slice(bytes).unwrap_or_default(),
        };
        self.posts.lock().unwrap().push(post);
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        // Nobody waits for its end.
        drop(self.server.stop(false));
    }
}
