//! `baohan sandbox`: a simulated platform that runs by itself until Ctrl-C.

mod lines;
mod neimenggu;
mod signing_service;

use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};

use crate::sandbox::hainan::PublicKeyText;
use crate::sandbox::{
    GGZY, HAINAN, JILIN, Play, Running, Sandbox, SandboxOptions, Specification, ZHANGZHOU, read_faults,
};
use lines::Lines;
use neimenggu::NeimengguArgs;
use signing_service::SigningServiceArgs;

/// Run a simulated platform, with faults if asked
///
/// It pushes applications and openings to a gateway, and takes its notices and letters only if they are right in every
/// respect. It keeps nothing after it ends.
///
/// While it runs, `curl http://LISTEN/` lists what it can be told to do.
#[derive(Clone, Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    other: Option<Other>,

    /// Whose specification it follows
    #[arg(long, value_enum, default_value_t = Choice::Hainan)]
    platform: Choice,

    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,

    /// Where the gateway takes this platform's pushes; `http://127.0.0.1:8080/platforms/PLATFORM` unless given
    #[arg(long, value_name = "URL")]
    gateway: Option<String>,

    /// The appkey that the platform has given to the institution
    #[arg(long, default_value = "HN_DEMO_0001")]
    appkey: String,

    /// The appsecret that goes with it; better in a file
    #[arg(long, conflicts_with = "appsecret_file")]
    appsecret: Option<String>,

    /// A file that holds the appsecret
    #[arg(long, value_name = "FILE")]
    appsecret_file: Option<PathBuf>,

    /// The platform's own code, sent with each push where the specification has a field for it
    #[arg(long, value_name = "CODE")]
    platform_code: Option<String>,

    /// Zhangzhou: a file that holds the SM4 key that both sides have agreed on, as Base64
    #[arg(long, value_name = "FILE")]
    agreed_key_file: Option<PathBuf>,

    /// Hainan: the index of a letter's first slice
    #[arg(long, value_name = "0|1", default_value_t = 1, value_parser = clap::value_parser!(u64).range(0..=1))]
    index_base: u64,

    /// Hainan: how the public key is handed out
    #[arg(long, value_enum, default_value_t = PublicKeyForm::Hex)]
    public_key: PublicKeyForm,

    /// Hainan: take letters before the notice that names the guarantee
    #[arg(long)]
    upload_first: bool,

    /// Take letters that carry no electronic seal
    #[arg(long)]
    unsealed: bool,

    /// Write amount and type of an invoice as JSON numbers, and sign them so
    #[arg(long)]
    numbers: bool,

    /// Answer with a `code` that is a JSON number
    #[arg(long)]
    numeric_code: bool,

    /// Push forms with the field `requestData` instead of JSON
    #[arg(long)]
    form: bool,

    /// Name abnormal sections by the ciphertext of their applications
    #[arg(long)]
    sealed_sections: bool,

    /// Do not let the institution give an application up
    #[arg(long)]
    no_waivers: bool,

    #[command(flatten)]
    neimenggu: NeimengguArgs,

    /// Push so many made-up applications at the start
    #[arg(long, value_name = "N", default_value_t = 0)]
    count: u32,

    /// Open all sections (push the keys, or collect the guarantees) so many seconds after the start
    #[arg(long, value_name = "SECONDS")]
    open_after: Option<u64>,

    /// Fault script (TOML or JSON): what goes wrong, on which call. A line reads, for instance,
    /// `[[fault]] interface = "baohannotice" nth = 3 act = "reset"`. Acts: { late = MS }, { slow = MS },
    /// { status = 500 }, { busy = SECONDS }, "reset", { refuse = "TEXT" }, "html200", "accept-but-reset", "half-answer", "duplicate-push",
    /// "wrong-key-first"; `repeat = true` or `every = N` instead of `nth`
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,

    /// Append each exchange to this file, as one line of JSON
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,

    /// Write the letters that were accepted into this folder at the end
    #[arg(long, value_name = "FOLDER")]
    letters: Option<PathBuf>,
}

/// What can be simulated besides platforms.
#[derive(Clone, Debug, Subcommand)]
enum Other {
    SigningService(SigningServiceArgs),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Choice {
    /// 海南省公共资源交易投标担保服务平台
    Hainan,
    /// 吉林省公共资源交易一体化平台电子保函平台
    Jilin,
    /// 公共资源交易平台（电子金融服务）
    Ggzy,
    /// 漳州市工程项目电子保函服务平台
    Zhangzhou,
    /// 内蒙古自治区政府采购金融服务平台（电子预付款保函）
    Neimenggu,
}

impl Choice {
    /// The specification of a platform for tenders; `None` for Inner Mongolia, which is of another kind.
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

#[derive(Clone, Copy, Debug, ValueEnum)]
enum PublicKeyForm {
    /// 130 hexadecimal digits, beginning with 04
    Hex,
    /// 128 hexadecimal digits
    HexWithout04,
    /// Base64 of 65 bytes
    Base64,
}

impl Args {
    fn gateway(&self, id: &str) -> String {
        let given = self.gateway.clone();
        given.unwrap_or_else(|| format!("http://127.0.0.1:8080/platforms/{id}"))
    }

