//! `baohan keys`: makes keys and certificates, takes in those that others made, shows which are where, and rules the life of
//! the keys in the database.

mod demonstration;
mod lifecycle;
mod recognition;
mod sealed_secret;

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use jiff::Timestamp;

use crate::clock::{Clock, china_date};
use crate::crypto::certificate::Certificate;
use crate::crypto::keyring::{Keyring, generate_master, master_id, read_halves, write_halves};
use crate::crypto::pkcs12::Pkcs12;
use crate::crypto::private_file;
use crate::crypto::sm2::{PrivateKey, PublicKey};
use crate::settings::{self, MasterSource};

pub use demonstration::{DemonstrationKeys, demonstration_keys, electronic_seal};
use recognition::Material;

/// Make, take in and list keys and certificates
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    #[command(flatten)]
    Files(OnFiles),
    #[command(flatten)]
    Lifecycle(lifecycle::Command),
    /// Seal a secret under the master key, so that it may stand in a settings file
    ///
    /// What is printed goes where the secret would: `appsecret = "sealed:…"`.
    SealSecret(sealed_secret::Args),
}

/// What needs no settings and no database.
#[derive(Debug, clap::Subcommand)]
enum OnFiles {
    /// Make new keys; nothing that exists is overwritten
    Generate {
        #[command(subcommand)]
        what: Generate,
    },
    /// Check a key or certificate that somebody handed over, and store it as PEM
    ///
    /// SM2 keys are read as PEM (PKCS#8 or SEC 1, without a password), as Base64 or hex of these, or as Base64 or hex of
    /// the 32-byte number; RSA and ECDSA keys, which sign PDF, as PEM. Public keys are read as hex (66, 128 or 130 digits),
    /// Base64 or PEM; certificates as PEM, DER, Base64 or hex. Of a PKCS#12 file, which needs its password, the SM2 key for
    /// signing is stored and its certificate beside it. A private key is stored so that only its owner can read it, and is
    /// never shown.
    Import {
        /// The file to read
        file: PathBuf,
        /// The folder to store it in
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// What to call it: NAME.key.pem, NAME.cert.pem or NAME.pub.pem
        #[arg(long)]
        name: String,
        /// A file that holds the password of a PKCS#12 file (.p12, .pfx)
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// List the keys and certificates of a folder, with their owners and the days they have left
    ///
    /// A private key, its public key and its certificates bear the same fingerprint.
    List {
        /// The folder to look in
        dir: PathBuf,
    },
}

#[derive(Debug, clap::Subcommand)]
enum Generate {
    /// The master key, under which the gateway encrypts what it stores
    ///
    /// Keep a copy where neither the database nor its backups are: without this key, what is stored cannot be read.
    Master {
        /// The file to write
        file: PathBuf,
    },
    /// The master key in two halves, for two people: neither says anything about it without the other
    Halves {
        /// The file of one
        one: PathBuf,
        /// The file of the other
        other: PathBuf,
        /// Divide this master key instead of a new one: a file, `env:NAME` or `credential:NAME`
        #[arg(long, value_name = "PLACE")]
        of: Option<MasterSource>,
    },
    /// A root, a seal maker, an institution's signing keys, their certificates and its seal, for demonstrations only
    ///
    /// The files have the names that the settings expect in `data/keys`.
    Demo {
        /// The folder to write to
        dir: PathBuf,
        /// The institution's full name, as the seal and the certificate show it
        #[arg(long, value_name = "NAME")]
        institution: String,
    },
    /// An SM2 private key, as PKCS#8 in PEM
    Sm2 {
        /// The file to write
        file: PathBuf,
    },
}

/// Runs the command and writes what it did to `out`; `false` where something stays as it is, for a reason that is told.
///
/// # Errors
/// When a file cannot be read or written, exists already, or is not what it should be; or when the database can't be used.
pub async fn run(
    args: Args,
    files: &[PathBuf],
    clock: &Clock,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    match args.command {
        Command::Lifecycle(command) => lifecycle::run(command, &settings::load(files)?, clock, out).await,
        Command::SealSecret(args) => {
            sealed_secret::run(&args, &settings::load_master(files)?, out).map(|()| true)
        }
        Command::Files(command) => on_files(command, out, clock.now()).map(|()| true),
    }
}

fn on_files(command: OnFiles, out: &mut dyn Write, now: Timestamp) -> anyhow::Result<()> {
    match command {
        OnFiles::Generate { what } => generate(what, out, now),
        OnFiles::Import { file, to, name, password_file } => {
            import(&file, &to, &name, password_file.as_deref(), out)
        }
        OnFiles::List { dir } => list(&dir, out, now),
    }
}

fn generate(what: Generate, out: &mut dyn Write, now: Timestamp) -> anyhow::Result<()> {
    match what {
        Generate::Master { file } => {
            make_folder_of(&file)?;
            Keyring::generate_file(&file)?;
            let id = hex::encode(Keyring::from_file(&file)?.master_id());
            writeln!(out, "master key {id} written to {}; keep a copy in a safe place", file.display())?;
        }
        Generate::Halves { one, other, of } => {
            let master = match of {
                None => generate_master(),
                Some(place) => place.masters()?.into_iter().next().context("expected a master key")?,
            };
            make_folder_of(&one)?;
            make_folder_of(&other)?;
            write_halves([&one, &other], &master)?;
            let whole = read_halves([&one, &other])?;
            let id = master_id(&whole);
            writeln!(out, "half of the master key {id} written to {}", one.display())?;
            writeln!(out, "half of the master key {id} written to {}", other.display())?;
            writeln!(out, "give them to two people, with a copy of each in a safe place of its own")?;
        }
        Generate::Demo { dir, institution } => {
            let keys = demonstration_keys(&dir, &institution, now)?;
            let seal = electronic_seal(&dir, &keys, &institution, now)?;
            let DemonstrationKeys {
                root_cert,
                sealer_key,
                sealer_cert,
                signer_key,
                signer_cert,
                pdf_key,
                pdf_cert,
            } = &keys;
            let pems = [root_cert, sealer_key, sealer_cert, signer_key, signer_cert, pdf_key, pdf_cert];
            for path in pems.into_iter().chain([&seal.seal, &seal.picture]) {
                writeln!(out, "{}", path.display())?;
            }
            writeln!(
                out,
                "for demonstrations only: nobody outside trusts this root, and its key was not kept"
            )?;
        }
        Generate::Sm2 { file } => {
            let key = PrivateKey::generate();
            make_folder_of(&file)?;
            private_file::write_new(&file, key.to_pem().as_bytes())?;
            writeln!(out, "SM2 key written to {}", file.display())?;
            writeln!(out, "public key:  {}", hex::encode(key.public_key().to_sec1()))?;
            writeln!(out, "fingerprint: {}", fingerprint(&key.public_key()))?;
        }
    }
    Ok(())
}

fn import(
    file: &Path,
    to: &Path,
    name: &str,
    password_file: Option<&Path>,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        bail!("--name: expected letters, digits, `-`, `_` and `.`, found `{name}`");
    }
    let content = recognition::read(file)?;
    let materials = if Pkcs12::is_likely(&content) {
        let password = password_file.context("a PKCS#12 file has a password: give --password-file FILE")?;
        let password = recognition::read(password)?;
        recognition::in_pkcs12(&content, &password)
    } else if password_file.is_some() {
        bail!("--password-file: expected it with a PKCS#12 file only");
    } else {
        Material::recognise(&content).map(|material| vec![material])
    };
    let materials = materials.with_context(|| format!("`{}` cannot be imported", file.display()))?;
    private_file::make_folder(to).with_context(|| format!("cannot create `{}`", to.display()))?;
    materials.iter().try_for_each(|material| keep(material, file, to, name, out))
}

