//! The simulated platforms of a demonstration, and what each has agreed on with the institution.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use clap::ValueEnum;

use crate::clock::Clock;
use crate::crypto::sm2::PrivateKey;
use crate::sandbox::{
    Acted, Answer, Desk, GGZY, HAINAN, JILIN, Journal, Moment, Play, Sandbox, SandboxOptions, Specification,
    Standing, Step, ZHANGZHOU, neimenggu, tender,
};
use crate::secret::Secret;

/// A platform that can play. Its name is its id in the settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Role {
    #[default]
    Hainan,
    Jilin,
    Ggzy,
    Zhangzhou,
    Neimenggu,
}

impl Role {
    pub const ALL: [Self; 5] = [Self::Hainan, Self::Jilin, Self::Ggzy, Self::Zhangzhou, Self::Neimenggu];

    /// Two that differ in all that a crash can tear apart: one sends keys and takes letters in slices, the other fetches
    /// one letter and encrypts whole messages.
    pub const DIFFERENT: [Self; 2] = [Self::Hainan, Self::Neimenggu];

    /// Its id in the settings, and in the path that it pushes to.
    pub fn id(self) -> &'static str {
        match self {
            Self::Hainan => "hainan",
            Self::Jilin => "jilin",
            Self::Ggzy => "ggzy",
            Self::Zhangzhou => "zhangzhou",
            Self::Neimenggu => "neimenggu",
        }
    }

    fn dialect(self) -> &'static str {
        match self {
            Self::Hainan => "hainan-2024",
            Self::Jilin => "jilin-2.0.3",
            Self::Ggzy => "ggzy",
            Self::Zhangzhou => "zhangzhou-2.3",
            Self::Neimenggu => "neimenggu-2024",
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Hainan => "海南省公共资源交易投标担保服务平台（模拟）",
            Self::Jilin => "吉林省公共资源交易一体化平台（模拟）",
            Self::Ggzy => "公共资源交易金融服务支撑平台（模拟）",
            Self::Zhangzhou => "漳州市工程项目电子保函服务平台（模拟）",
            Self::Neimenggu => "内蒙古自治区政府采购金融服务平台（模拟）",
        }
    }

    /// Only those with a field for it have one.
    fn platform_code(self) -> Option<&'static str> {
        match self {
            Self::Hainan => Some("460000"),
            Self::Jilin => Some("220100"),
            Self::Ggzy | Self::Zhangzhou | Self::Neimenggu => None,
        }
    }

    /// Whether it sends keys when bids are opened.
    pub fn opens_bids(self) -> bool {
        self.specification().is_some_and(Specification::restores)
    }

    /// A platform for tenders that pushes to `gateway`, the address of a gateway without a path.
    pub fn tender_options(
        self,
        gateway: &str,
        credentials: &Credentials,
        clock: &Clock,
    ) -> Option<SandboxOptions> {
        let (pushed_to, appkey) = (format!("{gateway}/platforms/{}", self.id()), credentials.appkey.as_str());
        let secret = credentials.appsecret.expose();
        let mut options = SandboxOptions::of(self.specification()?, pushed_to, appkey, secret);
        options.agreed_key = credentials.agreed_key;
        options.clock = clock.clone();
        Some(options)
    }

    /// What is added to its section `wire` so that a letter comes in several slices, where letters come in slices.
    pub fn several_slices(self) -> &'static str {
        match self {
            Self::Hainan => "upload = { slice_bytes = 40000 }\n",
            _ => "",
        }
    }

    /// Whether its letter can't be collected before people have handed in papers.
    pub fn waits_for_people(self) -> bool {
        self == Self::Zhangzhou
    }

    /// The specification of those that are for tenders.
    fn specification(self) -> Option<&'static Specification> {
        match self {
            Self::Hainan => Some(&HAINAN),
            Self::Jilin => Some(&JILIN),
            Self::Ggzy => Some(&GGZY),
            Self::Zhangzhou => Some(&ZHANGZHOU),
            Self::Neimenggu => None,
        }
    }
}

/// What a platform gave the institution, and the keys that the two have exchanged.
pub struct Credentials {
    /// 银行标识 of the one platform that has it.
    pub appid: String,
    pub appkey: String,
    pub appsecret: Secret,
    /// An SM4 key that both know.
    pub agreed_key: [u8; 16],
    /// The institution's SM2 key.
    pub institution: [u8; 32],
    /// The platform's.
    pub platform: [u8; 32],
}

