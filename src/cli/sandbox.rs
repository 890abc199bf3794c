//! `baohan sandbox`: a simulated Hainan platform that runs by itself until Ctrl-C.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args as ClapArgs, ValueEnum};

use crate::clock::Clock;
use crate::sandbox::hainan::{PublicKeyText, Sandbox, SandboxOptions, read_faults};

/// Run a simulated Hainan platform: it pushes applications and openings to a gateway, and takes its notices and
/// letters only if they are right in every respect. It keeps nothing after it ends.
///
/// While it runs, `curl http://LISTEN/` lists what it can be told to do.
#[derive(Clone, Debug, ClapArgs)]
pub struct Args {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,

    /// Where the gateway takes this platform's pushes
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080/platforms/hainan")]
    gateway: String,

    /// The appkey that the platform has given to the institution
    #[arg(long, default_value = "HN_DEMO_0001")]
    appkey: String,

    /// The appsecret that goes with it; better in a file
    #[arg(long, conflicts_with = "appsecret_file")]
    appsecret: Option<String>,

    /// A file that holds the appsecret
    #[arg(long, value_name = "FILE")]
    appsecret_file: Option<PathBuf>,

    /// The platform's own code, sent with each push
    #[arg(long, value_name = "CODE", default_value = "460000")]
    platform_code: String,

    /// The index of a letter's first slice
    #[arg(long, value_name = "0|1", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=1))]
    index_base: u64,

    /// How the public key is handed out
    #[arg(long, value_enum, default_value_t = PublicKeyForm::Hex)]
    public_key: PublicKeyForm,

    /// Take letters before the notice that names the guarantee
    #[arg(long)]
    upload_first: bool,

    /// Take letters that carry no electronic seal
    #[arg(long)]
    unsealed: bool,

    /// Push so many made-up applications at the start
    #[arg(long, value_name = "N", default_value_t = 0)]
    count: u32,

    /// Open all sections (push the keys) so many seconds after the start
    #[arg(long, value_name = "SECONDS")]
    open_after: Option<u64>,

    /// Fault script (TOML or JSON): what goes wrong, on which call. A line reads, for instance,
    /// `[[fault]] interface = "uploadbaohanfile" nth = 3 act = "reset"`. Acts: { late = MS }, { slow = MS },
    /// { status = 500 }, "reset", { refuse = "TEXT" }, "html200", "accept-but-reset", "half-answer", "duplicate-push",
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
    fn options(&self) -> anyhow::Result<SandboxOptions> {
        let appsecret = match (&self.appsecret, &self.appsecret_file) {
            (Some(secret), _) => secret.clone(),
            (None, Some(path)) => {
                let text = std::fs::read_to_string(path);
                text.with_context(|| format!("appsecret file `{}`", path.display()))?.trim().to_owned()
            }
            (None, None) => {
                bail!("the appsecret is missing: give --appsecret-file FILE, or --appsecret TEXT")
            }
        };
        let mut options = SandboxOptions::new(&self.gateway, &self.appkey, appsecret);
        options.listen = self.listen;
        options.platform_code.clone_from(&self.platform_code);
        options.notice_first = !self.upload_first;
        options.seal_required = !self.unsealed;
        options.wire.index_base = self.index_base;
        options.wire.public_key = match self.public_key {
            PublicKeyForm::Hex => PublicKeyText::Hex,
            PublicKeyForm::HexWithout04 => PublicKeyText::HexWithout04,
            PublicKeyForm::Base64 => PublicKeyText::Base64,
        };
        Ok(options)
    }
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
    let options = args.options()?;
    let clock = options.clock.clone();
    let faults = args.faults.as_deref().map(read_faults).transpose()?;
    let journal = args.journal.as_ref().map(|path| {
        let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
        file.with_context(|| format!("journal `{}`", path.display()))
    });
    let mut lines = Lines { journal: journal.transpose()?, written: 0 };
    let sandbox = Sandbox::start(options).await?;
    sandbox.script(faults.unwrap_or_default());
    writeln!(out, "the platform's interfaces: {}", sandbox.url())?;
    writeln!(out, "what it can be told to do: curl {}/", sandbox.control_url())?;
    out.flush()?;

    let acts = acts(&sandbox, &clock, args.count, args.open_after);
    tokio::select! {
        interrupted = stop => interrupted.context("Ctrl-C cannot be awaited")?,
        result = lines.follow(&sandbox, out) => result?,
        () = acts => {}
    }
    sandbox.stop().await;
    lines.rest(&sandbox, out)?;
    if let Some(folder) = &args.letters {
        let paths = sandbox.save_letters(folder)?;
        writeln!(out, "{} letters in {}", paths.len(), folder.display())?;
    }
    Ok(())
}

/// What was asked for on the command line; then it leaves the platform to those who call it.
async fn acts(sandbox: &Sandbox, clock: &Clock, count: u32, open_after: Option<u64>) {
    let apply = async {
        drop(sandbox.apply_many(count).await);
    };
    let open = async {
        if let Some(seconds) = open_after {
            clock.wait(Duration::from_secs(seconds)).await;
            drop(sandbox.open_section().await);
        }
    };
    tokio::join!(apply, open);
    std::future::pending().await
}

/// Where the exchanges are written, and how far that has come.
struct Lines {
    journal: Option<std::fs::File>,
    written: u64,
}

impl Lines {
    /// Writes each exchange as it is entered; ends only with an error.
    async fn follow(&mut self, sandbox: &Sandbox, out: &mut dyn Write) -> anyhow::Result<()> {
        let mut changes = sandbox.journal().watch();
        loop {
            changes.mark_unchanged();
            self.rest(sandbox, out)?;
            changes.changed().await.context("the journal has ended")?;
        }
    }

    /// Writes what has not been written yet.
    fn rest(&mut self, sandbox: &Sandbox, out: &mut dyn Write) -> anyhow::Result<()> {
        for exchange in sandbox.journal().since(self.written) {
            writeln!(out, "{exchange}")?;
            if let Some(file) = &mut self.journal {
                writeln!(file, "{}", serde_json::to_string(exchange.as_ref())?)?;
            }
            self.written = exchange.number;
        }
        out.flush()?;
        Ok(())
    }
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
}
