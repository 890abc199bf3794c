//! The people and companies in an application.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A company: its name and its unified social credit code (统一社会信用代码, GB 32100, 18 characters).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    pub name: String,
    pub code: String,
}

/// A person to talk to. Debug prints neither name nor number, since both are personal data.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    pub name: Option<String>,
    pub phone: Option<String>,
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact")
    }
}

/// A bank account: holder, number and the bank that keeps it. Debug prints only the holder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub holder: String,
    pub number: String,
    pub bank: Option<String>,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account").field("holder", &self.holder).finish_non_exhaustive()
    }
}
