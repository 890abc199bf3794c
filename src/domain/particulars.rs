//! What an application tells besides applicant, section, beneficiary and amount; which of it depends on the platform.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A further fact of an application.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Particular {
    ProjectNumber,
    ProjectName,
    /// 项目审批文号
    ProjectApproval,
    /// 投资项目统一代码
    InvestmentCode,
    /// 招标项目类型
    ProjectKind,
    /// 行政区划代码 (GB/T 2260)
    Region,
    /// 合同估算价, yuan
    ContractEstimate,
    /// 投标有效期, days
    BidValidityDays,
    /// 保证金截止时间
    DepositDeadline,
    /// 开标时间
    OpeningTime,
    /// Where the tender notice (招标公告) is.
    TenderNotice,
    /// Where the tender documents (招标文件) are.
    TenderFile,
    BeneficiaryAccount,
    BeneficiaryBank,
    BeneficiaryAccountName,
    BeneficiaryContact,
    BeneficiaryPhone,
    ApplicantAddress,
    LegalRepresentative,
    LegalRepresentativeId,
    /// The identity number of the applicant's contact.
    ContactId,
    /// 采购品目
    ProcurementKind,
    /// 中标日期
    AwardDate,
    /// 中标金额, yuan
    AwardAmount,
    /// 担保期限, months
    GuaranteeMonths,
    /// 合同期限, months
    ContractMonths,
    /// 担保时间起期
    GuaranteeFrom,
    /// 担保时间止期
    GuaranteeUntil,
    FirstExtension,
    SecondExtension,
    ThirdExtension,
}

/// The particulars of one application, as texts in the form in which they came: where a platform encrypts them, as
/// ciphertext. Debug prints only which there are.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Particulars(BTreeMap<Particular, String>);

impl Particulars {
    pub fn get(&self, particular: Particular) -> Option<&str> {
        self.0.get(&particular).map(String::as_str)
    }

    pub fn iter(&self) -> impl Iterator<Item = (Particular, &str)> {
        self.0.iter().map(|(particular, text)| (*particular, text.as_str()))
    }
}

impl FromIterator<(Particular, String)> for Particulars {
    fn from_iter<I: IntoIterator<Item = (Particular, String)>>(particulars: I) -> Self {
        Self(particulars.into_iter().collect())
    }
}

impl fmt::Debug for Particulars {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
