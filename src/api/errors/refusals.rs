//! What each refusal of the domain means, and what the institution may do about it.

use super::Bilingual;
use crate::api::problem::Code;

/// One refusal.
pub(super) struct Row {
    pub(super) code: &'static str,
    /// The problem that it comes with.
    pub(super) problem: Code,
    pub(super) meaning: Bilingual,
    pub(super) remedy: Bilingual,
}

/// The guarantee stands where the act is not possible.
const fn state(
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    remedy_zh: &'static str,
    remedy_en: &'static str,
) -> Row {
    row(code, Code::IllegalState, [zh, en, remedy_zh, remedy_en])
}

/// What was sent breaks a rule.
const fn content(
    code: &'static str,
    zh: &'static str,
    en: &'static str,
    remedy_zh: &'static str,
    remedy_en: &'static str,
) -> Row {
    row(code, Code::RefusedContent, [zh, en, remedy_zh, remedy_en])
}

const fn row(code: &'static str, problem: Code, [zh, en, remedy_zh, remedy_en]: [&'static str; 4]) -> Row {
    Row { code, problem, meaning: Bilingual { zh, en }, remedy: Bilingual { zh: remedy_zh, en: remedy_en } }
}

const READ: [&str; 2] =
    ["重新读取保函，按其当前状态办理。", "Read the guarantee again and go on from where it stands."];
const WAIT: [&str; 2] = ["等待在办事项结束后再办理。", "Wait until what is under way has ended."];
const NOTHING: [&str; 2] = ["无需办理。", "Nothing has to be done."];

