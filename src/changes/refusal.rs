//! Why a change is not taken, in Chinese and in English.

use jiff::civil::Date;

use super::subject::Subject;
use crate::document::{Form, ProofError};
use crate::domain::identity::PlatformId;

/// A change that is refused. `Display` says why in English, [`Refusal::zh`] in Chinese.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the change is of format {0}, which this program does not know")]
    UnknownFormat(u32),
    #[error("expected something that changes, found nothing")]
    Nothing,
    #[error("expected a reason, found none")]
    NoReason,
    #[error("{0}: expected one change of it, found two")]
    Twice(Subject),
    #[error("{0}: what is proposed can't be said of it")]
    Mismatched(Subject),
    #[error("{subject}: proposed against version {expected}, but version {found} is in force by now")]
    Overtaken { subject: Subject, expected: i64, found: i64 },
    #[error("{0}: nothing would change")]
    NoDifference(Subject),
    #[error("{0}: nothing stands above the settings that could be withdrawn")]
    NothingToWithdraw(Subject),
    #[error("the settings have no platform `{0}`")]
    UnknownPlatform(PlatformId),
    #[error(
        "rule `{name}`: expected to hold from {today} or later, found {from}: what is received already keeps its rules"
    )]
    InThePast { name: String, from: Date, today: Date },
    #[error("{0}: expected the former secret to be accepted for a week at most")]
    OverlapTooLong(Subject),
    #[error("rule `{0}`: expected a name of 1 to 64 letters, digits, `-`, `_` or `.`")]
    RuleName(String),
    #[error("rule `{name}`: {detail}")]
    Rule { name: String, detail: String },
    #[error("rule `{name}`: expected no `{key}`: {why}")]
    RuleKey { name: String, key: &'static str, why: &'static str },
    #[error("the platforms can't be set up so: {0}")]
    Platforms(String),
    #[error("the templates can't be used: {0}")]
    Templates(String),
    #[error(transparent)]
    Proof(#[from] ProofError),
    #[error("template `{name}`: expected at most {limit} bytes, found {found}")]
    TemplateTooLong { name: String, found: usize, limit: usize },
    #[error("proposed and approved by the same person, `{0}`")]
    OnePerson(String),
    #[error("it was not tried on what is in force now: look at it once more, then approve")]
    NotTried,
}

impl Refusal {
    pub fn zh(&self) -> String {
        match self {
            Self::UnknownFormat(format) => format!("变更格式 {format} 不被本程序支持"),
            Self::Nothing => "没有任何变更内容".to_owned(),
            Self::NoReason => "须填写变更原因".to_owned(),
            Self::Twice(subject) => format!("{}在同一变更中出现两次", of(subject)),
            Self::Mismatched(subject) => format!("变更内容与{}不符", of(subject)),
            Self::Overtaken { subject, expected, found } => {
                format!("{}：变更依据第 {expected} 版提出，现已为第 {found} 版，请重新提出", of(subject))
            }
            Self::NoDifference(subject) => format!("{}：与现行内容相同，无变更", of(subject)),
            Self::NothingToWithdraw(subject) => format!("{}：没有高于设置文件的变更可撤回", of(subject)),
            Self::UnknownPlatform(platform) => format!("设置中没有平台 {platform}"),
            Self::InThePast { name, from, today } => {
                format!("规则 {name}：生效日 {from} 早于今日 {today}；已收到的申请适用原规则")
            }
            Self::OverlapTooLong(subject) => format!("{}：原密钥最多继续受理 7 天", of(subject)),
            Self::RuleName(name) => format!("规则名称 {name} 须为 1 至 64 个字母、数字或 - _ ."),
            Self::Rule { name, detail } => format!("规则 {name} 未通过检查：{detail}"),
            Self::RuleKey { name, key, .. } => {
                format!("规则 {name} 不能在控制台设置 {key}，请在设置文件中设置")
            }
            Self::Platforms(detail) => format!("平台无法按此设置启用：{detail}"),
            Self::Templates(detail) => format!("模板试排未通过：{detail}"),
            Self::Proof(ProofError::Unprintable(error)) => format!("模板试排未通过：{error}"),
            Self::Proof(ProofError::BlankLost { form, blank }) => {
                format!("模板试排未通过：{}未印出必备内容 {blank}", titled(*form))
            }
            Self::Proof(ProofError::SealCut { form, page }) => {
                format!("模板试排未通过：{}第 {page} 页的印章超出页面", titled(*form))
            }
            Self::TemplateTooLong { name, found, limit } => {
                format!("模板 {name} 有 {found} 字节，超过上限 {limit} 字节")
            }
            Self::NotTried => "尚未按现行内容试用，请重新打开后再复核".to_owned(),
            Self::OnePerson(name) => format!("经办与复核不能为同一人（{name}）"),
        }
    }
}

fn titled(form: Form) -> String {
    format!("{}（{}）", form.title(), form.name())
}

fn of(subject: &Subject) -> String {
    match subject {
        Subject::Secret { platform, key } => format!("平台 {platform} 的密钥 {}", key.name()),
        Subject::Rule { name } => format!("规则 {name}"),
        Subject::Template { name } => format!("模板 {name}"),
    }
}
