//! A real browser before the console: Chromium without a window, driven over WebDriver.

mod driver;
mod journeys;

use std::path::PathBuf;
use std::time::Duration;

use fantoccini::{Client, ClientBuilder, Locator};
use serde_json::{Value, json};

use self::driver::Driver;
use super::visitor::Visitor;

/// As wide as a desk's screen and as a phone's, in CSS pixels.
const DESK: u32 = 1280;
const PHONE: u32 = 390;

/// Longer than this no page takes on a machine that does nothing else.
const PATIENCE: Duration = Duration::from_secs(60);

/// A browser of a fresh profile; it ends with the test.
pub struct Browser {
    pub client: Client,
    base: String,
    driver: Driver,
    http: reqwest::Client,
}

impl Browser {
    /// In front of a console.
    pub async fn open(base: &str) -> Self {
        let driver = Driver::start();
        let capabilities = json!({
            "browserName": "chrome",
            "goog:loggingPrefs": { "browser": "ALL" },
            "goog:chromeOptions": {
                "binary": driver::chromium(),
                "args": [
                    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                    "--disable-background-networking", "--disable-component-update", "--disable-sync",
                    "--disable-dev-shm-usage", "--window-size=1400,1400", "--force-prefers-reduced-motion", "--lang=zh-CN",
                    format!("--user-data-dir={}", driver.profile()),
                ],
            },
        });
        let Value::Object(capabilities) = capabilities else { unreachable!() };
        let client = ClientBuilder::new(hyper_connector())
            .capabilities(capabilities)
            .connect(&driver.address)
            .await
            .expect("chromedriver starts a browser");
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let browser = Self { client, base: base.to_owned(), driver, http };
        browser.width(DESK).await;
        browser
    }

    /// Somebody who is signed in already.
    pub async fn of(visitor: &Visitor) -> Self {
        let browser = Self::open(&visitor.base).await;
        let (name, value) = visitor.cookie.split_once('=').unwrap();
        let cookie = json!({ "name": name, "value": value, "url": visitor.base, "httpOnly": true });
        browser.devtools("Network.setCookie", cookie).await;
        browser
    }

    pub async fn go(&self, place: &str) {
        self.client.goto(&format!("{}{place}", self.base)).await.unwrap();
    }

    /// Path and query of the page.
    pub async fn place(&self) -> String {
        let url = self.client.current_url().await.unwrap();
        url.as_str().strip_prefix(&self.base).unwrap_or(url.as_str()).to_owned()
    }

    /// Waits for an element, and clicks on it.
    pub async fn click(&self, css: &str) {
        self.element(css).await.click().await.unwrap_or_else(|error| panic!("click on {css}: {error}"));
    }

    /// Waits for a field, and writes into it in place of what is there.
    pub async fn write(&self, css: &str, text: &str) {
        let field = self.element(css).await;
        field.clear().await.unwrap();
        field.send_keys(text).await.unwrap();
    }

    pub async fn element(&self, css: &str) -> fantoccini::elements::Element {
        let found = self.client.wait().at_most(PATIENCE).for_element(Locator::Css(css)).await;
        match found {
            Ok(element) => element,
            Err(error) => panic!("{css} on {}: {error}\n{}", self.place().await, self.text().await),
        }
    }

    pub async fn has(&self, css: &str) -> bool {
        !self.client.find_all(Locator::Css(css)).await.unwrap().is_empty()
    }

    /// The page as somebody reads it.
    pub async fn text(&self) -> String {
        let text = self.client.execute("return document.body.innerText", Vec::new()).await.unwrap();
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until the page says something. It is not loaded again: what changes, the page itself has changed.
    pub async fn reads(&self, text: &str) {
        self.becomes_true("return document.body.innerText.includes(arguments[0])", text).await;
    }

    /// Waits until a script on the page answers `true`.
    pub async fn holds(&self, script: &str) {
        self.becomes_true(script, "").await;
    }

    async fn becomes_true(&self, script: &str, argument: &str) {
        let waiting = async {
            loop {
                // While the browser goes from one page to the next there is nothing to ask.
                let said = self.client.execute(script, vec![json!(argument)]).await;
                if said.is_ok_and(|said| said == json!(true)) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, waiting).await.is_err() {
            panic!("{script} {argument} does not hold on {}:\n{}", self.place().await, self.text().await);
        }
    }

    /// As wide as a screen of so many CSS pixels.
    pub async fn width(&self, width: u32) {
        let screen = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 500 });
        self.devtools("Emulation.setDeviceMetricsOverride", screen).await;
    }

