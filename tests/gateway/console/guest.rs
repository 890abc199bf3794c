//! Somebody who has shown nothing yet: a browser with cookies that follows the steps of signing in.

use std::collections::BTreeMap;

use baohan_gateway::access::{Access, By, Role};
use baohan_gateway::crypto::one_time_code::CodeSecret;
use baohan_gateway::gateway;
use baohan_gateway::secret::Secret;
use baohan_gateway::store::audit::{self, Actor, Record};
use jiff::Timestamp;
use reqwest::{RequestBuilder, header};

use super::visitor::Page;
use crate::house::House;

/// A password that nobody would try.
pub const PASSWORD: &str = "床前明月光，疑是地上霜。";

/// A browser that keeps cookies and runs no scripts.
pub struct Guest {
    pub base: String,
    pub cookies: BTreeMap<String, String>,
    /// Where it calls from, for a console that believes a proxy on this machine.
    pub address: Option<&'static str>,
    pub client: reqwest::Client,
}

impl Page {
    /// What stands between two texts.
    pub fn between(&self, before: &str, after: &str) -> &str {
        let (_, rest) =
            self.text.split_once(before).unwrap_or_else(|| panic!("no `{before}` in {}", self.text));
        rest.split_once(after).unwrap().0
    }

    /// The token of the page's own form.
    pub fn form_token(&self) -> String {
        self.between("name=\"form_token\" value=\"", "\"").to_owned()
    }

    pub fn set_cookies(&self) -> Vec<&str> {
        self.headers.get_all(header::SET_COOKIE).iter().map(|cookie| cookie.to_str().unwrap()).collect()
    }
}

impl Guest {
    pub async fn get(&mut self, place: &str) -> Page {
        self.send(self.client.get(format!("{}{place}", self.base))).await
    }

    pub async fn post(&mut self, place: &str, fields: &[(&str, &str)]) -> Page {
        self.send(self.client.post(format!("{}{place}", self.base)).form(fields)).await
    }

    pub async fn send(&mut self, mut request: RequestBuilder) -> Page {
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if let Some(address) = self.address {
            request = request.header("x-forwarded-for", address);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let page = Page { status, headers, text: answer.text().await.unwrap() };
        for cookie in page.set_cookies() {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        page
    }

    /// The first step.
    pub async fn show(&mut self, name: &str, password: &str) -> Page {
        self.post("/sign-in", &[("name", name), ("password", password)]).await
    }

    /// A step's form, as its page has it.
    pub async fn step(&mut self, place: &str, fields: &[(&str, &str)]) -> Page {
        let token = self.get(place).await.form_token();
        let mut fields = fields.to_vec();
        fields.push(("form_token", &token));
        self.post(place, &fields).await
    }
}

/// Whoever stands at the machine.
pub fn at_the_machine() -> By {
    By { actor: Actor::CommandLine { account: "root".to_owned() }, address: None }
}

/// What makes somebody's codes, as their telephone has it.
pub struct Device(CodeSecret);

impl Device {
    /// The code at a moment.
    pub fn code_at(&self, now: Timestamp) -> String {
        self.0.code(u64::try_from(now.as_second()).unwrap()).unwrap().expose().to_owned()
    }

    pub fn of(text: &str) -> Self {
        Self(CodeSecret::parse(&Secret::new(text.replace(' ', ""))).unwrap())
    }
}

impl<Platform> House<Platform> {
    pub fn guest(&self) -> Guest {
        let address = self.gateway.console_address().expect("the test's settings have a [console] section");
        let none = reqwest::redirect::Policy::none();
        let client = reqwest::Client::builder().no_proxy().redirect(none).build().unwrap();
        Guest { base: format!("http://{address}"), cookies: BTreeMap::new(), address: None, client }
    }

    pub fn access(&self) -> Access {
        let settings = self.settings();
        let (store, clock) = (self.gateway.assembly.store.clone(), self.gateway.assembly.clock.clone());
        let client = gateway::identity_client(&settings).unwrap();
        let url = settings.console.public_url.as_deref();
        Access::new(&settings.access, store, clock, client, url, "试验").unwrap()
    }

    /// Somebody new; yields the initial password.
    pub async fn invite(&self, name: &str, roles: &[Role]) -> String {
        let initial = self.access().add_user(name, roles, at_the_machine()).await.unwrap();
        initial.password.expose().to_owned()
    }

    /// Somebody new who has chosen [`PASSWORD`] and set up a device, and is signed in.
    pub async fn settled(&self, name: &str, roles: &[Role]) -> (Guest, Device) {
        let initial = self.invite(name, roles).await;
        let mut guest = self.guest();
        guest.show(name, &initial).await;
        let device = guest.settle(self).await;
        (guest, device)
    }

    /// The code of a device at the gateway's time.
    pub fn code(&self, device: &Device) -> String {
        device.code_at(self.gateway.assembly.clock.now())
    }

    /// The audit trail, oldest first.
    pub async fn trail(&self) -> Vec<Record> {
        let filter = audit::Filter { limit: 1000, ..audit::Filter::default() };
        let read = self.gateway.assembly.store.read(move |connection| audit::list(connection, &filter));
        let mut trail = read.await.unwrap();
        trail.reverse();
        trail
    }
}

impl Guest {
    /// Takes the steps of a first sign-in after the password.
    pub async fn settle<Platform>(&mut self, house: &House<Platform>) -> Device {
        self.step("/sign-in/new-password", &[("password", PASSWORD), ("again", PASSWORD)]).await;
        let page = self.get("/sign-in/enrolment").await;
        let device = Device::of(page.between("<code id=\"secret\">", "</code>"));
        let code = house.code(&device);
        self.step("/sign-in/enrolment", &[("code", &code)]).await;
        device
    }
}
