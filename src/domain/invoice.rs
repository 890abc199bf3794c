//! Invoices for the premium: what the applicant asks for and what the institution issued.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::money::Fen;
use super::party::Party;

/// An applicant's request for an invoice (发票申请). Debug prints only kind and amount.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceRequest {
    pub kind: InvoiceKind,
    pub buyer: Party,
    pub amount: Fen,
    pub address: Option<String>,
    pub phone: Option<String>,
    pub bank: Option<String>,
    pub account: Option<String>,
    pub email: Option<String>,
    pub mobile: Option<String>,
    pub recipient: Option<String>,
    pub recipient_address: Option<String>,
}

impl fmt::Debug for InvoiceRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("InvoiceRequest");
        shown.field("kind", &self.kind).field("amount", &self.amount).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvoiceKind {
    /// 增值税普通发票
    Ordinary,
    /// 增值税专用发票; may be paper sent by post.
    Special,
}

impl InvoiceKind {
    pub const ALL: [Self; 2] = [Self::Ordinary, Self::Special];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Special => "special",
        }
    }
}

/// An invoice that was issued; a paper one has no link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    pub url: Option<String>,
    pub code: Option<String>,
    pub number: Option<String>,
}

/// How a request for an invoice stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InvoiceOutcome {
    Asked,
    Issued(Invoice),
    Refused { reason: String },
}