    fn options(&self, specification: &'static Specification) -> anyhow::Result<SandboxOptions> {
        let gateway = self.gateway(specification.id);
        let mut options = SandboxOptions::of(specification, gateway, &self.appkey, self.appsecret()?);
        options.listen = self.listen;
        if let Some(code) = &self.platform_code {
            options.platform_code.clone_from(code);
        }
        if !specification.restores() {
            options.agreed_key = self.agreed_key()?;
        }
        options.notice_first = !self.upload_first;
        options.seal_required = !self.unsealed;
        options.waivers_granted = !self.no_waivers;
        options.habits.numbers = self.numbers;
        options.habits.numeric_code = self.numeric_code;
        options.habits.form = self.form;
        options.habits.sealed_sections = self.sealed_sections;
        options.wire.index_base = self.index_base;
        options.wire.public_key = match self.public_key {
            PublicKeyForm::Hex => PublicKeyText::Hex,
            PublicKeyForm::HexWithout04 => PublicKeyText::HexWithout04,
            PublicKeyForm::Base64 => PublicKeyText::Base64,
        };
        Ok(options)
    }

    fn appsecret(&self) -> anyhow::Result<String> {
        match (&self.appsecret, &self.appsecret_file) {
            (Some(secret), _) => Ok(secret.clone()),
            (None, Some(path)) => text_of("appsecret file", path),
            (None, None) => {
                bail!("the appsecret is missing: give --appsecret-file FILE, or --appsecret TEXT")
            }
        }
    }

    fn agreed_key(&self) -> anyhow::Result<[u8; 16]> {
        let path = self.agreed_key_file.as_deref();
        let path = path.context("the agreed key is missing: give --agreed-key-file FILE")?;
        let key = BASE64.decode(text_of("agreed key file", path)?).ok().and_then(|key| key.try_into().ok());
        key.with_context(|| format!("agreed key file `{}`: expected Base64 of 16 bytes", path.display()))
    }
}

fn text_of(what: &str, path: &Path) -> anyhow::Result<String> {
    let text = std::fs::read_to_string(path);
    Ok(text.with_context(|| format!("{what} `{}`", path.display()))?.trim().to_owned())
}

/// Runs the platform until Ctrl-C and prints each exchange as a line.
///
/// # Errors
/// When the platform cannot be started, or a line cannot be written.
pub async fn run(args: Args, out: &mut dyn Write) -> anyhow::Result<()> {
    run_until(args, out, tokio::signal::ctrl_c()).await
}

async fn run_until(
    args: Args,
    out: &mut dyn Write,
    stop: impl Future<Output = std::io::Result<()>>,
) -> anyhow::Result<()> {
    if let Some(Other::SigningService(service)) = &args.other {
        let service = service.start(out)?;
        stop.await.context("Ctrl-C cannot be awaited")?;
        service.stop().await;
        return Ok(());
    }
    if let Some(specification) = args.platform.specification() {
        let sandbox = Sandbox::start(args.options(specification)?).await?;
        return session(sandbox, &args, out, stop).await;
    }
    let sandbox = args.neimenggu.start(&args).await?;
    writeln!(out, "the platform's public key: {}", BASE64.encode(sandbox.public_key()))?;
    session(sandbox, &args, out, stop).await
}

async fn session(
    sandbox: Running<impl Play>,
    args: &Args,
    out: &mut dyn Write,
    stop: impl Future<Output = std::io::Result<()>>,
) -> anyhow::Result<()> {
    let faults = args.faults.as_deref().map(read_faults).transpose()?;
    let mut lines = Lines::new(args.journal.as_deref())?;
    let desk = sandbox.desk();
    desk.faults.set(faults.unwrap_or_default());
    writeln!(out, "the platform's interfaces: {}", sandbox.url())?;
    writeln!(out, "what it can be told to do: curl {}/", sandbox.control_url())?;
    out.flush()?;

    play(&*sandbox, args, &mut lines, out, stop).await?;
    sandbox.stop().await;
    lines.rest(&desk.journal, out)?;
    if let Some(folder) = &args.letters {
        let paths = sandbox.save_letters(folder)?;
        writeln!(out, "{} letters in {}", paths.len(), folder.display())?;
    }
    Ok(())
}

/// Prints what happens, until it is told to stop.
async fn play(
    platform: &impl Play,
    args: &Args,
    lines: &mut Lines,
    out: &mut dyn Write,
    stop: impl Future<Output = std::io::Result<()>>,
) -> anyhow::Result<()> {
    tokio::select! {
        interrupted = stop => interrupted.context("Ctrl-C cannot be awaited"),
        result = lines.follow(&platform.desk().journal, out) => result,
        never = acts(platform, args.count, args.open_after) => match never {},
    }
}

/// What was asked for on the command line; then it leaves the platform to those who call it.
async fn acts(platform: &impl Play, count: u32, open_after: Option<u64>) -> std::convert::Infallible {
    let apply = async {
        drop(platform.apply_many(count).await);
    };
    let open = async {
        if let Some(seconds) = open_after {
            platform.desk().clock.wait(Duration::from_secs(seconds)).await;
            drop(platform.open_all().await);
        }
    };
    tokio::join!(apply, open);
    std::future::pending().await
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use clap::Parser;
    use tokio::sync::Semaphore;

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        args: Args,
    }

