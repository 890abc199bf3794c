//! A platform that speaks a dialect from its table alone: pushes of every interface with a value in every field.

use baohan_gateway::clock;
use baohan_gateway::crypto::encoding::TextForm;
use baohan_gateway::crypto::sm2::{Layout, PrivateKey};
use baohan_gateway::crypto::{sm3, sm4};
use baohan_gateway::dialect::meaning::Meaning;
use baohan_gateway::dialect::options::KeySource;
use baohan_gateway::dialect::table::{Direction, Field, Interface};
use baohan_gateway::dialect::{Opened, Profile, Registry, Rejection, Table};
use baohan_gateway::domain::identity::PlatformId;
use serde_json::{Map, Value};

use crate::platform;

const SECRET: &str = "a secret of the test";
const ACCOUNT: &str = "account-01";
/// Of the digest, where messages name an account and not the appkey.
const APP_KEY: &str = "appkey-01";

/// What a push has in a field instead of what it should have; nothing at all for `None`.
pub type Change<'c> = (&'c str, Option<&'c str>);

pub struct Speaker {
    pub table: Table,
    profile: Profile,
    section_key: sm4::Key,
    institution: PrivateKey,
}

impl Speaker {
    /// One for each built-in dialect.
    pub fn all() -> Vec<Self> {
        Registry::built_in().unwrap().tables().map(Self::of).collect()
    }

    fn of(table: &Table) -> Self {
        let (section_key, institution) = (sm4::Key::generate(), PrivateKey::generate());
        let mut options = format!(
            "dialect = '{}'\ntitle = 'x'\nappsecret = '{SECRET}'\nbase_url = 'https://platform.example/'\n",
            table.id
        );
        let answers = table.interfaces.iter().flat_map(|interface| &interface.answer);
        if answers.into_iter().any(|row| row.on_success) {
            options.push_str("redirect_url = 'https://insurer.example/pay?id={application}'\n");
        }
        if table.cipher.key_source == KeySource::Agreed {
            let key = TextForm::Base64.encode(section_key.expose());
            options.push_str(&format!("agreed_key = '{key}'\n"));
        }
        if table.wrapper.is_some() {
            let (own, theirs) = (institution.to_pem(), PrivateKey::generate().public_key().to_pem());
            options.push_str(&format!("appid = '{ACCOUNT}'\nappkey = '{APP_KEY}'\n"));
            options.push_str(&format!("private_key = '''{}'''\npublic_key = '''{theirs}'''\n", *own));
        } else {
            options.push_str(&format!("appkey = '{ACCOUNT}'\n"));
        }
        let profile =
            Profile::new(PlatformId::new("test"), table, &toml::from_str(&options).unwrap()).unwrap();
        Self { table: table.clone(), profile, section_key, institution }
    }

    /// The interfaces that the platform calls.
    pub fn pushes(&self) -> impl Iterator<Item = &Interface> {
        self.table.interfaces.iter().filter(|interface| interface.direction == Direction::In)
    }