/// Stores one key or certificate as PEM, and says what it is.
fn keep(material: &Material, file: &Path, to: &Path, name: &str, out: &mut dyn Write) -> anyhow::Result<()> {
    let store = |ending: &str, pem: &str, private: bool| {
        let path = to.join(format!("{name}.{ending}.pem"));
        if private {
            private_file::write_new(&path, pem.as_bytes())?
        } else {
            write_new(&path, pem.as_bytes())?
        }
        anyhow::Ok(path)
    };
    let path = match material {
        Material::Private(key) => store("key", &key.to_pem(), true)?,
        Material::International(key) => store("key", &key.to_pem()?, true)?,
        Material::Public(key) => store("pub", &key.to_pem(), false)?,
        Material::Certificate(certificate) => store("cert", &certificate.to_pem(), false)?,
        Material::Master => {
            bail!("`{}` is a master key: name it in the settings, where it stands", file.display())
        }
    };
    writeln!(out, "{} written to {}", material.kind(), path.display())?;
    if let Material::Certificate(certificate) = material {
        writeln!(out, "subject:     {}", certificate.subject())?;
        writeln!(out, "issuer:      {}", certificate.issuer())?;
        writeln!(out, "serial:      {}", certificate.serial_hex())?;
        writeln!(out, "valid:       {}", validity(certificate))?;
    }
    if let Some(key) = material.public_key() {
        writeln!(out, "fingerprint: {}", fingerprint(&key))?;
    }
    Ok(())
}