impl Credentials {
    /// Fresh secrets under the usual names.
    pub fn generate(role: Role) -> Self {
        let appkey = match role {
            Role::Hainan => "HN_DEMO_0001".to_owned(),
            other => format!("{}_demo_0001", other.id()),
        };
        Self {
            appid: format!("{}_insurer_01", role.id()),
            appkey,
            appsecret: Secret::new(hex::encode(rand::random::<[u8; 16]>())),
            agreed_key: rand::random(),
            institution: rand::random(),
            platform: rand::random(),
        }
    }
}

/// A simulated platform at work; clones share it.
#[derive(Clone)]
pub enum Actor {
    Tender(Sandbox),
    Procurement(neimenggu::Sandbox),
}

impl Actor {
    /// Starts a platform that pushes to `gateway`, the address of a gateway without a path.
    ///
    /// # Errors
    /// When it can't listen.
    pub async fn start(
        role: Role,
        gateway: &str,
        credentials: &Credentials,
        clock: &Clock,
    ) -> anyhow::Result<Self> {
        match role.tender_options(gateway, credentials, clock) {
            Some(options) => Ok(Self::Tender(Sandbox::start(options).await?)),
            None => {
                let ours = PrivateKey::from_bytes(&credentials.institution)?.public_key().to_sec1();
                let pushed_to = format!("{gateway}/platforms/{}", role.id());
                let (appkey, secret) = (credentials.appkey.as_str(), credentials.appsecret.expose());
                let appid = &credentials.appid;
                let mut options = neimenggu::SandboxOptions::new(pushed_to, appid, appkey, secret, ours);
                options.private_key = Some(credentials.platform);
                options.clock = clock.clone();
                Ok(Self::Procurement(neimenggu::Sandbox::start(options).await?))
            }
        }
    }

    /// Where the gateway calls it.
    pub fn url(&self) -> String {
        match self {
            Self::Tender(sandbox) => sandbox.url(),
            Self::Procurement(sandbox) => sandbox.url(),
        }
    }

    /// Where a person tells it what to do.
    pub fn control_url(&self) -> String {
        match self {
            Self::Tender(sandbox) => sandbox.control_url(),
            Self::Procurement(sandbox) => sandbox.control_url(),
        }
    }

    /// Its journal and its fault script.
    pub fn desk(&self) -> &Desk {
        match self {
            Self::Tender(sandbox) => sandbox.desk(),
            Self::Procurement(sandbox) => sandbox.desk(),
        }
    }

    pub fn journal(&self) -> &Journal {
        &self.desk().journal
    }

    /// See [`Play::take`].
    pub async fn take(&self, step: Step, application: &str) -> Option<anyhow::Result<Answer>> {
        match self {
            Self::Tender(sandbox) => Play::take(&**sandbox, step, application).await,
            Self::Procurement(sandbox) => Play::take(&**sandbox, step, application).await,
        }
    }

    /// See [`Play::standing`].
    pub fn standing(&self, application: &str) -> Option<Standing> {
        match self {
            Self::Tender(sandbox) => sandbox.standing(application),
            Self::Procurement(sandbox) => sandbox.standing(application),
        }
    }

    pub async fn apply_many(&self, count: u32) -> Vec<Acted> {
        match self {
            Self::Tender(sandbox) => sandbox.apply_many(count).await,
            Self::Procurement(sandbox) => sandbox.apply_many(count).await,
        }
    }

    /// Opens the bids, or collects the letters where nothing is opened.
    pub async fn open_all(&self) -> Vec<Acted> {
        match self {
            Self::Tender(sandbox) => Play::open_all(&**sandbox).await,
            Self::Procurement(sandbox) => Play::open_all(&**sandbox).await,
        }
    }

    /// What has reached it, application by application.
    pub fn received(&self) -> Vec<Received> {
        match self {
            Self::Tender(sandbox) => sandbox.deliveries().iter().map(Received::of_tender).collect(),
            Self::Procurement(sandbox) => sandbox.deliveries().iter().map(Received::of_procurement).collect(),
        }
    }

    /// Waits until something is true of what has reached it; `false` if that takes too long.
    pub async fn wait_until(&self, condition: impl Fn(&[Received]) -> bool, timeout: Duration) -> bool {
        match self {
            Self::Tender(sandbox) => sandbox.wait_until(|_| condition(&self.received()), timeout).await,
            Self::Procurement(sandbox) => sandbox.wait_until(|_| condition(&self.received()), timeout).await,
        }
    }

