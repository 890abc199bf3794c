//! What the institution has collected from the applicant, for platforms that ask for it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::identity::DocumentDigest;
use super::party::Contact;

/// An applicant's papers and contacts (漳州 4.3). Debug prints nothing of them, since most are personal data.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dossier {
    pub contact: Contact,
    pub email: Option<String>,
    pub address: Option<String>,
    pub legal_representative: Contact,
    pub legal_representative_id: Option<String>,
    /// 电子申请单
    pub order: Option<Paper>,
    /// 企业资质文件
    pub qualification: Option<Paper>,
    /// 企业营业执照
    pub licence: Option<Paper>,
    /// 到账凭证
    pub payment_proof: Option<Paper>,
}

/// A file in the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Paper {
    pub document: DocumentDigest,
    /// The file's name, with its extension.
    pub name: String,
    /// In lower-case hexadecimal.
    pub md5: String,
}

impl fmt::Debug for Dossier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dossier")
    }
}
