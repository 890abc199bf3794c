//! `baohan preview`: the pages of finished letters as pictures, drawn from their bytes.

use std::io::Write;
use std::ops::Range;
use std::path::PathBuf;

use anyhow::{Context, bail};

use super::confinement::{Patient, read_file};
use crate::document::preview::{Limits, PagePicture, PreviewError};
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

/// What comes of opening a file, and then of each of its pages.
enum Found {
    Pages(usize),
    Picture(PagePicture),
}

/// Writes the pictures, and a line about each to `out`; `true` if they lack nothing.
///
/// # Errors
/// When the file cannot be read or drawn, or a picture cannot be written.
pub fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<bool> {
    let named = || format!("`{}`", args.file.display());
    let bytes = read_file(&args.file)?;
    let only = args.page.map(usize::try_from).transpose()?.map(|number| number.saturating_sub(1));
    let found = Patient::begin(move |out| {
        // Whoever receives has gone where a picture cannot be handed over.
        draw(bytes, only, &mut |found| out.send(found).ok());
    })?;
    let Found::Pages(count) = found.next().with_context(named)?.with_context(named)? else {
        bail!("{}: expected the number of pages first", named());
    };
    writeln!(out, "{count} pages")?;
    std::fs::create_dir_all(&args.out).with_context(|| format!("making `{}`", args.out.display()))?;
    let mut complete = true;
    for index in wanted(only, count) {
        let number = index.saturating_add(1);
        let page = || format!("{}, page {number}", named());
        let Found::Picture(picture) = found.next().with_context(page)?.with_context(page)? else {
            bail!("{}: expected its picture", page());
        };
        let PagePicture { content_type, bytes, left_out } = picture;
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

fn wanted(only: Option<usize>, count: usize) -> Range<usize> {
    only.map_or(0..count, |index| index..index.saturating_add(1))
}

/// Opens the file and draws its pages; `None` once nobody takes them any more.
fn draw(
    bytes: Vec<u8>,
    only: Option<usize>,
    hand_over: &mut dyn FnMut(Result<Found, PreviewError>) -> Option<()>,
) -> Option<()> {
    let pages = match preview::open(bytes, &Limits::default()) {
        Ok(pages) => pages,
        Err(fault) => return hand_over(Err(fault)),
    };
    hand_over(Ok(Found::Pages(pages.count())))?;
    wanted(only, pages.count()).try_for_each(|index| hand_over(pages.picture(index).map(Found::Picture)))
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
