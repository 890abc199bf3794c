//! `baohan decide`: what people decide where the rules leave it to them.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::casework::{self, Platform};
use crate::domain::claim::ClaimResult;
use crate::domain::identity::{ApplicationNumber, GuaranteeNumber, PlatformId};
use crate::domain::invoice::Invoice;
use crate::domain::party::Account;
use crate::domain::terms::{BasicAccount, Payment};
use crate::domain::{Command, Guarantee};
use crate::gateway;
use crate::settings::Settings;
use crate::store::{Store, guarantees};

/// Decide an application, or answer a request for surrender, invoice or claim. The running gateway does the rest.
#[derive(ClapArgs)]
pub struct Args {
    /// The platform's id in the settings
    #[arg(long, short, value_name = "ID")]
    platform: String,
    /// The platform's number of the application
    application: String,
    #[command(subcommand)]
    decision: Decision,
}

#[derive(Subcommand)]
enum Decision {
    /// Show where the guarantee stands
    Show,
    /// Approve on the rules' terms; the premium is due then
    Approve {
        /// The guarantee number; without it the gateway numbers the guarantee
        #[arg(long)]
        number: Option<String>,
        /// Another premium than the rules', in yuan
        #[arg(long)]
        premium: Option<String>,
    },
    /// Decline, with a reason for the records
    Decline {
        /// Why, for the records
        #[arg(long)]
        reason: String,
    },
    /// Record the premium as paid; then the guarantee is issued
    Premium {
        /// The account's holder; the applicant if not given
        #[arg(long)]
        payer: Option<String>,
        /// The number of the account that the premium came from
        #[arg(long)]
        account: String,
        /// The bank that holds the account
        #[arg(long)]
        bank: Option<String>,
        /// Whether the account is the applicant's basic account (基本户)
        #[arg(long, value_enum)]
        basic_account: BasicAccountAnswer,
    },
    /// Ask the platform to give the application up
    Waive,
    /// Grant the surrender that was asked for
    GrantSurrender,
    /// Refuse the surrender that was asked for
    RefuseSurrender {
        /// Why, for the records
        #[arg(long)]
        reason: String,
    },
    /// Record the invoice that was asked for; a paper one has no link
    Invoice {
        /// Where an electronic invoice can be fetched
        #[arg(long)]
        url: Option<String>,
        /// 发票代码
        #[arg(long)]
        code: Option<String>,
        /// 发票号码
        #[arg(long)]
        number: Option<String>,
    },
    /// Refuse the invoice that was asked for
    RefuseInvoice {
        /// Why, for the records
        #[arg(long)]
        reason: String,
    },
    /// Answer the claim with a result read from a JSON file (status, remark, payer, beneficiary, amount in fen)
    Claim {
        /// The result as JSON
        #[arg(value_name = "FILE")]
        result: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum BasicAccountAnswer {
    Confirmed,
    NotBasic,
    Unchecked,
}

/// `true` if the decision was carried out, `false` if it was refused.
///
/// # Errors
/// When the platform or the application is unknown, an argument can't be read, or the database fails.
pub async fn run(
    args: Args,
    settings: &Settings,
    store: &Store,
    now: Timestamp,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let id = PlatformId::new(&args.platform);
    let platforms = gateway::platforms(settings)?;
    let Some(platform) = platforms.find(&id).cloned() else {
        let known: Vec<&str> = settings.platforms.keys().map(String::as_str).collect();
        bail!("--platform: expected one of {}, found `{id}`", known.join(", "));
    };
    let (platform_id, number) = (id.clone(), ApplicationNumber::new(&args.application));
    let known = store.read(move |c| guarantees::find_by_application(c, &platform_id, &number)).await?;
    let known = known
        .with_context(|| format!("no application `{}` of platform `{id}` is stored", args.application))?;
    let Some(command) = command(args.decision, &platform, &known.guarantee, now)? else {
        return show(&known.guarantee, out).map(|()| true);
    };
    let guarantee = known.guarantee.id.clone();
    let outcome = store
        .write(move |c| {
            casework::carry_out_all(c, &platform, &guarantee, std::slice::from_ref(&command), now)
        })
        .await?;
    let wanted = known.guarantee.id;
    let after = store.read(move |c| guarantees::find(c, &wanted)).await?;
    if let Err(refusal) = &outcome {
        writeln!(out, "未执行：{refusal}")?;
    }
    if let Some(after) = after {
        show(&after.guarantee, out)?;
    }
    Ok(outcome.is_ok())
}

fn command(
    decision: Decision,
    platform: &Platform,
    guarantee: &Guarantee,
    now: Timestamp,
) -> anyhow::Result<Option<Command>> {
    Ok(Some(match decision {
        Decision::Show => return Ok(None),
        Decision::Approve { number, premium } => {
            let mut terms = platform.rules.terms(guarantee, now).map_err(anyhow::Error::new)?;
            if let Some(number) = number {
                terms.guarantee_number = GuaranteeNumber::new(number);
            }
            if let Some(premium) = premium {
                terms.premium = premium.parse().with_context(|| format!("--premium `{premium}`"))?;
            }
            Command::Approve { terms }
        }
        Decision::Decline { reason } => {
            Command::Decline { reason, issuer: platform.rules.issuer().to_owned() }
        }
        Decision::Premium { payer, account, bank, basic_account } => {
            let holder = payer.unwrap_or_else(|| guarantee.application.applicant.name.clone());
            let basic_account = match basic_account {
                BasicAccountAnswer::Confirmed => BasicAccount::Confirmed,
                BasicAccountAnswer::NotBasic => BasicAccount::NotBasic,
                BasicAccountAnswer::Unchecked => BasicAccount::Unchecked,
            };
            let payment = Payment { payer: Account { holder, number: account, bank }, basic_account };
            Command::RecordPremium { payment, payer: platform.rules.options().payer.rule() }
        }
        Decision::Waive => Command::AskWaiver,
        Decision::GrantSurrender => Command::GrantSurrender,
        Decision::RefuseSurrender { reason } => Command::RefuseSurrender { reason },
        Decision::Invoice { url, code, number } => {
            if url.is_none() && number.is_none() {
                bail!("an invoice has a link, a number or both");
            }
            Command::IssueInvoice { invoice: Invoice { url, code, number } }
        }
        Decision::RefuseInvoice { reason } => Command::RefuseInvoice { reason },
        Decision::Claim { result } => {
            let text =
                std::fs::read(&result).with_context(|| format!("can't read `{}`", result.display()))?;
            let expected = || format!("expected a claim result in `{}`", result.display());
            let result: ClaimResult = serde_json::from_slice(&text).with_context(expected)?;
            Command::AnswerClaim { result }
        }
    }))
}

fn show(guarantee: &Guarantee, out: &mut dyn Write) -> anyhow::Result<()> {
    let number = guarantee.number().map_or("-", |number| number.as_str());
    writeln!(out, "{}  {}  保函编号 {number}", guarantee.application.number, guarantee.stage.title())?;
    if let Some(terms) = &guarantee.terms {
        writeln!(out, "  保费 {} 元，费率 {}", terms.premium, terms.rate)?;
    }
    Ok(())
}
