//! Somebody with a session, who reads pages and sends forms as a browser does.

use baohan_gateway::access::{self, Role, sessions};
use baohan_gateway::store::users::{self, User};
use reqwest::{RequestBuilder, StatusCode, header};

use crate::house::House;

/// A person's browser, without scripts.
pub struct Visitor {
    pub base: String,
    /// As the browser sends it.
    pub cookie: String,
    pub form_token: String,
    /// The id of the person's account.
    pub user: String,
    client: reqwest::Client,
}

/// An answer.
#[derive(Debug)]
pub struct Page {
    pub status: StatusCode,
    pub headers: header::HeaderMap,
    pub text: String,
}

impl Page {
    /// Where the browser is sent on to.
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |place| place.to_str().unwrap())
    }
}

impl<Platform> House<Platform> {
    /// Somebody with these roles, signed in.
    pub async fn visitor(&self, name: &str, roles: &[Role]) -> Visitor {
        let address = self.gateway.console_address().expect("the test's settings have a [console] section");
        let now = self.gateway.assembly.clock.now();
        let user = User::new(name, roles.iter().map(ToString::to_string).collect(), now);
        let id = user.id.clone();
        let begun = self.gateway.assembly.store.write(move |connection| {
            users::insert(connection, &user)?;
            sessions::begin(connection, &user, &access::Visitor::default(), now)
        });
        let token = begun.await.unwrap();
        Visitor {
            base: format!("http://{address}"),
            cookie: format!("baohan={}", token.expose()),
            form_token: token.form_token(),
            user: id,
            client: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .build()
                .unwrap(),
        }
    }
}

impl Visitor {
    pub async fn get(&self, place: &str) -> Page {
        self.send(self.client.get(format!("{}{place}", self.base))).await
    }

    /// Sends a form of a page of this session.
    pub async fn post(&self, place: &str, fields: &[(&str, &str)]) -> Page {
        let mut fields = fields.to_vec();
        fields.push(("form_token", &self.form_token));
        self.send(self.client.post(format!("{}{place}", self.base)).form(&fields)).await
    }

    /// Sends a file as the page's script does.
    pub async fn upload(&self, place: &str, file: Vec<u8>) -> Page {
        let request =
            self.client.post(format!("{}{place}", self.base)).header("x-form-token", &self.form_token);
        self.send(request.header(header::CONTENT_TYPE, "application/octet-stream").body(file)).await
    }

    /// Anything else, with the session's cookie.
    pub async fn send(&self, request: RequestBuilder) -> Page {
        let answer = request.header(header::COOKIE, &self.cookie).send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        Page { status, headers, text: answer.text().await.unwrap() }
    }
}
