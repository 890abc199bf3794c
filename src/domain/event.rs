//! What happened to a guarantee, one entry of its timeline each. Events hold no secret and no sealed plaintext.

use serde::{Deserialize, Serialize};

use super::abnormality::AbnormalityKind;
use super::claim::ClaimStatus;
use super::guarantee::{LetterKind, Stage};
use super::identity::{DocumentDigest, GuaranteeNumber};
use super::money::Fen;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Event {
    ApplicationReceived {
        amount: Fen,
    },
    ApplicationReplaced {
        amount: Fen,
    },
    Approved {
        guarantee_number: GuaranteeNumber,
        premium: Fen,
    },
    Declined {
        reason: String,
    },
    PremiumPaid,
    DossierRecorded,
    IssueAbandoned {
        reason: String,
    },
    LetterSealed {
        letter: LetterKind,
        document: DocumentDigest,
    },
    LetterDelivered {
        letter: LetterKind,
    },
    KeyReceived,
    WaiverAsked,
    WaiverRefused,
    Waived,
    CancellationAsked {
        reason: String,
    },
    CancellationRefused {
        reason: String,
    },
    /// The platform wanted to cancel the order, for this reason, and the guarantee was issued already.
    OrderKept {
        reason: String,
    },
    SurrenderAsked,
    SurrenderAgreed {
        reason: String,
    },
    Surrendered,
    SurrenderRefused {
        reason: String,
    },
    Cancelled,
    Expired,
    SectionAbnormal {
        abnormality: AbnormalityKind,
    },
    ClaimReceived {
        amount: Option<Fen>,
    },
    ClaimAnswered {
        status: ClaimStatus,
        /// What was paid with this answer. Events that were stored before there was this field lack it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        paid: Option<Fen>,
    },
    InvoiceAsked {
        amount: Fen,
    },
    InvoiceIssued,
    InvoiceRefused {
        reason: String,
    },
}

impl Event {
    /// The timeline's heading, in Chinese.
    pub fn title(&self) -> &'static str {
        match self {
            Self::ApplicationReceived { .. } => "收到投保申请",
            Self::ApplicationReplaced { .. } => "投保申请已更新",
            Self::Approved { .. } => "审批通过",
            Self::Declined { .. } => "审批未通过",
            Self::PremiumPaid => "保费已支付",
            Self::DossierRecorded => "投标人资料已登记",
            Self::IssueAbandoned { .. } => "开函失败",
            Self::LetterSealed { letter: LetterKind::Plaintext, .. } => "保函已签章",
            Self::LetterDelivered { letter: LetterKind::Plaintext } => "保函已送达",
            Self::LetterSealed { letter: LetterKind::Ciphertext, .. } => "密文保函已签章",
            Self::LetterSealed { letter: LetterKind::Merged, .. } => "明文保函已合并签章",
            Self::LetterDelivered { letter: LetterKind::Ciphertext } => "密文保函已送达",
            Self::LetterDelivered { letter: LetterKind::Merged } => "明文保函已送达",
            Self::KeyReceived => "已开标，收到密钥",
            Self::WaiverAsked => "已向平台提出放弃申请",
            Self::WaiverRefused => "平台不同意放弃",
            Self::Waived => "申请已放弃",
            Self::CancellationAsked { .. } => "收到订单取消申请",
            Self::CancellationRefused { .. } | Self::OrderKept { .. } => "订单取消未通过",
            Self::SurrenderAsked => "收到退保申请",
            Self::SurrenderAgreed { .. } => "与投标人约定退保",
            Self::Surrendered => "已退保",
            Self::SurrenderRefused { .. } => "退保未通过",
            Self::Cancelled => "保函已注销",
            Self::Expired => "保函已到期",
            Self::SectionAbnormal { .. } => "标段异常",
            Self::ClaimReceived { .. } => "收到索赔",
            Self::ClaimAnswered { .. } => "索赔处理结果",
            Self::InvoiceAsked { .. } => "收到发票申请",
            Self::InvoiceIssued => "发票已开具",
            Self::InvoiceRefused { .. } => "发票未开具",
        }
    }
    /// The stage that it brings a guarantee to, where it changes the stage.
    pub fn stage(&self) -> Option<Stage> {
        Some(match self {
            Self::ApplicationReceived { .. } | Self::ApplicationReplaced { .. } => Stage::Applied,
            Self::Approved { .. } => Stage::Approved,
            Self::Declined { .. } => Stage::Declined,
            Self::PremiumPaid => Stage::Issuing,
            Self::IssueAbandoned { .. } => Stage::Abandoned,
            Self::LetterSealed { letter: LetterKind::Ciphertext | LetterKind::Plaintext, .. } => {
                Stage::Issued
            }
            Self::KeyReceived => Stage::Opened,
            Self::LetterSealed { letter: LetterKind::Merged, .. } => Stage::Restored,
            Self::Waived => Stage::Waived,
            Self::Surrendered => Stage::Surrendered,
            Self::Cancelled => Stage::Cancelled,
            Self::Expired => Stage::Expired,
            _ => return None,
        })
    }
}