    /// A life with everything in it that the specification has.
    ///
    /// # Errors
    /// At the first step that does not end as it should.
    pub async fn live(&self, patience: Duration) -> anyhow::Result<Vec<Moment>> {
        match self {
            Self::Tender(sandbox) => Play::live(&**sandbox, patience).await,
            Self::Procurement(sandbox) => Play::live(&**sandbox, patience).await,
        }
    }

    pub async fn stop(&self) {
        match self {
            Self::Tender(sandbox) => sandbox.stop().await,
            Self::Procurement(sandbox) => sandbox.stop().await,
        }
    }
}

/// One application as its platform sees it.
pub struct Received {
    pub application: String,
    /// Told to be issued, with its letter where the platform gets one at once.
    pub issued: bool,
    /// The plaintext letter has arrived.
    pub complete: bool,
    pub exactly_once: bool,
    pub letters: Vec<ReceivedLetter>,
}

pub struct ReceivedLetter {
    pub title: &'static str,
    pub extension: &'static str,
    pub document: Arc<[u8]>,
}

impl Received {
    fn of_tender(delivery: &tender::Delivery) -> Self {
        let letter = |title, accepted: &Option<tender::Accepted>| {
            let document = Arc::clone(&accepted.as_ref()?.document);
            Some(ReceivedLetter { title, extension: "ofd", document })
        };
        let letters = [letter("密文保函", &delivery.ciphertext), letter("明文保函", &delivery.plaintext)];
        Self {
            application: delivery.applyno.clone(),
            issued: delivery.approved == Some(true) && (!delivery.restores || delivery.ciphertext.is_some()),
            complete: delivery.plaintext.is_some(),
            exactly_once: delivery.exactly_once(),
            letters: letters.into_iter().flatten().collect(),
        }
    }

    fn of_procurement(delivery: &neimenggu::Delivery) -> Self {
        let letter = |letter: &neimenggu::Letter| ReceivedLetter {
            title: "预付款保函",
            extension: "pdf",
            document: Arc::clone(&letter.document),
        };
        Self {
            application: delivery.application_id.clone(),
            issued: delivery.guarantee_id.is_some(),
            complete: !delivery.letters.is_empty(),
            exactly_once: delivery.exactly_once(),
            letters: delivery.letters.iter().map(letter).collect(),
        }
    }
}

/// The two sections of a platform in the settings. Secrets stand in files `ID.NAME` of a folder.
pub fn settings_sections(
    role: Role,
    url: &str,
    credentials: &Credentials,
    secret_file: &mut dyn FnMut(&str, &str) -> anyhow::Result<String>,
) -> anyhow::Result<String> {
    let id = role.id();
    let appsecret = secret_file(&format!("{id}.appsecret"), credentials.appsecret.expose())?;
    let mut text = format!(
        r#"
[platforms.{id}.wire]
dialect = "{dialect}"
title = "{title}"
appkey = "{appkey}"
appsecret_file = {appsecret}
base_url = "{url}"
"#,
        dialect = role.dialect(),
        title = role.title(),
        appkey = credentials.appkey,
    );
    if let Some(code) = role.platform_code() {
        text += &format!("platform_codes = [\"{code}\"]\n");
    }
    if role == Role::Zhangzhou {
        let key = secret_file(&format!("{id}.agreed_key"), &BASE64_STANDARD.encode(credentials.agreed_key))?;
        text += &format!("agreed_key_file = {key}\n");
        text += "redirect_url = \"https://insurer.example.com/pay?application={application}\"\n";
    }
    if role == Role::Neimenggu {
        let key = secret_file(&format!("{id}.private_key"), &hex::encode(credentials.institution))?;
        let theirs = PrivateKey::from_bytes(&credentials.platform)?.public_key();
        let theirs = hex::encode(theirs.to_sec1());
        let appid = &credentials.appid;
        text += &format!("appid = \"{appid}\"\nprivate_key_file = {key}\npublic_key = \"{theirs}\"\n");
        text += &format!("\n[platforms.{id}.letters.signature]\ncontainer = \"ses\"\n");
    }
    text += &format!("\n[platforms.{id}.edge]\nallow = [\"127.0.0.1\"]\n");
    text += &format!(
        r#"
[platforms.{id}.underwriting]
mode = "automatic"
surrender = "automatic"
rate = "0.004"
minimum_premium = "200.00"
smallest_amount = "1000.00"
largest_amount = "{largest}"
premium = {{ collection = "assumed", account = "46050100163600009999", bank = "示例银行海口分行" }}
"#,
        largest = if role == Role::Neimenggu { "50000000.00" } else { "800000.00" },
    );
    Ok(text)
}