/// By the life of a guarantee.
pub(super) const TABLE: &[Row] = &[
    state(
        "unknown-application",
        "业务流水号未找到对应的申请。",
        "No application has this number.",
        "核对业务流水号与平台。",
        "Check the number and the platform.",
    ),
    state(
        "already-applied",
        "该业务流水号已提交过申请。",
        "There is an application with this number already.",
        READ[0],
        READ[1],
    ),
    state(
        "unknown-guarantee",
        "保函编号未找到对应的保函。",
        "No guarantee has this number.",
        "核对保函编号与平台。",
        "Check the number and the platform.",
    ),
    content(
        "guarantee-number-mismatch",
        "保函编号与该申请的保函编号不一致。",
        "The guarantee's number is not the one of this application.",
        "以网关中的保函编号为准。",
        "Use the number that the gateway has.",
    ),
    content(
        "project-mismatch",
        "项目编号与该保函的项目编号不一致。",
        "The project's number is not the one of this guarantee.",
        "与平台核对项目编号。",
        "Settle the number with the platform.",
    ),
    content(
        "applicant-mismatch",
        "统一社会信用代码与该保函的申请人不一致。",
        "The credit code is not the applicant's.",
        "与平台核对申请人。",
        "Settle with the platform who the applicant is.",
    ),
    state(
        "content-conflict",
        "同一业务已收到过不同内容的请求，本次内容未受理。",
        "The same business was asked for with other content before; this content was not taken.",
        "与平台核对哪一次内容有效。",
        "Settle with the platform which content holds.",
    ),
    content(
        "amount-outside-limits",
        "保证金金额超出本机构在该平台的承保限额。",
        "The amount is outside the limits of the institution's rules for this platform.",
        "拒绝该申请，或调整承保规则的限额。",
        "Decline the application, or change the limits of the rules.",
    ),
    content(
        "premium-not-computable",
        "按承保规则无法算出保费。",
        "The rules yield no premium for this application.",
        "在审批中写明保费，或修改承保规则。",
        "Name the premium in the approval, or mend the rules.",
    ),
    state(
        "already-decided",
        "该申请已审批，不能重复审批。",
        "The application is approved or declined already.",
        READ[0],
        READ[1],
    ),
    content(
        "premium-missing",
        "审批须有大于零的保费。",
        "An approval needs a premium above zero.",
        "写明保费或费率。",
        "Name a premium or a rate.",
    ),
    content(
        "number-unusable",
        "保函编号为空、过长或含有不允许的字符。",
        "The guarantee's number is empty, too long, or holds characters that it may not.",
        "更换保函编号，或由网关编号。",
        "Give another number, or leave it to the gateway.",
    ),
    state(
        "premium-not-expected",
        "该申请当前不在待缴保费状态。",
        "No premium is due where this application stands.",
        READ[0],
        READ[1],
    ),
    content(
        "not-from-basic-account",
        "保费须由投标人基本户转出。",
        "The premium has to come from the applicant's basic account.",
        "退款后请投标人从基本户重新支付。",
        "Pay it back and have the applicant pay from the basic account.",
    ),
    content(
        "premium-underpaid",
        "实收保费低于应收保费。",
        "Less was paid than the premium that is due.",
        "请投标人补足后再登记。",
        "Have the applicant pay the rest, and record the whole.",
    ),
    state(
        "waiver-pending",
        "放弃申请正在等待平台答复。",
        "The platform has not answered yet whether the application may be given up.",
        WAIT[0],
        WAIT[1],
    ),
    state(
        "already-issued",
        "保函已出具，不能放弃申请。",
        "The guarantee is issued: the application can't be given up any more.",
        "开标前请办理退保。",
        "Before the opening, surrender it.",
    ),
    state(
        "order-issued",
        "保函已出具，订单不能取消。",
        "The guarantee is issued: the order can't be cancelled.",
        "请办理退保。",
        "Surrender it.",
    ),
    state(
        "cancellation-pending",
        "注销申请正在处理。",
        "A cancellation is being decided.",
        "先答复该注销申请。",
        "Answer the cancellation first.",
    ),
    state(
        "no-cancellation-asked",
        "没有待处理的注销申请。",
        "No cancellation is waiting for an answer.",
        READ[0],
        READ[1],
    ),
    state(
        "not-waivable",
        "该申请当前状态不能放弃。",
        "The application can't be given up where it stands.",
        READ[0],
        READ[1],
    ),
    state(
        "not-issued",
        "保函尚未出具。",
        "The guarantee is not issued yet.",
        "出具之后再办理。",
        "Wait until it is issued.",
    ),
    content(
        "wrong-key",
        "密钥不能还原该保函的密文，密文保持不变。",
        "The key does not open the ciphertext, which stays as it was.",
        "请平台重新推送正确的密钥。",
        "Ask the platform for the right key.",
    ),
    state("already-opened", "保函已开标还原。", "The guarantee is opened already.", NOTHING[0], NOTHING[1]),
    state(
        "not-restorable",
        "该保函当前状态不能还原。",
        "The guarantee can't be restored where it stands.",
        READ[0],
        READ[1],
    ),
    state(
        "nothing-sealed",
        "该保函出具时即为明文，无需还原。",
        "The guarantee was in plain text from the start.",
        NOTHING[0],
        NOTHING[1],
    ),
    state(
        "surrender-after-opening",
        "已开标，不能退保。",
        "Bids are opened: the guarantee can't be surrendered any more.",
        "标段异常并经平台报告后方可退保。",
        "It can be, once the platform reports the section as abnormal.",
    ),
    state(
        "surrender-after-payment",
        "该保函已有赔付，不能退保。",
        "A claim was paid: the guarantee can't be surrendered.",
        "按合同另行处理。",
        "Settle it outside the gateway.",
    ),
    state(
        "not-surrenderable",
        "该保函当前状态不能退保。",
        "The guarantee can't be surrendered where it stands.",
        READ[0],
        READ[1],
    ),
    state(
        "not-being-issued",
        "该申请不在开函过程中，不能标记为开函失败。",
        "No letter is being made, so that there is no issue to abandon.",
        READ[0],
        READ[1],
    ),
    state(
        "not-expired",
        "保函有效期未满。",
        "The guarantee's last day is not over.",
        "到期后由网关自动办理。",
        "The gateway ends it by itself when the day is over.",
    ),
    state(
        "not-in-force",
        "该保函不在有效状态，不会到期。",
        "The guarantee is not in force, so that it does not expire.",
        NOTHING[0],
        NOTHING[1],
    ),
    state(
        "letter-not-ready",
        "保函文件尚未生成。",
        "The letter is not made yet.",
        "稍后再查询。",
        "Ask again later.",
    ),
    state(
        "dossier-incomplete",
        "投标人资料尚未齐备。",
        "Papers or particulars of the applicant are missing.",
        "按 detail 补充资料与文件。",
        "Bring what the detail names.",
    ),
    state(
        "no-surrender-asked",
        "没有待处理的退保申请。",
        "No surrender is waiting for an answer.",
        READ[0],
        READ[1],
    ),
    state(
        "surrender-pending",
        "退保申请已受理，正在处理。",
        "A surrender is being decided.",
        "先答复该退保申请。",
        "Answer the surrender first.",
    ),
    state(
        "cancellation-before-opening",
        "尚未开标，不能注销保函。",
        "Bids are not opened yet: the guarantee can't be cancelled.",
        "开标前请办理退保。",
        "Before the opening, surrender it.",
    ),
    state(
        "not-cancellable",
        "该保函当前状态不能注销。",
        "The guarantee can't be cancelled where it stands.",
        READ[0],
        READ[1],
    ),
    state(
        "not-claimable",
        "该保函当前状态不能索赔。",
        "There can be no claim where the guarantee stands.",
        READ[0],
        READ[1],
    ),
    content(
        "claim-exceeds-guarantee",
        "赔付金额连同已赔付的部分超过保函金额。",
        "The payment, with what was paid before, exceeds the guarantee's amount.",
        "核减赔付金额。",
        "Pay no more than what is left of the amount.",
    ),
    content(
        "claim-exceeds-demand",
        "赔付金额超过索赔金额。",
        "The payment exceeds what was demanded.",
        "核减赔付金额。",
        "Pay no more than was demanded.",
    ),
    content(
        "claim-payment-missing",
        "赔付金额须大于零。",
        "A payment has to be above zero.",
        "写明赔付金额，或答复不予赔付。",
        "Name the payment, or reject the claim.",
    ),
    state(
        "claim-pending",
        "已有索赔正在处理。",
        "A claim is open.",
        "先答复该索赔。",
        "Answer the claim first.",
    ),
    state("no-claim", "没有待处理的索赔。", "No claim is open.", READ[0], READ[1]),
    content(
        "claim-remark-missing",
        "不予赔付和其他状态须说明理由。",
        "A rejection, or another state, needs a reason.",
        "补充理由。",
        "Give the reason.",
    ),
    state(
        "invoice-before-restoration",
        "保函尚未还原，不能开具发票。",
        "There is no invoice before the guarantee is restored.",
        "还原之后再办理。",
        "Wait until it is restored.",
    ),
    state(
        "invoice-pending",
        "发票申请已受理，正在处理。",
        "An invoice is being made.",
        "先答复该发票申请。",
        "Answer the request for the invoice first.",
    ),
    state(
        "no-invoice-asked",
        "没有待处理的发票申请。",
        "No invoice is waiting to be issued.",
        READ[0],
        READ[1],
    ),
    state(
        "letter-not-expected",
        "保函文件不属于该保函当前的办理阶段。",
        "The letter does not belong where the guarantee stands.",
        READ[0],
        READ[1],
    ),
];
