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

impl Particular {
    pub const ALL: [Self; 31] = [
        Self::ProjectNumber,
        Self::ProjectName,
        Self::ProjectApproval,
        Self::InvestmentCode,
        Self::ProjectKind,
        Self::Region,
        Self::ContractEstimate,
        Self::BidValidityDays,
        Self::DepositDeadline,
        Self::OpeningTime,
        Self::TenderNotice,
        Self::TenderFile,
        Self::BeneficiaryAccount,
        Self::BeneficiaryBank,
        Self::BeneficiaryAccountName,
        Self::BeneficiaryContact,
        Self::BeneficiaryPhone,
        Self::ApplicantAddress,
        Self::LegalRepresentative,
        Self::LegalRepresentativeId,
        Self::ContactId,
        Self::ProcurementKind,
        Self::AwardDate,
        Self::AwardAmount,
        Self::GuaranteeMonths,
        Self::ContractMonths,
        Self::GuaranteeFrom,
        Self::GuaranteeUntil,
        Self::FirstExtension,
        Self::SecondExtension,
        Self::ThirdExtension,
    ];

    /// The stable name, as stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::ProjectNumber => "project-number",
            Self::ProjectName => "project-name",
            Self::ProjectApproval => "project-approval",
            Self::InvestmentCode => "investment-code",
            Self::ProjectKind => "project-kind",
            Self::Region => "region",
            Self::ContractEstimate => "contract-estimate",
            Self::BidValidityDays => "bid-validity-days",
            Self::DepositDeadline => "deposit-deadline",
            Self::OpeningTime => "opening-time",
            Self::TenderNotice => "tender-notice",
            Self::TenderFile => "tender-file",
            Self::BeneficiaryAccount => "beneficiary-account",
            Self::BeneficiaryBank => "beneficiary-bank",
            Self::BeneficiaryAccountName => "beneficiary-account-name",
            Self::BeneficiaryContact => "beneficiary-contact",
            Self::BeneficiaryPhone => "beneficiary-phone",
            Self::ApplicantAddress => "applicant-address",
            Self::LegalRepresentative => "legal-representative",
            Self::LegalRepresentativeId => "legal-representative-id",
            Self::ContactId => "contact-id",
            Self::ProcurementKind => "procurement-kind",
            Self::AwardDate => "award-date",
            Self::AwardAmount => "award-amount",
            Self::GuaranteeMonths => "guarantee-months",
            Self::ContractMonths => "contract-months",
            Self::GuaranteeFrom => "guarantee-from",
            Self::GuaranteeUntil => "guarantee-until",
            Self::FirstExtension => "first-extension",
            Self::SecondExtension => "second-extension",
            Self::ThirdExtension => "third-extension",
        }
    }

    /// How people call it, in Chinese.
    pub fn title(self) -> &'static str {
        match self {
            Self::ProjectNumber => "项目编号",
            Self::ProjectName => "项目名称",
            Self::ProjectApproval => "项目审批文号",
            Self::InvestmentCode => "投资项目统一代码",
            Self::ProjectKind => "招标项目类型",
            Self::Region => "行政区划代码",
            Self::ContractEstimate => "合同估算价",
            Self::BidValidityDays => "投标有效期（天）",
            Self::DepositDeadline => "保证金截止时间",
            Self::OpeningTime => "开标时间",
            Self::TenderNotice => "招标公告",
            Self::TenderFile => "招标文件",
            Self::BeneficiaryAccount => "招标人账号",
            Self::BeneficiaryBank => "招标人开户行",
            Self::BeneficiaryAccountName => "招标人账户名称",
            Self::BeneficiaryContact => "招标人联系人",
            Self::BeneficiaryPhone => "招标人联系电话",
            Self::ApplicantAddress => "投标人地址",
            Self::LegalRepresentative => "法定代表人",
            Self::LegalRepresentativeId => "法定代表人证件号码",
            Self::ContactId => "经办人证件号码",
            Self::ProcurementKind => "采购品目",
            Self::AwardDate => "中标日期",
            Self::AwardAmount => "中标金额",
            Self::GuaranteeMonths => "担保期限（月）",
            Self::ContractMonths => "合同期限（月）",
            Self::GuaranteeFrom => "担保时间起期",
            Self::GuaranteeUntil => "担保时间止期",
            Self::FirstExtension => "扩展字段一",
            Self::SecondExtension => "扩展字段二",
            Self::ThirdExtension => "扩展字段三",
        }
    }

    /// Whether it is the number of a person's identity document.
    pub fn identifies_a_person(self) -> bool {
        matches!(self, Self::LegalRepresentativeId | Self::ContactId)
    }
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

/// For whoever holds those of a section in the clear.
impl zeroize::Zeroize for Particulars {
    fn zeroize(&mut self) {
        self.0.values_mut().for_each(zeroize::Zeroize::zeroize);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn particulars_are_stored_under_their_names() {
        for (place, particular) in Particular::ALL.into_iter().enumerate() {
            assert_eq!(serde_json::to_value(particular).unwrap(), particular.name());
            assert_eq!(Particular::ALL.iter().position(|it| *it == particular), Some(place));
        }
    }
}
