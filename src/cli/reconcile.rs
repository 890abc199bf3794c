//! `baohan reconcile`: our statement of a platform's day, and the platform's compared with it.

mod listing;

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{ArgGroup, Args as ClapArgs, Subcommand};
use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use super::account;
use crate::domain::identity::PlatformId;
use crate::reconciliation::export::{self, Format};
use crate::reconciliation::statement::Period;
use crate::reconciliation::{ImportRefused, Reconciler, Said, SignRefused, TheirFile, reconciler as steps};
use crate::store::audit;
use crate::store::reconciliations::{self, Filter, Reconciliation, ReconciliationId};

/// Write our statement of a platform's day, and compare the platform's with it
#[derive(ClapArgs)]
pub struct Args {
    #[command(subcommand)]
    step: Step,
}

#[derive(Subcommand)]
enum Step {
    Statement(StatementArgs),
    Import(ImportArgs),
    Show(ShowArgs),
    List(ListArgs),
    Remark(RemarkArgs),
    SignOff(SignArgs),
}

/// Write our statement: what was issued, surrendered, paid, cancelled, what expired, and premiums received
///
/// In CSV, a cell that a spreadsheet would compute, and a number that it would shorten, begin with an apostrophe; XLSX
/// needs none. A day that is not over yet gives a preliminary statement.
#[derive(ClapArgs)]
struct StatementArgs {
    /// The platform's id in the settings
    #[arg(long, short, value_name = "ID")]
    platform: String,
    /// The day in China, such as 2026-11-22
    #[arg(long, short, value_name = "DAY")]
    date: Date,
    /// The last day, where it is not the same
    #[arg(long, value_name = "DAY")]
    until: Option<Date>,
    /// The kind of file; without it, what the file's name ends in, or CSV
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The file to write; without it, CSV goes to standard output
    #[arg(long, short, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Compare the platform's statement of a day with ours, and keep what differs
///
/// The file is CSV (UTF-8 or GBK) or XLSX; the settings say what its columns are called. Ends with 1 where differences are
/// unexplained. The same file is compared once; another file for the same day takes its place.
#[derive(ClapArgs)]
struct ImportArgs {
    /// The platform's id in the settings
    #[arg(long, short, value_name = "ID")]
    platform: String,
    /// The day in China that the statement is about
    #[arg(long, short, value_name = "DAY")]
    date: Date,
    /// The platform's statement
    file: PathBuf,
    /// Who imports it
    #[arg(long, value_name = "NAME")]
    by: String,
}

/// Show a reconciliation with all its differences; ends with 1 where some are unexplained
#[derive(ClapArgs)]
#[command(group = ArgGroup::new("which").required(true).args(["id", "platform"]))]
struct ShowArgs {
    /// The id of the reconciliation
    id: Option<String>,
    /// In place of an id: the platform whose current one of a day is shown
    #[arg(long, short, value_name = "ID", requires = "date")]
    platform: Option<String>,
    /// The day in China
    #[arg(long, short, value_name = "DAY", requires = "platform")]
    date: Option<Date>,
}

/// List reconciliations, newest first
#[derive(ClapArgs)]
struct ListArgs {
    /// Only those of this platform
    #[arg(long, short, value_name = "ID")]
    platform: Option<String>,
    /// Only those of this day, older files included
    #[arg(long, short, value_name = "DAY")]
    date: Option<Date>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

/// Explain a difference
#[derive(ClapArgs)]
struct RemarkArgs {
    /// The id of the reconciliation
    id: String,
    /// The number of the difference, as `show` prints it; may be given several times
    #[arg(long, short, value_name = "NUMBER", required = true)]
    difference: Vec<u32>,
    /// Who says so
    #[arg(long, value_name = "NAME")]
    by: String,
    /// What there is to say
    #[arg(long, value_name = "TEXT")]
    remark: String,
}

/// Sign for a reconciliation; it changes no more
#[derive(ClapArgs)]
struct SignArgs {
    /// The id of the reconciliation
    id: String,
    /// Who signs
    #[arg(long, value_name = "NAME")]
    by: String,
    /// What there is to say; needed where differences are unexplained
    #[arg(long, value_name = "TEXT")]
    remark: Option<String>,
}

/// `false` where differences are unexplained, or where a remark or a signature was refused.
///
/// # Errors
/// When the platform or the reconciliation is unknown, a file can't be read or written, or the database fails.
pub async fn run(
    args: Args,
    reconciler: &Reconciler,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    match args.step {
        Step::Statement(args) => statement(args, reconciler, now, out).await.map(|()| true),
        Step::Import(args) => import(args, reconciler, now, out).await,
        Step::Show(args) => {
            let found = wanted(&args, reconciler).await?;
            show(&found, reconciler, out).await
        }
        Step::List(args) => list(args, reconciler, out).await.map(|()| true),
        Step::Remark(args) => remark(args, reconciler, now, out).await,
        Step::SignOff(args) => {
            let id = ReconciliationId::new(args.id);
            let said = Said { by: args.by, remark: args.remark, at: now };
            let signed = reconciler.store.write(move |connection| {
                let signed = steps::sign(connection, &id, &said)?;
                if signed.is_ok() {
                    let subject = ("reconciliation", id.to_string());
                    let entry = account::act("reconciliation.sign", subject, json!({ "by": &said.by }));
                    audit::append(connection, &entry, now)?;
                }
                Ok(signed)
            });
            settled(signed.await?, reconciler, out).await
        }
    }
}

fn known_platform(reconciler: &Reconciler, id: &str) -> anyhow::Result<PlatformId> {
    let platform = PlatformId::new(id);
    if !reconciler.platforms.contains_key(&platform) {
        let known: Vec<&str> = reconciler.platforms.keys().map(PlatformId::as_str).collect();
        bail!("--platform: expected one of {}, found `{id}`", known.join(", "));
    }
    Ok(platform)
}

async fn statement(
    args: StatementArgs,
    reconciler: &Reconciler,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<()> {
    let platform = known_platform(reconciler, &args.platform)?;
    let period = Period::new(args.date, args.until.unwrap_or(args.date), now).context("--date")?;
    let by_name =
        || args.out.as_ref()?.extension()?.to_str().filter(|it| *it == "xlsx").map(|_| Format::Xlsx);
    let format = args.format.or_else(by_name).unwrap_or(Format::Csv);
    let store = &reconciler.store;
    let Some(file) = args.out else {
        if format == Format::Xlsx {
            bail!("--out: expected a file for the workbook, found none");
        }
        export::write(store, &platform, period, format, out).await?;
        return Ok(());
    };
    // A file that is there is there as a whole.
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut unfinished = tempfile::NamedTempFile::new_in(folder.unwrap_or_else(|| ".".as_ref()))
        .with_context(|| format!("--out: `{}`", file.display()))?;
    let totals = export::write(store, &platform, period, format, &mut unfinished).await?;
    unfinished.persist(&file).with_context(|| format!("--out: `{}`", file.display()))?;
    listing::totals(&totals, out)?;
    if !period.is_over(now) {
        writeln!(out, "{} 尚未结束，本对账单为临时数据", period.last())?;
    }
    Ok(())
}

async fn import(
    args: ImportArgs,
    reconciler: &Reconciler,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    let platform = known_platform(reconciler, &args.platform)?;
    // What is too large need not be read to be refused.
    let limit = reconciler.options.file_bytes;
    let opened = std::fs::File::open(&args.file).with_context(|| format!("`{}`", args.file.display()))?;
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    std::io::Read::read_to_end(&mut std::io::Read::take(opened, most), &mut bytes)
        .with_context(|| format!("`{}`", args.file.display()))?;
    let name = args.file.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let file = TheirFile { platform, day: args.date, name, bytes, by: args.by };
    let compared = reconciler.compare(file, now).await?;
    let kept = reconciler.store.write(move |connection| {
        let imported = compared.keep(connection)?;
        if imported.is_new {
            let kept = &imported.reconciliation;
            let about = json!({
                "platform": kept.platform.as_str(),
                "day": kept.day.to_string(),
                "file": &kept.import.file,
                "by": &kept.import.by,
            });
            let subject = ("reconciliation", kept.id.to_string());
            audit::append(connection, &account::act("reconciliation.import", subject, about), now)?;
        }
        Ok(imported)
    });
    let imported = kept.await.map_err(ImportRefused::Store)?;
    if !imported.is_new {
        writeln!(out, "该文件此前已导入，未重新比对")?;
    }
    show(&imported.reconciliation, reconciler, out).await
}

async fn wanted(args: &ShowArgs, reconciler: &Reconciler) -> anyhow::Result<Reconciliation> {
    if let (Some(platform), Some(day)) = (&args.platform, args.date) {
        let id = known_platform(reconciler, platform)?;
        let found = reconciler.store.read(move |c| reconciliations::current(c, &id, day)).await?;
        return found.with_context(|| format!("no statement of `{platform}` was imported for {day}"));
    }
    let id = ReconciliationId::new(args.id.as_deref().unwrap_or_default());
    let wanted = id.clone();
    let found = reconciler.store.read(move |c| reconciliations::find(c, &wanted)).await?;
    found.with_context(|| format!("no reconciliation has the id `{id}`"))
}

async fn show(
    found: &Reconciliation,
    reconciler: &Reconciler,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    listing::heading(found, out)?;
    let mut behind = 0;
    loop {
        let id = found.id.clone();
        let page = reconciler.store.read(move |c| reconciliations::differences(c, &id, behind, 500)).await?;
        let Some(last) = page.last() else { return Ok(!found.is_open()) };
        behind = last.number;
        for difference in &page {
            listing::difference(difference, out)?;
        }
    }
}

async fn list(args: ListArgs, reconciler: &Reconciler, out: &mut (dyn Write + Send)) -> anyhow::Result<()> {
    let platform = args.platform.map(|id| known_platform(reconciler, &id)).transpose()?;
    let filter = Filter { platform, day: args.date, before: None, open: false, limit: args.limit };
    let found = reconciler.store.read(move |c| reconciliations::list(c, &filter)).await?;
    for reconciliation in &found {
        listing::line(reconciliation, out)?;
    }
    writeln!(out, "共 {} 条", found.len())?;
    Ok(())
}

async fn remark(
    args: RemarkArgs,
    reconciler: &Reconciler,
    now: Timestamp,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    let id = ReconciliationId::new(args.id);
    let said = Said { by: args.by, remark: Some(args.remark), at: now };
    let mut last = Err(SignRefused::Unknown);
    for number in args.difference {
        let (wanted, said) = (id.clone(), said.clone());
        let remarked = reconciler.store.write(move |connection| {
            let remarked = steps::remark(connection, &wanted, number, &said)?;
            if remarked.is_ok() {
                let about = json!({ "by": &said.by, "difference": number });
                let subject = ("reconciliation", wanted.to_string());
                let entry = account::act("reconciliation.remark", subject, about);
                audit::append(connection, &entry, now)?;
            }
            Ok(remarked)
        });
        last = remarked.await?;
        if last.is_err() {
            writeln!(out, "#{number} 未登记")?;
            break;
        }
        writeln!(out, "#{number} 已登记说明")?;
    }
    settled(last, reconciler, out).await
}

/// Shows what became of it, or says why nothing did.
async fn settled(
    settled: Result<Reconciliation, SignRefused>,
    reconciler: &Reconciler,
    out: &mut (dyn Write + Send),
) -> anyhow::Result<bool> {
    match settled {
        Ok(reconciliation) => show(&reconciliation, reconciler, out).await,
        Err(SignRefused::Store(error)) => Err(error.into()),
        Err(refused) => {
            writeln!(out, "未执行：{refused}")?;
            Ok(false)
        }
    }
}