fn list(dir: &Path, out: &mut dyn Write, now: Timestamp) -> anyhow::Result<()> {
    let entries =
        std::fs::read_dir(dir).with_context(|| format!("cannot read the folder `{}`", dir.display()))?;
    let mut paths = Vec::new();
    for entry in entries {
        paths.push(entry?.path());
    }
    paths.sort();
    for path in paths.iter().filter(|path| path.is_file()) {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let material = recognition::read(path).and_then(|content| Material::recognise(&content));
        writeln!(out, "{name}  {}", described(path, material, now))?;
    }
    Ok(())
}

/// One line about one file.
fn described(path: &Path, material: anyhow::Result<Material>, now: Timestamp) -> String {
    let Ok(material) = material else { return "not a key or certificate".to_owned() };
    let mut parts = vec![material.kind().to_owned()];
    if let Material::Certificate(certificate) = &material {
        parts.push(certificate.subject());
        parts.push(validity(certificate));
        parts.push(days_left(certificate, now));
    }
    parts.extend(material.public_key().map(|key| fingerprint(&key)));
    let lax = std::fs::metadata(path).ok().and_then(|about| private_file::lax_mode(&about));
    if let (Some(mode), true) = (lax, material.is_secret()) {
        parts.push(format!("MODE {mode:04o}: others can read it"));
    }
    parts.join("  ")
}

fn validity(certificate: &Certificate) -> String {
    format!("{} to {}", china_date(certificate.not_before()), china_date(certificate.not_after()))
}

fn days_left(certificate: &Certificate, now: Timestamp) -> String {
    let days = certificate.not_after().duration_since(now).as_hours() / 24;
    if now < certificate.not_before() {
        "NOT YET VALID".to_owned()
    } else if now > certificate.not_after() {
        "EXPIRED".to_owned()
    } else {
        format!("{days} days left")
    }
}

fn fingerprint(key: &PublicKey) -> String {
    format!("SM3:{}", hex::encode(key.fingerprint()))
}

fn make_folder_of(file: &Path) -> anyhow::Result<()> {
    let folder = file.parent().unwrap_or(Path::new(""));
    private_file::make_folder(folder).with_context(|| format!("cannot create `{}`", folder.display()))
}

/// Writes a file that may be read by all and did not exist before.
fn write_new(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let shown = path.display();
    let mut file = std::fs::File::create_new(path)
        .with_context(|| format!("cannot create `{shown}`, which must not exist yet"))?;
    file.write_all(content).with_context(|| format!("cannot write `{shown}`"))
}

#[cfg(test)]
mod tests;
