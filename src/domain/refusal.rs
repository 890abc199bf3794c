//! Why something is not done. The text is Chinese, because platforms show it to applicants and ops staff.

use super::guarantee::Stage;
use super::money::Fen;

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
    #[error("该申请{}，不能登记保费", .0.title())]
    PremiumNotExpected(Stage),
    #[error("保费须由投标人基本户转出，请退款后从基本户重新支付")]
    NotFromBasicAccount,
    #[error("放弃申请正在等待平台答复")]
    WaiverPending,
    #[error("保函已出具，不能放弃申请，可在开标前申请退保")]
    AlreadyIssued,
    #[error("保函已出具，订单不能取消，可申请退保")]
    OrderIssued,
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
