//! Why something is not done. The text is Chinese, because platforms show it to applicants and ops staff.

use super::guarantee::Stage;
use super::money::Fen;

/// What a refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// Where the guarantee stands: the same command may be right at another time.
    State,
    /// What the command says: at this time another content would do.
    Content,
}

/// A reason that may be told to a platform: it holds nothing internal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("业务流水号未找到对应的申请")]
    UnknownApplication,
    #[error("该业务流水号已提交过申请")]
    AlreadyApplied,
    #[error("保函编号未找到对应的保函")]
    UnknownGuarantee,
    #[error("保函编号与该申请的保函编号不一致")]
    GuaranteeNumberMismatch,
    #[error("项目编号与该保函的项目编号不一致")]
    ProjectMismatch,
    #[error("统一社会信用代码与该保函的申请人不一致")]
    ApplicantMismatch,
    #[error("同一业务已收到过不同内容的请求，本次内容未受理")]
    ContentConflict,
    #[error("保证金金额应在 {smallest} 元至 {largest} 元之间，收到 {amount} 元")]
    AmountOutsideLimits { amount: Fen, smallest: Fen, largest: Fen },
    #[error("保费无法计算")]
    PremiumNotComputable,
    #[error("该申请已审批，不能重复审批")]
    AlreadyDecided,
    #[error("保费须大于零")]
    PremiumMissing,
    #[error("保函编号应为 1 至 50 个字符，不含空白和控制字符")]
    NumberUnusable,
    #[error("该申请{}，不能登记保费", .0.title())]
    PremiumNotExpected(Stage),
    #[error("保费须由投标人基本户转出，请退款后从基本户重新支付")]
    NotFromBasicAccount,
    #[error("实付保费 {paid} 元低于应付保费 {premium} 元")]
    PremiumUnderpaid { paid: Fen, premium: Fen },
    #[error("放弃申请正在等待平台答复")]
    WaiverPending,
    #[error("保函已出具，不能放弃申请，可在开标前申请退保")]
    AlreadyIssued,
    #[error("保函已出具，订单不能取消，可申请退保")]
    OrderIssued,
    #[error("订单取消申请尚未答复")]
    CancellationPending,
    #[error("没有待处理的订单取消申请")]
    NoCancellationAsked,
    #[error("该申请{}，不能放弃", .0.title())]
    NotWaivable(Stage),
    #[error("保函尚未出具")]
    NotIssued,
    #[error("key 不能还原该保函的密文，密文保持不变")]
    WrongKey,
    #[error("保函已开标还原")]
    AlreadyOpened,
    #[error("该保函{}，不能还原", .0.title())]
    NotRestorable(Stage),
    #[error("该保函出具时即为明文，无需还原")]
    NothingSealed,
    #[error("已开标，不能退保")]
    SurrenderAfterOpening,
    #[error("该保函已有赔付，不能退保")]
    SurrenderAfterPayment,
    #[error("该保函{}，不能退保", .0.title())]
    NotSurrenderable(Stage),
    #[error("该申请{}，不能标记为开函失败", .0.title())]
    NotBeingIssued(Stage),
    #[error("保函有效期未满")]
    NotExpired,
    #[error("该保函{}，不会到期", .0.title())]
    NotInForce(Stage),
    #[error("保函文件尚未生成，请稍后再查询")]
    LetterNotReady,
    #[error("投标人资料尚未齐备：缺少{0}")]
    DossierIncomplete(&'static str),
    #[error("没有待处理的退保申请")]
    NoSurrenderAsked,
    #[error("退保申请已受理，正在处理")]
    SurrenderPending,
    #[error("尚未开标，不能注销保函，开标前请申请退保")]
    CancellationBeforeOpening,
    #[error("该保函{}，不能注销", .0.title())]
    NotCancellable(Stage),
    #[error("该保函{}，不能索赔", .0.title())]
    NotClaimable(Stage),
    #[error("赔付金额 {demanded} 元超过保函金额 {amount} 元（已赔付 {paid} 元）")]
    ClaimExceedsGuarantee { demanded: Fen, amount: Fen, paid: Fen },
    #[error("赔付金额 {paid} 元超过索赔金额 {demanded} 元")]
    ClaimExceedsDemand { paid: Fen, demanded: Fen },
    #[error("赔付金额须大于零")]
    ClaimPaymentMissing,
    #[error("已有索赔正在处理")]
    ClaimPending,
    #[error("没有待处理的索赔")]
    NoClaim,
    #[error("不予赔付和其他状态须说明理由")]
    ClaimRemarkMissing,
    #[error("保函尚未还原，不能开具发票")]
    InvoiceBeforeRestoration,
    #[error("发票申请已受理，正在处理")]
    InvoicePending,
    #[error("没有待处理的发票申请")]
    NoInvoiceAsked,
    #[error("保函文件不属于该保函当前的办理阶段")]
    LetterNotExpected,
}

