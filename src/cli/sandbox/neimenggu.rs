//! What `baohan sandbox` asks for Inner Mongolia alone, whose messages are encrypted as a whole.

use std::path::PathBuf;

use anyhow::Context;
use clap::{Args as ClapArgs, ValueEnum};

use super::text_of;
use crate::crypto::sm2::PublicKey;
use crate::sandbox::neimenggu::{FilePushes, Reqtime, Sandbox, SandboxOptions};

#[derive(Clone, Debug, ClapArgs)]
pub struct NeimengguArgs {
    /// Inner Mongolia: the appid that stands for the institution on the wire
    #[arg(long, default_value = "nm_insurer_01")]
    appid: String,

    /// Inner Mongolia: a file that holds the institution's public key, as PEM, Base64 or hexadecimal digits
    #[arg(long, value_name = "FILE")]
    institution_key_file: Option<PathBuf>,

    /// Inner Mongolia: a file that holds the platform's private key, as 64 hexadecimal digits; a fresh one unless given
    #[arg(long, value_name = "FILE")]
    private_key_file: Option<PathBuf>,

    /// Inner Mongolia: how the time of a push is printed
    #[arg(long, value_enum, default_value_t = ReqtimeForm::Digits)]
    reqtime: ReqtimeForm,

    /// Inner Mongolia: push PREP103 and PREP104 like the others, not in the digital envelope
    #[arg(long)]
    no_envelope: bool,

    /// Inner Mongolia: take the letter before the premium
    #[arg(long)]
    pay_later: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ReqtimeForm {
    /// yyyyMMddHHmmss
    Digits,
    /// yyyyMMddHH:mm:ss
    Colons,
    /// yyyyMMddH:mm:ss
    ShortHour,
}

impl NeimengguArgs {
    /// Starts the platform.
    ///
    /// # Errors
    /// When a key is missing or is none, or the platform cannot be started.
    pub async fn start(&self, all: &super::Args) -> anyhow::Result<Sandbox> {
        let path = self.institution_key_file.as_deref();
        let path =
            path.context("the institution's public key is missing: give --institution-key-file FILE")?;
        let key = PublicKey::from_text(&text_of("institution key file", path)?);
        let key = key.with_context(|| format!("institution key file `{}`", path.display()))?;
        let gateway = all.gateway("neimenggu");
        let (appid, appkey) = (&self.appid, &all.appkey);
        let mut options = SandboxOptions::new(gateway, appid, appkey, all.appsecret()?, key.to_sec1());
        options.listen = all.listen;
        options.private_key = self.private_key()?;
        options.reqtime = match self.reqtime {
            ReqtimeForm::Digits => Reqtime::Digits,
            ReqtimeForm::Colons => Reqtime::Colons,
            ReqtimeForm::ShortHour => Reqtime::ShortHour,
        };
        if self.no_envelope {
            options.file_pushes = FilePushes::LikeTheOthers;
        }
        options.payment_first = !self.pay_later;
        Sandbox::start(options).await
    }

    fn private_key(&self) -> anyhow::Result<Option<[u8; 32]>> {
        let Some(path) = self.private_key_file.as_deref() else { return Ok(None) };
        let bytes = hex::decode(text_of("private key file", path)?).ok().and_then(|key| key.try_into().ok());
        let name = path.display();
        bytes.map(Some).with_context(|| format!("private key file `{name}`: expected 64 hexadecimal digits"))
    }
}
