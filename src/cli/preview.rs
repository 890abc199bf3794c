//! `baohan preview`: the pages of finished letters as pictures, drawn from their bytes.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;

use crate::document::preview::{Limits, PagePicture};
use crate::seal::preview;

/// Draw the pages of an OFD or PDF file as pictures, with their seals
///
/// Pages of OFD become SVG, pages of PDF become PNG: the pictures that the console shows. They are drawn from the file
/// itself, whoever made it, and whether its seals are good is for `baohan verify` to say. What a page has and its picture
/// lacks is told beside its name. To see what a template makes of data, use `baohan render`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The file
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// A folder for the pictures: page-1.svg and so on
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Only this page, counted from 1
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    page: Option<u32>,
}

/// Writes the pictures, and a line about each to `out`; `true` if they lack nothing.
///
/// # Errors
/// When the file cannot be read or drawn, or a picture cannot be written.
pub fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<bool> {
    let named = || format!("`{}`", args.file.display());
    let bytes = std::fs::read(&args.file).with_context(named)?;
    let pages = preview::open(bytes, &Limits::default()).with_context(named)?;
    writeln!(out, "{} pages", pages.count())?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("making `{}`", args.out.display()))?;
    let wanted = match args.page {
        Some(number) => {
            let index = usize::try_from(number)?.saturating_sub(1);
            index..index.saturating_add(1)
        }
        None => 0..pages.count(),
    };
    let mut complete = true;
    for index in wanted {
        let number = index.saturating_add(1);
        let PagePicture { content_type, bytes, left_out } =
            pages.picture(index).with_context(|| format!("{}, page {number}", named()))?;
        let ending = if content_type == "image/png" { "png" } else { "svg" };
        let path = args.out.join(format!("page-{number}.{ending}"));
        std::fs::write(&path, bytes).with_context(|| format!("writing `{}`", path.display()))?;
        let lacks: Vec<_> = left_out.iter().map(ToString::to_string).collect();
        complete &= lacks.is_empty();
        match lacks.as_slice() {
            [] => writeln!(out, "{}", path.display())?,
            lacks => writeln!(out, "{}: not as in the file: {}", path.display(), lacks.join(", "))?,
        }
    }
    Ok(complete)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::seal::testing::sealed;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn every_page_is_written_and_what_is_not_shown_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("letter.ofd"), sealed()).unwrap();
        let draw = |more: &[&str]| {
            let (letter, pages) = (path("letter.ofd"), path("pages"));
            let arguments = [&["preview", &letter, "--out", &pages], more].concat();
            let mut out = Vec::new();
            let complete = run(&Command::parse_from(arguments).args, &mut out);
            complete.map(|complete| (complete, String::from_utf8(out).unwrap()))
        };
        let (complete, said) = draw(&[]).unwrap();
        assert!(!complete && said.starts_with("2 pages\n"), "{said}");
        // The font is not embedded, and the seal's picture is none.
        assert!(
            said.contains("page-2.svg: not as in the file: a font that is not embedded, a picture"),
            "{said}"
        );
        assert!(std::fs::read_to_string(path("pages/page-1.svg")).unwrap().contains("<svg"));
        let refusal = draw(&["--page", "3"]).unwrap_err();
        assert!(format!("{refusal:#}").contains("page 3: the document has 2"), "{refusal:#}");
    }
}
