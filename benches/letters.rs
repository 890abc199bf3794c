//! What a letter costs in processor time, by each writer.
//!
//! `cargo bench --bench letters --features printpdf` prints a line for each step. Linux only: the processor time of all
//! threads comes from `/proc`.

use std::io::Write;

use anyhow::Context;
use baohan_gateway::document::{DocumentOptions, Form, Laid, Letter, LetterKind, Metadata, Press};

/// Of `/proc/self/stat`, whatever the processor's own clock does.
const TICK_MICROSECONDS: u64 = 10_000;

fn main() -> anyhow::Result<()> {
    // `cargo test --all-targets` runs this too, and only wants to know that it runs.
    let rounds = if std::env::args().any(|argument| argument == "--bench") { 200 } else { 1 };
    let press = Press::open(&DocumentOptions::default())?;
    let metadata = Metadata {
        document_id: "00112233445566778899aabbccddeeff".to_owned(),
        title: "投标保函".to_owned(),
        author: "海峡示例财产保险股份有限公司".to_owned(),
        created_on: jiff::civil::date(2024, 6, 3),
        ..Metadata::default()
    };
    let mut number = 0_u32;
    let mut lay_out = || {
        // Other data each time, as in life: Typst remembers what it has laid out.
        number += 1;
        let mut letter = Letter::sample(Form::BidBond, LetterKind::Plaintext);
        letter.number = format!("DEMO{number:020}");
        letter.applicant.name = format!("海峡示例第{number}建设有限公司");
        anyhow::Ok(press.letter(&letter)?)
    };
    measure("layout", rounds, || lay_out().map(drop))?;

    let laid = lay_out()?;
    measure("OFD", rounds, || Ok(laid.to_ofd(&metadata)?.package.to_zip().map(drop)?))?;
    measure("PDF/A by typst-pdf", rounds, || Ok(laid.to_pdf(&metadata).map(drop)?))?;
    by_printpdf(&laid, &metadata, rounds)
}

#[cfg(feature = "printpdf")]
fn by_printpdf(laid: &Laid, metadata: &Metadata, rounds: u64) -> anyhow::Result<()> {
    measure("PDF by printpdf", rounds, || Ok(laid.to_pdf_by_printpdf(metadata).map(drop)?))
}

#[cfg(not(feature = "printpdf"))]
fn by_printpdf(_laid: &Laid, _metadata: &Metadata, _rounds: u64) -> anyhow::Result<()> {
    Ok(())
}

fn measure(name: &str, rounds: u64, mut step: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<()> {
    step()?;
    let before = processor_ticks()?;
    for _ in 0..rounds {
        step()?;
    }
    let each = (processor_ticks()? - before) * TICK_MICROSECONDS / rounds;
    writeln!(std::io::stdout(), "{name:<20} {:>4}.{} ms", each / 1_000, each % 1_000 / 100)?;
    Ok(())
}

/// User and system time of all threads.
fn processor_ticks() -> anyhow::Result<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").context("reading /proc/self/stat")?;
    // The program's name, in brackets, may hold spaces; user and system time are the 12th and 13th after it.
    let (_, fields) = stat.rsplit_once(')').context("/proc/self/stat: expected a name in brackets")?;
    let times = fields.split_whitespace().skip(11).take(2);
    times.map(|time| time.parse::<u64>().context("/proc/self/stat: expected a number")).sum()
}
