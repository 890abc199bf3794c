//! `baohan render`: what a template makes of sample or given data, to look at before it goes live.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::civil::Date;

use crate::crypto::sm3;
use crate::document::{DocumentOptions, Form, Laid, Letter, LetterKind, Metadata, Press, data_xml};

/// Render a guarantee letter with sample or given data.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The letter's data as JSON; fields as `--print-data` shows them. Without it, invented data.
    #[arg(long, value_name = "FILE")]
    data: Option<PathBuf>,
    /// Data of the ciphertext letter, for `--kind merged`.
    #[arg(long, value_name = "FILE")]
    ciphertext_data: Option<PathBuf>,
    /// Which form of letter [default: that of the data, or bid-bond].
    #[arg(long, value_enum)]
    form: Option<Form>,
    /// Which letter of it [default: ciphertext, or plaintext for a form that has no other].
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Where to write the OFD document, unsealed.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A folder for pictures of the pages.
    #[arg(long, value_name = "FOLDER")]
    png: Option<PathBuf>,
    /// Resolution of the pictures in dots per inch.
    #[arg(long, default_value_t = 110, value_parser = clap::value_parser!(u32).range(20..=600))]
    dpi: u32,
    /// Templates that replace the built-in ones of the same name.
    #[arg(long, value_name = "FOLDER")]
    template_folder: Option<PathBuf>,
    /// TrueType fonts in addition to the built-in ones.
    #[arg(long, value_name = "FOLDER")]
    fonts_folder: Option<PathBuf>,
    /// Print the data of the letter as JSON and stop.
    #[arg(long)]
    print_data: bool,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    Ciphertext,
    Plaintext,
    /// The plaintext letter followed by the ciphertext letter.
    Merged,
}

/// Writes what was asked for, and one line about each file to `out`.
pub fn run(args: &Args, out: &mut impl Write) -> anyhow::Result<()> {
    let letters = letters(args)?;
    if args.print_data {
        for letter in &letters {
            writeln!(out, "{}", serde_json::to_string_pretty(letter)?)?;
        }
        return Ok(());
    }
    let press = Press::open(&DocumentOptions {
        fonts_folder: args.fonts_folder.clone(),
        templates_folder: args.template_folder.clone(),
        ..DocumentOptions::default()
    })?;
    for family in press.own_font_families() {
        writeln!(out, "font family `{family}`")?;
    }
    let laid = match letters.as_slice() {
        [plaintext, ciphertext] => press.merged(plaintext, ciphertext)?,
        [letter] => press.letter(letter)?,
        _ => anyhow::bail!("expected one or two letters, found {}", letters.len()),
    };
    writeln!(out, "{} pages", laid.pages())?;
    if let Some(folder) = &args.png {
        std::fs::create_dir_all(folder).with_context(|| format!("making `{}`", folder.display()))?;
        for index in 0..laid.pages() {
            let path = folder.join(format!("page-{}.png", index + 1));
            let picture = laid.page_png(index, args.dpi).context("drawing a page")?;
            std::fs::write(&path, picture).with_context(|| format!("writing `{}`", path.display()))?;
            writeln!(out, "{}", path.display())?;
        }
    }
    if let Some(path) = &args.out {
        std::fs::write(path, ofd(&laid, &letters)?)
            .with_context(|| format!("writing `{}`", path.display()))?;
        writeln!(out, "{}", path.display())?;
    }
    Ok(())
}

/// The letters asked for: from the files given, and samples where there is none.
fn letters(args: &Args) -> anyhow::Result<Vec<Letter>> {
    let first = args.data.as_deref().map(read).transpose()?;
    let form = args.form.or(first.as_ref().map(|letter| letter.form)).unwrap_or(Form::BidBond);
    let otherwise = if form.has(LetterKind::Ciphertext) { Kind::Ciphertext } else { Kind::Plaintext };
    let kind = args.kind.unwrap_or(otherwise);
    anyhow::ensure!(
        form.has(LetterKind::Ciphertext) || matches!(kind, Kind::Plaintext),
        "--kind: expected plaintext, as the form `{}` has no ciphertext letter, found {kind:?}",
        form.name()
    );
    Ok(match kind {
        Kind::Ciphertext => vec![asked_for(first, form, LetterKind::Ciphertext)?],
        Kind::Plaintext => vec![asked_for(first, form, LetterKind::Plaintext)?],
        Kind::Merged => {
            let second = args.ciphertext_data.as_deref().map(read).transpose()?;
            let plaintext = asked_for(first, form, LetterKind::Plaintext)?;
            vec![plaintext, asked_for(second, form, LetterKind::Ciphertext)?]
        }
    })
}

fn read(path: &Path) -> anyhow::Result<Letter> {
    let text = std::fs::read(path).with_context(|| format!("reading `{}`", path.display()))?;
    serde_json::from_slice(&text).with_context(|| format!("`{}`: expected a letter", path.display()))
}

/// The data given, if they are of that form and kind.
fn asked_for(given: Option<Letter>, form: Form, kind: LetterKind) -> anyhow::Result<Letter> {
    let Some(letter) = given else { return Ok(Letter::sample(form, kind)) };
    let (expected, found) = (form.name(), letter.form.name());
    anyhow::ensure!(expected == found, "the data's form: expected {expected}, found {found}");
    anyhow::ensure!(letter.kind == kind, "the data's kind: expected {kind:?}, found {:?}", letter.kind);
    Ok(letter)
}

/// The identity is that of the data, so that the same command gives the same bytes.
fn ofd(laid: &Laid, letters: &[Letter]) -> anyhow::Result<Vec<u8>> {
    // An OFD document's id has 32 hexadecimal digits, half of an SM3 digest.
    let digest = hex::encode(sm3::digest(&serde_json::to_vec(letters)?));
    let document_id = digest.chars().take(32).collect();
    let first = letters.first().context("no letter")?;
    let document = laid.to_ofd(&Metadata {
        document_id,
        title: format!("{} {}", first.form.title(), first.number),
        author: first.issuer.name.clone(),
        created_on: first.issued_on.parse().unwrap_or(Date::constant(1970, 1, 1)),
        custom: Vec::new(),
        attachments: letters.iter().map(data_xml::attachment).collect(),
        sealed: false,
    })?;
    Ok(document.package.to_zip()?)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    fn render(arguments: &[&str]) -> anyhow::Result<String> {
        let command = Command::try_parse_from(std::iter::once(&"render").chain(arguments))?;
        let mut out = Vec::new();
        run(&command.args, &mut out)?;
        Ok(String::from_utf8(out)?)
    }

    #[test]
    fn printed_data_can_be_changed_and_rendered_to_a_document_and_pictures() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        let data = render(&["--kind", "plaintext", "--print-data"]).unwrap();
        std::fs::write(path("letter.json"), data.replace("海峡示例建设", "另一家建设")).unwrap();

        let arguments = ["--kind", "merged", "--data", &path("letter.json"), "--out", &path("letter.ofd")];
        let report = render(&[&arguments[..], &["--png", &path("pages"), "--dpi", "30"]].concat()).unwrap();
        assert_eq!(report.lines().count(), 6, "{report}");
        assert!(std::fs::read(path("letter.ofd")).unwrap().starts_with(b"PK\x03\x04"));
        assert!(std::fs::read(path("pages/page-4.png")).unwrap().starts_with(b"\x89PNG"));

        let refusal = render(&["--kind", "ciphertext", "--data", &path("letter.json")]).unwrap_err();
        assert!(format!("{refusal:#}").contains("kind: expected Ciphertext, found Plaintext"), "{refusal:#}");
    }
}