    /// Checks the page at both widths: nothing stands beyond the edge, no rule of accessibility is broken seriously, nothing
    /// failed behind it. Keeps a picture of it under this name.
    pub async fn examine(&self, name: &str) {
        for (width, suffix) in [(PHONE, "-phone"), (DESK, "")] {
            self.width(width).await;
            let beyond = self.client.execute(BEYOND, Vec::new()).await.unwrap();
            assert_eq!(beyond, json!([]), "{name}: too wide for a screen of {width}");
            self.picture(&format!("{name}{suffix}")).await;
        }
        let findings = self.accessibility().await;
        assert!(findings.is_empty(), "{name}: {findings:#?}");
        let complaints = self.complaints().await;
        assert!(complaints.is_empty(), "{name}: {complaints:#?}");
    }

    /// What axe finds serious or critical.
    async fn accessibility(&self) -> Vec<String> {
        let axe = std::fs::read_to_string(driver::tool("BAOHAN_TEST_AXE")).expect(TOOLS);
        // The policy of the pages lets no script stand in them; the driver's is not of the page.
        self.client.execute(&axe, Vec::new()).await.unwrap();
        let run = "const done = arguments[0]; axe.run(document, { resultTypes: ['violations'] }).then((it) => done(it.violations))";
        let found = self.client.execute_async(run, Vec::new()).await.unwrap();
        let serious =
            |it: &&Value| ["serious", "critical"].contains(&it["impact"].as_str().unwrap_or_default());
        let told = |it: &Value| {
            let places: Vec<&Value> =
                it["nodes"].as_array().into_iter().flatten().map(|it| &it["html"]).collect();
            format!("{}: {}\n{places:#?}", it["id"], it["help"])
        };
        found.as_array().unwrap().iter().filter(serious).map(told).collect()
    }

    /// What the browser's console says of errors since it was asked last.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.command("se/log", json!({ "type": "browser" })).await;
        let entries = log["value"].as_array().expect("a log").iter();
        let severe = entries.filter(|entry| entry["level"] == "SEVERE");
        severe.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The whole page as a picture, in `target/screenshots` or where BAOHAN_SCREENSHOTS says.
    async fn picture(&self, name: &str) {
        let parameters =
            json!({ "format": "png", "captureBeyondViewport": true, "clip": self.whole().await });
        let taken = self.devtools("Page.captureScreenshot", parameters).await;
        let picture = taken["value"]["data"].as_str().expect("a picture");
        let picture = base64_bytes(picture);
        let folder = std::env::var_os("BAOHAN_SCREENSHOTS").map_or_else(
            || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screenshots"),
            PathBuf::from,
        );
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join(format!("{name}.png")), picture).unwrap();
    }

    async fn whole(&self) -> Value {
        let size = "return [document.documentElement.clientWidth, document.documentElement.scrollHeight]";
        let size = self.client.execute(size, Vec::new()).await.unwrap();
        json!({ "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 })
    }

    async fn devtools(&self, command: &str, parameters: Value) -> Value {
        self.command("goog/cdp/execute", json!({ "cmd": command, "params": parameters })).await
    }

    /// A command that is not part of the standard.
    async fn command(&self, path: &str, body: Value) -> Value {
        let session = self.client.session_id().await.unwrap().expect("a session");
        let address = format!("{}/session/{session}/{path}", self.driver.address);
        let answer = self.http.post(address).body(body.to_string()).send().await.unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap()
    }

    /// Ends the browser. A test that fails leaves that to its driver.
    pub async fn close(self) {
        self.client.close().await.unwrap();
    }
}

/// Whatever makes the page wider than the screen.
const BEYOND: &str = "const most = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= most) return [];
    return [...document.querySelectorAll('body *')]
        .filter((it) => it.getBoundingClientRect().right > most && !it.closest('.scroll, .parts, pre'))
        .map((it) => `${it.tagName} ${it.id} ${it.className} ${it.getBoundingClientRect().right}`)
        .concat([`in all ${document.documentElement.scrollWidth}`])";

/// What a test of pages needs, and who brings it.
const TOOLS: &str = "tests of pages run through tests/run, which brings chromium, chromedriver and axe";

fn base64_bytes(text: &str) -> Vec<u8> {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn hyper_connector() -> hyper_util::client::legacy::connect::HttpConnector {
    hyper_util::client::legacy::connect::HttpConnector::new()
}