impl Refusal {
    /// The stable name, for programs: neither the text nor the figures in it are.
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownApplication => "unknown-application",
            Self::AlreadyApplied => "already-applied",
            Self::UnknownGuarantee => "unknown-guarantee",
            Self::GuaranteeNumberMismatch => "guarantee-number-mismatch",
            Self::ProjectMismatch => "project-mismatch",
            Self::ApplicantMismatch => "applicant-mismatch",
            Self::ContentConflict => "content-conflict",
            Self::AmountOutsideLimits { .. } => "amount-outside-limits",
            Self::PremiumNotComputable => "premium-not-computable",
            Self::AlreadyDecided => "already-decided",
            Self::PremiumMissing => "premium-missing",
            Self::NumberUnusable => "number-unusable",
            Self::PremiumNotExpected(_) => "premium-not-expected",
            Self::NotFromBasicAccount => "not-from-basic-account",
            Self::PremiumUnderpaid { .. } => "premium-underpaid",
            Self::WaiverPending => "waiver-pending",
            Self::AlreadyIssued => "already-issued",
            Self::OrderIssued => "order-issued",
            Self::CancellationPending => "cancellation-pending",
            Self::NoCancellationAsked => "no-cancellation-asked",
            Self::NotWaivable(_) => "not-waivable",
            Self::NotIssued => "not-issued",
            Self::WrongKey => "wrong-key",
            Self::AlreadyOpened => "already-opened",
            Self::NotRestorable(_) => "not-restorable",
            Self::NothingSealed => "nothing-sealed",
            Self::SurrenderAfterOpening => "surrender-after-opening",
            Self::SurrenderAfterPayment => "surrender-after-payment",
            Self::NotSurrenderable(_) => "not-surrenderable",
            Self::NotBeingIssued(_) => "not-being-issued",
            Self::NotExpired => "not-expired",
            Self::NotInForce(_) => "not-in-force",
            Self::LetterNotReady => "letter-not-ready",
            Self::DossierIncomplete(_) => "dossier-incomplete",
            Self::NoSurrenderAsked => "no-surrender-asked",
            Self::SurrenderPending => "surrender-pending",
            Self::CancellationBeforeOpening => "cancellation-before-opening",
            Self::NotCancellable(_) => "not-cancellable",
            Self::NotClaimable(_) => "not-claimable",
            Self::ClaimExceedsGuarantee { .. } => "claim-exceeds-guarantee",
            Self::ClaimExceedsDemand { .. } => "claim-exceeds-demand",
            Self::ClaimPaymentMissing => "claim-payment-missing",
            Self::ClaimPending => "claim-pending",
            Self::NoClaim => "no-claim",
            Self::ClaimRemarkMissing => "claim-remark-missing",
            Self::InvoiceBeforeRestoration => "invoice-before-restoration",
            Self::InvoicePending => "invoice-pending",
            Self::NoInvoiceAsked => "no-invoice-asked",
            Self::LetterNotExpected => "letter-not-expected",
        }
    }

    pub fn kind(&self) -> RefusalKind {
        match self {
            Self::GuaranteeNumberMismatch
            | Self::ProjectMismatch
            | Self::ApplicantMismatch
            | Self::AmountOutsideLimits { .. }
            | Self::PremiumNotComputable
            | Self::PremiumMissing
            | Self::NumberUnusable
            | Self::NotFromBasicAccount
            | Self::PremiumUnderpaid { .. }
            | Self::WrongKey
            | Self::ClaimExceedsGuarantee { .. }
            | Self::ClaimExceedsDemand { .. }
            | Self::ClaimPaymentMissing
            | Self::ClaimRemarkMissing => RefusalKind::Content,
            Self::UnknownApplication
            | Self::AlreadyApplied
            | Self::UnknownGuarantee
            | Self::ContentConflict
            | Self::AlreadyDecided
            | Self::PremiumNotExpected(_)
            | Self::WaiverPending
            | Self::AlreadyIssued
            | Self::OrderIssued
            | Self::CancellationPending
            | Self::NoCancellationAsked
            | Self::NotWaivable(_)
            | Self::NotIssued
            | Self::AlreadyOpened
            | Self::NotRestorable(_)
            | Self::NothingSealed
            | Self::SurrenderAfterOpening
            | Self::SurrenderAfterPayment
            | Self::NotSurrenderable(_)
            | Self::NotBeingIssued(_)
            | Self::NotExpired
            | Self::NotInForce(_)
            | Self::LetterNotReady
            | Self::DossierIncomplete(_)
            | Self::NoSurrenderAsked
            | Self::SurrenderPending
            | Self::CancellationBeforeOpening
            | Self::NotCancellable(_)
            | Self::NotClaimable(_)
            | Self::ClaimPending
            | Self::NoClaim
            | Self::InvoiceBeforeRestoration
            | Self::InvoicePending
            | Self::NoInvoiceAsked
            | Self::LetterNotExpected => RefusalKind::State,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    /// The names of the variants, and the codes, as the source has them.
    fn listed() -> (Vec<&'static str>, Vec<&'static str>) {
        let source = include_str!("refusal.rs");
        let body = source.split_once("pub enum Refusal {").unwrap().1.split_once("\n}").unwrap().0;
        let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
        let variants = lines.filter(|line| line.starts_with(char::is_uppercase));
        let variants = variants.map(|line| line.split([' ', '(', ',']).next().unwrap());
        let arms = source.split_once("fn code(").unwrap().1.split_once("\n    }").unwrap().0;
        let codes = arms.lines().filter_map(|line| line.split_once("=> \"")?.1.strip_suffix("\","));
        (variants.collect(), codes.collect())
    }

    #[test]
    fn each_refusal_has_a_code_of_its_own_after_its_name() {
        let (variants, codes) = listed();
        assert!(variants.len() > 40, "{variants:?}");
        assert_eq!(codes.iter().collect::<BTreeSet<_>>().len(), codes.len());
        let kebab = |name: &&str| {
            let letter = |letter: char| match letter.is_uppercase() {
                true => format!("-{}", letter.to_ascii_lowercase()),
                false => letter.to_string(),
            };
            name.chars().map(letter).collect::<String>().trim_start_matches('-').to_owned()
        };
        assert_eq!(variants.iter().map(kebab).collect::<Vec<_>>(), codes);
    }
}