    /// A push with a value in every field, but for the changes, and a digest that fits it.
    pub fn push(&self, interface: &Interface, changes: &[Change<'_>]) -> String {
        let message = self.message(interface, changes);
        if self.table.wrapper.is_some() {
            return self.wrapped(interface, &message, &[]);
        }
        let mut message: Map<String, Value> = serde_json::from_str(&message).unwrap();
        let digest = platform::digest(&Value::Object(message.clone()), SECRET);
        message.insert(self.table.envelope.digest.clone(), digest.into());
        Value::Object(message).to_string()
    }

    /// The same with the interface's last field a second time.
    pub fn push_with_a_field_twice(&self, interface: &Interface) -> String {
        let twice = |message: &str| {
            let name = interface.fields.last().unwrap().name.as_str();
            message.replacen('{', &format!("{{\"{name}\":\"x\","), 1)
        };
        if self.table.wrapper.is_some() {
            return self.wrapped(interface, &twice(&self.message(interface, &[])), &[]);
        }
        twice(&self.push(interface, &[]))
    }

    /// The same with another digest, in the form of one.
    pub fn push_with_another_digest(&self, interface: &Interface) -> String {
        let digest = self.table.envelope.digest.as_str();
        let other = Value::from("0".repeat(64));
        if self.table.wrapper.is_some() {
            let message = self.message(interface, &[]);
            let mut outer: Value = serde_json::from_str(&self.wrapped(interface, &message, &[])).unwrap();
            outer[digest] = other;
            return outer.to_string();
        }
        let mut message: Value = serde_json::from_str(&self.push(interface, &[])).unwrap();
        message[digest] = other;
        message.to_string()
    }

    /// A wrapped push whose outer fields are changed.
    pub fn push_in_another_wrapper(&self, interface: &Interface, changes: &[Change<'_>]) -> String {
        self.wrapped(interface, &self.message(interface, &[]), changes)
    }

    pub fn open(&self, interface: &Interface, body: &str) -> Result<Opened, Rejection> {
        let now = clock::from_wire("2024-06-03 09:16:00").unwrap();
        self.profile.open(Some(interface.path()), Some("application/json"), body.as_bytes(), now)
    }

    /// What the platform is told: the whole answer, and the rejection behind it.
    pub fn refusal(&self, interface: &Interface, body: &str) -> (Value, Rejection) {
        let rejection = self.open(interface, body).unwrap_err();
        let name = rejection.interface.as_deref();
        let answer = self.profile.failure(name, rejection.kind.failure(), &rejection.message);
        (serde_json::from_slice(&answer).unwrap(), rejection)
    }

    fn message(&self, interface: &Interface, changes: &[Change<'_>]) -> String {
        let fields = interface.fields.iter().filter(|field| field.is != Some(Meaning::Digest));
        written(fields.map(|field| (field.name.as_str(), self.value(field))), changes).to_string()
    }

    fn wrapped(&self, interface: &Interface, message: &str, changes: &[Change<'_>]) -> String {
        let layout = Layout::default();
        let encrypted = |bytes: &[u8]| {
            let ciphertext = self.institution.public_key().encrypt(bytes, layout).unwrap();
            TextForm::Base64.encode(&ciphertext)
        };
        let key = interface.enveloped.then(sm4::Key::generate);
        let data = match &key {
            None => encrypted(message.as_bytes()),
            Some(key) => {
                let padding = sm4::Padding::Pkcs7;
                let ciphertext = sm4::encrypt(key, sm4::Mode::Ecb, padding, message.as_bytes()).unwrap();
                TextForm::Base64.encode(&ciphertext)
            }
        };
        let fields = &self.table.wrapper.as_ref().unwrap().fields;
        let fields = fields.iter().filter(|field| field.is != Some(Meaning::Digest)).map(|field| {
            let value = match field.is {
                Some(Meaning::Transaction) => interface.name.clone(),
                Some(Meaning::Payload) => data.clone(),
                _ => field.constant.clone().unwrap_or_else(|| self.value(field)),
            };
            (field.name.as_str(), value)
        });
        let mut outer = written(fields, changes);
        let of = |name: &str| outer[name].as_str().unwrap_or_default().to_owned();
        let sign = match &key {
            Some(key) => encrypted(key.expose()),
            // 内蒙古 9.3.2, which is the only wrapper there is.
            None => {
                let text = format!("{}&{}&{APP_KEY}&{SECRET}", of("data"), of("reqtime"));
                TextForm::Hex.encode(&sm3::digest(text.as_bytes()))
            }
        };
        outer[self.table.envelope.digest.as_str()] = sign.into();
        outer.to_string()
    }

    fn value(&self, field: &Field) -> String {
        let plain = formed(field, &self.table.timestamp.format).unwrap_or_else(|| "甲".to_owned());
        if !field.cipher {
            return plain;
        }
        let (key, padding) = (&self.section_key, sm4::Padding::Pkcs7);
        TextForm::Base64.encode(&sm4::encrypt(key, sm4::Mode::Ecb, padding, plain.as_bytes()).unwrap())
    }
}

fn written<'f>(fields: impl Iterator<Item = (&'f str, String)>, changes: &[Change<'_>]) -> Value {
    let mut message: Map<String, Value> =
        fields.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    for (name, value) in changes {
        match value {
            Some(value) => drop(message.insert((*name).to_owned(), Value::from(*value))),
            None => drop(message.remove(*name)),
        }
    }
    Value::Object(message)
}

/// A value of a field that can't have just any text.
pub fn formed(field: &Field, time: &str) -> Option<String> {
    if let Some(word) = field.values.values().next() {
        return Some(word.clone());
    }
    let moment = |usual: &str| {
        let form = field.format.as_deref().unwrap_or(usual).replace("yyyy", "2024").replace("MM", "06");
        form.replace("dd", "03").replace("HH", "09").replace("mm", "15").replace("ss", "00")
    };
    Some(match field.is? {
        Meaning::AppKey => ACCOUNT.to_owned(),
        Meaning::GuaranteedAmount
        | Meaning::ContractEstimate
        | Meaning::AwardAmount
        | Meaning::ClaimedAmount
        | Meaning::InvoiceAmount => "120000.50".to_owned(),
        Meaning::BidValidityDays | Meaning::GuaranteeMonths | Meaning::ContractMonths => "24".to_owned(),
        Meaning::Timestamp
        | Meaning::DepositDeadline
        | Meaning::OpeningTime
        | Meaning::OpenedAt
        | Meaning::EffectiveAt => moment(time),
        Meaning::AwardDate
        | Meaning::GuaranteeFrom
        | Meaning::GuaranteeUntil
        | Meaning::FirstDay
        | Meaning::LastDay => moment("yyyy-MM-dd"),
        Meaning::MessageNumber => "adfd95a4b3634b58b0cf3b8c67b18a29".to_owned(),
        Meaning::BeneficiaryCode => "91350200MA0EXAMP3J".to_owned(),
        Meaning::SectionKey => TextForm::Base64.encode(&[7; 16]),
        Meaning::LetterFile => TextForm::Base64.encode(b"%PDF-1.7"),
        Meaning::Evidence => r#"[{"fileurl":"https://platform.example/1?x=1&y=2"}]"#.to_owned(),
        _ => return None,
    })
}
