//! Pushes of every interface of a platform, made from its table, with a value in every field: what tests of bad input
//! then spoil.

use baohan_gateway::cli::demo::cast::{Actor, Credentials, Role};
use baohan_gateway::crypto::second_opinion::sm4_ecb_encrypt;
use baohan_gateway::dialect::meaning::Meaning;
use baohan_gateway::dialect::table::{Direction, Field, Interface};
use baohan_gateway::dialect::{Registry, Table};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use crate::files;
use crate::house::House;

/// Opens no guarantee that the simulated platforms have applied for.
const KEY: [u8; 16] = [7; 16];

/// The guarantee that a push is about.
#[derive(Clone, Debug)]
pub struct About {
    pub application: String,
    pub guarantee: String,
}

pub struct Speaker<'h> {
    pub role: Role,
    credentials: &'h Credentials,
    sandbox: &'h Actor,
    pub table: Table,
}

impl<'h> Speaker<'h> {
    pub fn of(house: &'h House<Actor>) -> Self {
        Self::new(house.role, &house.credentials, &house.sandbox)
    }

    pub fn new(role: Role, credentials: &'h Credentials, sandbox: &'h Actor) -> Self {
        let registry = Registry::built_in().unwrap();
        let table = registry.tables().find(|table| table.id.starts_with(role.id())).unwrap();
        Self { role, credentials, sandbox, table: table.clone() }
    }

    /// The interfaces that the platform calls.
    pub fn interfaces(&self) -> impl Iterator<Item = &Interface> {
        self.table.interfaces.iter().filter(|interface| interface.direction == Direction::In)
    }

    /// The code of a failure that a platform with several tells apart; the others have one.
    pub fn code<'c>(&self, of_many: &'c str) -> &'c str {
        if self.table.wrapper.is_some() { of_many } else { "0" }
    }

    /// A push that is as it should be, but for values that are given by their meanings.
    pub fn push(&self, interface: &Interface, about: &About, changes: &[(Meaning, &str)]) -> String {
        let fields = interface.fields.iter().filter(|field| field.is != Some(Meaning::Digest)).map(|field| {
            let changed = changes.iter().find(|(meaning, _)| field.is == Some(*meaning));
            let value = changed.map_or_else(|| self.value(field, about), |(_, value)| (*value).to_owned());
            (field.name.clone(), value)
        });
        match self.sandbox {
            Actor::Tender(_) => {
                let mut message: Map<String, Value> =
                    fields.map(|(name, value)| (name, Value::from(value))).collect();
                let digest = files::digest(self.role, &message);
                message.insert(self.table.envelope.digest.clone(), digest.into());
                Value::Object(message).to_string()
            }
            Actor::Procurement(sandbox) => {
                let message: Vec<(String, String)> = fields.collect();
                String::from_utf8(sandbox.sealed_body(&interface.name, &message).unwrap()).unwrap()
            }
        }
    }

    fn value(&self, field: &Field, about: &About) -> String {
        let plain = self.plain(field, about);
        if !field.cipher {
            return plain;
        }
        let agreed = self.role == Role::Zhangzhou;
        let key = if agreed { &self.credentials.agreed_key } else { &KEY };
        BASE64.encode(sm4_ecb_encrypt(key, plain.as_bytes()).unwrap())
    }

    fn plain(&self, field: &Field, about: &About) -> String {
        let Some(meaning) = field.is else { return "甲".to_owned() };
        let text = match meaning {
            Meaning::AppKey => &self.credentials.appkey,
            Meaning::ApplicationNumber => &about.application,
            Meaning::GuaranteeNumber => &about.guarantee,
            Meaning::PlatformCode if self.role == Role::Jilin => "220100",
            Meaning::PlatformCode => "460000",
            Meaning::BeneficiaryCode => "12460000MA0EXAMP8Y",
            Meaning::GuaranteedAmount
            | Meaning::ContractEstimate
            | Meaning::AwardAmount
            | Meaning::ClaimedAmount
            | Meaning::InvoiceAmount => "120000.50",
            Meaning::BidValidityDays | Meaning::GuaranteeMonths | Meaning::ContractMonths => "24",
            Meaning::Evidence => r#"[{"fileurl":"https://platform.example/1?x=1&y=2"}]"#,
            Meaning::SectionKey => return BASE64.encode(KEY),
            Meaning::LetterFile => return BASE64.encode(b"%PDF-1.7"),
            Meaning::Timestamp
            | Meaning::DepositDeadline
            | Meaning::OpeningTime
            | Meaning::OpenedAt
            | Meaning::EffectiveAt => return moment(field, "yyyy-MM-dd HH:mm:ss"),
            Meaning::AwardDate
            | Meaning::GuaranteeFrom
            | Meaning::GuaranteeUntil
            | Meaning::FirstDay
            | Meaning::LastDay => return moment(field, "yyyy-MM-dd"),
            _ => field.values.values().next().map_or("甲", String::as_str),
        };
        text.to_owned()
    }
}

fn moment(field: &Field, usual: &str) -> String {
    let form = field.format.as_deref().unwrap_or(usual).replace("yyyy", "2026").replace("MM", "06");
    form.replace("dd", "03").replace("HH", "09").replace("mm", "15").replace("ss", "00")
}
