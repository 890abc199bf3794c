//! `baohan decide`: what people decide where the rules leave it to them.

use std::io::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args as ClapArgs, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::casework::{self, Platform, restoration};
use crate::clock;
use crate::crypto::private_file;
use crate::dialect::{Message, SectionKey};
use crate::domain::claim::ClaimResult;
use crate::domain::decision::Newcomer;
use crate::domain::identity::{ApplicationNumber, GuaranteeNumber, PlatformId};
use crate::domain::invoice::Invoice;
use crate::domain::party::Account;
use crate::domain::terms::{BasicAccount, Payment};
use crate::domain::{Command, Guarantee, Work, decide};
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
    /// Open the guarantee with a key that the platform gave by another way than a push
    Open {
        /// A file that holds the key as the platform gives it
        #[arg(long, value_name = "FILE")]
        key_file: PathBuf,
        /// When the bids were opened, China time: "2024-06-24 09:30:00"
        #[arg(long, value_name = "TIME", value_parser = clock::from_wire)]
        opened_at: Timestamp,
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
    let Some(act) = act(args.decision, &platform, &known.guarantee, now)? else {
        return show(&known.guarantee, out).map(|()| true);
    };
    expect_tellable(&platform, &known.guarantee, &act.command, now)?;
    let guarantee = known.guarantee.id.clone();
    let outcome = store
        .write(move |connection| {
            let command = std::slice::from_ref(&act.command);
            let outcome = casework::carry_out_all(connection, &platform, &guarantee, command, now)?;
            if let Some(key) = act.key.as_ref().filter(|_| outcome.is_ok())
                && let Some(opened) = guarantees::find(connection, &guarantee)?
            {
                restoration::keep(connection, &opened.guarantee, key, now)?;
            }
            Ok(outcome)
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

/// What a decision does: a command, and the key to keep if it is carried out.
struct Act {
    command: Command,
    key: Option<SectionKey>,
}

/// `None` where there is nothing to do but to show.
fn act(
    decision: Decision,
    platform: &Platform,
    guarantee: &Guarantee,
    now: Timestamp,
) -> anyhow::Result<Option<Act>> {
    let command = match decision {
        Decision::Show => return Ok(None),
        Decision::Open { key_file, opened_at } => {
            let text = private_file::read(&key_file)?;
            let text = std::str::from_utf8(&text).unwrap_or_default().trim();
            let expected = || {
                format!(
                    "expected a section's key in `{}`, in the form that the platform uses",
                    key_file.display()
                )
            };
            let key = platform.profile.read_section_key(text, "").with_context(expected)?;
            let number = guarantee.number().context("the guarantee has no number yet")?.clone();
            let command =
                restoration::command(&platform.profile, Some(guarantee), number, opened_at, &key, now);
            return Ok(Some(Act { command, key: Some(key) }));
        }
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
    };
    Ok(Some(Act { command, key: None }))
}

/// What the platform can't be told is not decided: its notice would never be sent.
fn expect_tellable(
    platform: &Platform,
    guarantee: &Guarantee,
    command: &Command,
    now: Timestamp,
) -> anyhow::Result<()> {
    let newcomer = Newcomer { id: guarantee.id.clone(), platform: guarantee.platform.clone() };
    // A refusal is told when the command is carried out.
    let Ok(decision) = decide(Some(guarantee.clone()), newcomer, command.clone(), now) else { return Ok(()) };
    for work in &decision.work {
        if let Work::Notify(notice) = work {
            let composed = platform.profile.compose(&Message::Notice(notice), now);
            composed.context("nothing was decided, since the platform can't be told")?;
        }
    }
    Ok(())
}

fn show(guarantee: &Guarantee, out: &mut dyn Write) -> anyhow::Result<()> {
    let number = guarantee.number().map_or("-", |number| number.as_str());
    writeln!(out, "{}  {}  保函编号 {number}", guarantee.application.number, guarantee.stage.title())?;
    if let Some(terms) = &guarantee.terms {
        writeln!(out, "  保费 {} 元，费率 {}", terms.premium, terms.rate)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::{Profile, Registry};
    use crate::domain::application::Application;
    use crate::domain::identity::GuaranteeId;
    use crate::institution::rules::Rules;

    fn platform() -> Platform {
        let wire = "dialect = 'hainan-2024'\ntitle = '海南'\nappkey = 'k'\nappsecret = 's'\n\
                    base_url = 'https://platform.example/rest/gbsapi/'";
        let underwriting = "rate = '0.004'\nminimum_premium = '200.00'\nsmallest_amount = '1000.00'\n\
                            largest_amount = '800000.00'";
        let registry = Registry::built_in().unwrap();
        let table = registry.table("hainan-2024").unwrap();
        let profile = Profile::new(PlatformId::new("hainan"), table, &toml::from_str(wire).unwrap()).unwrap();
        Platform::under_rules(profile, Rules::new(toml::from_str(underwriting).unwrap(), "示例").unwrap())
    }

    #[test]
    fn what_the_platform_can_not_be_told_is_not_decided() {
        let at: Timestamp = "2026-11-22T01:00:00Z".parse().unwrap();
        let application = Application::for_testing("800000");
        let known = Guarantee::apply(GuaranteeId::new("g"), PlatformId::new("hainan"), application, at);
        let decline =
            |issuer: &str| Command::Decline { reason: "资信不足".into(), issuer: issuer.into() };
        let told = |command| expect_tellable(&platform(), &known, &command, at);
        assert!(told(decline("示例财产保险")).is_ok());
        let error = format!("{:#}", told(decline(&"长".repeat(201))).unwrap_err());
        assert!(error.contains("`instname`") && error.contains("nothing was decided"), "{error}");
        // Not possible at all, which is a refusal and told later.
        assert!(told(Command::GrantSurrender).is_ok());
    }
}
