//! Why the platform does not take a request, with the code of the dictionary (11.1).

use std::fmt;

/// The error codes that this platform has a use for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// 101, 数据验签未通过
    Signature,
    /// 102, 数据解密失败
    Decryption,
    /// 103, 请求参数校验未通过
    Parameters,
    /// 203, 保函唯一标识/保函申请编号不存在
    UnknownNumber,
    /// 302, 服务器异常
    Server,
}

/// All other codes of 11.1.
pub const FAILURES: &[&str] = &["101", "102", "103", "201", "202", "203", "204", "301", "302"];

/// The code of success.
pub const SUCCESS: &str = "000";

impl Code {
    pub fn number(self) -> &'static str {
        match self {
            Self::Signature => "101",
            Self::Decryption => "102",
            Self::Parameters => "103",
            Self::UnknownNumber => "203",
            Self::Server => "302",
        }
    }

    /// The dictionary's words.
    fn words(self) -> &'static str {
        match self {
            Self::Signature => "数据接收失败，数据验签未通过",
            Self::Decryption => "数据接收失败，数据解密失败",
            Self::Parameters => "数据接收失败，请求参数校验未通过",
            Self::UnknownNumber => "业务处理失败，保函唯一标识/保函申请编号不存在",
            Self::Server => "服务器异常",
        }
    }
}

/// A code and what exactly is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub code: Code,
    pub detail: String,
}

impl Refusal {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// 103
    pub fn parameters(detail: impl Into<String>) -> Self {
        Self::new(Code::Parameters, detail)
    }

    /// What goes into `message`, which holds 200 characters.
    pub fn message(&self) -> String {
        self.to_string().chars().take(200).collect()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}：{}", self.code.words(), self.detail)
    }
}