    fn args(line: &[&str]) -> Args {
        Program::parse_from([&["sandbox", "--listen", "127.0.0.1:0"], line].concat()).args
    }

    /// Counts lines as they are written.
    struct Paper {
        text: Vec<u8>,
        lines: Arc<Semaphore>,
    }

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.lines.add_permits(bytes.iter().filter(|byte| **byte == b'\n').count());
            self.text.write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn it_pushes_as_many_applications_as_asked_and_prints_and_records_each() {
        let folder = tempfile::tempdir().unwrap();
        let secret = folder.path().join("secret");
        std::fs::write(&secret, "demo\n").unwrap();
        let journal = folder.path().join("journal.jsonl");
        let (secret, path) = (secret.to_str().unwrap(), journal.to_str().unwrap());
        // Nobody listens there, which is an exchange as well.
        let gateway = "http://127.0.0.1:9";
        let args =
            args(&["--gateway", gateway, "--appsecret-file", secret, "--count", "3", "--journal", path]);
        let lines = Arc::new(Semaphore::new(0));
        let mut out = Paper { text: Vec::new(), lines: Arc::clone(&lines) };
        let greeting_and_pushes = async {
            drop(lines.acquire_many(2 + 3).await.unwrap());
            Ok(())
        };
        run_until(args, &mut out, greeting_and_pushes).await.unwrap();
        let text = String::from_utf8(out.text).unwrap();
        assert!(text.contains("/rest/gbsapi"), "{text}");
        assert_eq!(text.matches("-> baohanapply").count(), 3, "{text}");
        assert_eq!(std::fs::read_to_string(&journal).unwrap().lines().count(), 3);
    }

    #[tokio::test]
    async fn without_a_secret_it_says_how_to_give_one() {
        let error = run(args(&[]), &mut Vec::new()).await.unwrap_err();
        assert!(error.to_string().contains("--appsecret-file"), "{error}");
    }

    #[tokio::test]
    async fn each_platform_greets_by_its_own_name() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        std::fs::write(&key, "GRbgz0P1Fe9gKrpOJtZ4jA==\n").unwrap();
        for (platform, acts) in [("jilin", "wrong-key"), ("ggzy", "abort"), ("zhangzhou", "collect")] {
            let line =
                ["--platform", platform, "--appsecret", "demo", "--agreed-key-file", key.to_str().unwrap()];
            let args = args(&line);
            let options = args.options(args.platform.specification().unwrap()).unwrap();
            assert!(options.gateway.ends_with(&format!("/platforms/{platform}")));
            let sandbox = Sandbox::start(options).await.unwrap();
            assert!(sandbox.help().contains(&format!("POST /acts/{acts}/")), "{platform}");
            sandbox.stop().await;
        }
    }

    #[test]
    fn without_the_agreed_key_it_says_how_to_give_one() {
        let args = args(&["--platform", "zhangzhou", "--appsecret", "demo"]);
        let error = args.options(&ZHANGZHOU).err().unwrap();
        assert!(error.to_string().contains("--agreed-key-file"), "{error}");
    }

    #[tokio::test]
    async fn inner_mongolia_says_its_public_key_and_needs_the_institutions() {
        let line = ["--platform", "neimenggu", "--appsecret", "demo"];
        let error = run(args(&line), &mut Vec::new()).await.unwrap_err();
        assert!(error.to_string().contains("--institution-key-file"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let institution = file(
            "institution.pem",
            "-----BEGIN PUBLIC KEY-----\n\
             MFkwEwYHKoZIzj0CAQYIKoEcz1UBgi0DQgAEpUr+x2I7MT0Skz3mn6+sH5Uqr4xx\n\
             veuVmn/9rYuq1QMiAjCump1Znd5r7l0Dybf2J2skVA0vV1/AWgSY5iQ2Tw==\n\
             -----END PUBLIC KEY-----\n",
        );
        let own = file("own.hex", "8caffde0271400c9982eee7608d9653e4ac4a642f8c8b80a7c200a52c685d543\n");
        let keys = ["--institution-key-file", &institution, "--private-key-file", &own, "--count", "1"];
        let line = [line.as_slice(), &keys, &["--gateway", "http://127.0.0.1:9"]].concat();
        let lines = Arc::new(Semaphore::new(0));
        let mut out = Paper { text: Vec::new(), lines: Arc::clone(&lines) };
        let greeting_and_push = async {
            drop(lines.acquire_many(3 + 1).await.unwrap());
            Ok(())
        };
        run_until(args(&line), &mut out, greeting_and_push).await.unwrap();
        let text = String::from_utf8(out.text).unwrap();
        assert!(text.contains("public key: BDIwT4gnX5mv9vc5CiUPoAupPhFlQWY/pUznVa7fQN7Y5yumThs"), "{text}");
        assert!(text.contains("/openplatform") && text.contains("-> PREP101"), "{text}");
    }
}
