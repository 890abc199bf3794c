//! What can be decided, as it is written on the command line.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::clock;

#[derive(Subcommand)]
pub(super) enum Decision {
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
    /// Decline the application
    Decline {
        /// Why; a platform whose notice has a field for it is told
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
        /// How it was paid
        #[arg(long, value_enum, default_value_t = Method::Other)]
        method: Method,
        /// When it was paid, China time: "2024-06-24 09:30:00"; now, if not given
        #[arg(long, value_name = "TIME", value_parser = clock::from_wire)]
        paid_at: Option<Timestamp>,
        /// How much was paid, in yuan, at least the premium; the premium, if not given
        #[arg(long)]
        amount: Option<String>,
    },
    /// Give up issuing a guarantee whose premium was paid
    Abandon {
        /// Why; a platform that follows each step is told
        #[arg(long)]
        reason: String,
    },
    /// Record the applicant's contacts and papers, read from a JSON file
    ///
    /// Members: contact and legal_representative (each with name and phone), legal_representative_id, email, address; and
    /// order, qualification, licence and payment_proof, which are paths of files, from the JSON file's folder.
    Dossier {
        /// The dossier as JSON
        #[arg(value_name = "FILE")]
        dossier: PathBuf,
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
    /// Give the application up; a platform that wants to be asked is asked first
    Waive,
    /// Grant that the platform cancels the order, before issue
    GrantCancellation,
    /// Keep the order that the platform wants to cancel; what was held up goes on
    RefuseCancellation {
        /// Why; the platform is told
        #[arg(long)]
        reason: String,
    },
    /// Grant the surrender that was asked for
    GrantSurrender,
    /// Surrender the guarantee as agreed with the applicant, whether the platform has asked for it or not
    Surrender {
        /// Why, for the records
        #[arg(long)]
        reason: String,
    },
    /// Refuse the surrender that was asked for
    RefuseSurrender {
        /// Why; a platform whose notice has a field for it is told
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
    /// Answer the claim with a result read from a JSON file
    ///
    /// Members: status (in-handling, to-be-paid, paid, rejected, other); remark, which rejected and other need; amount in
    /// fen; paid_at, as in 2024-06-24T09:30:00+08:00; payer and beneficiary, each with code, contact (name, phone) and
    /// account (holder, number, bank).
    Claim {
        /// The result as JSON
        #[arg(value_name = "FILE")]
        result: PathBuf,
    },
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum BasicAccountAnswer {
    Confirmed,
    NotBasic,
    Unchecked,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Method {
    OnlineBanking,
    Wechat,
    Alipay,
    Other,
}
