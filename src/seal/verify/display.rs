//! The report as operations staff read it: Chinese labels, with the English names that tickets and the JSON use.

use std::fmt;

use jiff::Timestamp;

use super::report::{Check, CheckName, ContainerKind, Outcome, Report, SealReport, SignatureReport, Verdict};
use crate::clock;

impl CheckName {
    /// Chinese and English; the English one is the name in JSON.
    pub fn label(self) -> (&'static str, &'static str) {
        match self {
            Self::Archive => ("压缩包", "archive"),
            Self::Doctype => ("无 DOCTYPE", "doctype"),
            Self::Structure => ("文件结构", "structure"),
            Self::Signatures => ("签章列表", "signatures"),
            Self::Coverage => ("签章覆盖范围", "coverage"),
            Self::ByteRange => ("签名字节范围", "byte_range"),
            Self::SignatureFile => ("签名描述文件", "signature_file"),
            Self::References => ("文件摘要", "references"),
            Self::Stamps => ("盖章位置", "stamps"),
            Self::SignedValue => ("签名值结构", "signed_value"),
            Self::DataHash => ("原文摘要", "data_hash"),
            Self::PropertyInfo => ("原文属性", "property_info"),
            Self::SigningTime => ("签章时间", "signing_time"),
            Self::SignerSignature => ("签章人签名", "signer_signature"),
            Self::SignerInSeal => ("签章人在印章名单内", "signer_in_seal"),
            Self::SignerValidity => ("签章人证书有效期", "signer_validity"),
            Self::SignerTrust => ("签章人证书链", "signer_trust"),
            Self::SealFile => ("印章文件", "seal_file"),
            Self::SealSignature => ("制章者签名", "seal_signature"),
            Self::SealValidity => ("印章有效期", "seal_validity"),
            Self::SealerValidity => ("制章者证书有效期", "sealer_validity"),
            Self::SealerTrust => ("制章者证书链", "sealer_trust"),
            Self::TimeStamp => ("时间戳", "time_stamp"),
        }
    }
}

impl fmt::Display for CheckName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (chinese, english) = self.label();
        write!(formatter, "{chinese} ({english})")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Valid => "有效 (valid)",
            Self::Untrusted => "内容完整，但未指定信任的根证书，签章人身份未核实 (untrusted)",
            Self::Invalid => "无效 (invalid)",
            Self::Unsigned => "未签章 (unsigned)",
        })
    }
}

impl fmt::Display for Check {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.outcome {
            Outcome::Passed => "通过",
            Outcome::Warning => "注意",
            Outcome::Failed => "失败",
        };
        write!(formatter, "[{mark}] {}: {}", self.name, printable(&self.detail))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "验证结论: {}", self.verdict)?;
        for check in &self.checks {
            writeln!(formatter, "  {check}")?;
        }
        for (number, signature) in (1..).zip(&self.signatures) {
            writeln!(formatter, "签章 {number}: {}", signature.path)?;
            write!(formatter, "{signature}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SignatureReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let validity = period(self.not_before, self.not_after);
        line(formatter, "签章人", self.subject.as_deref())?;
        line(formatter, "证书序列号", self.serial.as_deref())?;
        line(formatter, "颁发者", self.issuer.as_deref())?;
        line(formatter, "证书有效期", validity.as_deref())?;
        line(formatter, "签名算法", self.algorithm.as_deref())?;
        line(formatter, "签名格式", self.container.map(ContainerKind::standard))?;
        line(formatter, "签章时间", self.sealed_at.map(local).as_deref())?;
        line(formatter, "声明的签名时间", self.declared_time.as_deref())?;
        line(formatter, "签章软件", self.provider.as_deref())?;
        if let Some(seal) = &self.seal {
            write!(formatter, "{seal}")?;
        }
        for check in &self.checks {
            writeln!(formatter, "  {check}")?;
        }
        Ok(())
    }
}

impl ContainerKind {
    /// The standard that describes it.
    pub fn standard(self) -> &'static str {
        match self {
            Self::Cms => "RFC 5652",
            Self::GmSignedData => "GM/T 0010",
            Self::Ses => "GB/T 38540",
        }
    }
}

impl fmt::Display for SealReport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        line(formatter, "印章名称", Some(&self.name))?;
        line(formatter, "印章编号", Some(&self.id))?;
        line(formatter, "印章有效期", period(self.valid_from, self.valid_until).as_deref())?;
        line(formatter, "制章者", self.sealer_subject.as_deref())?;
        line(formatter, "制章者证书序列号", self.sealer_serial.as_deref())?;
        line(formatter, "印章标准版本", Some(&format!("{:?}", self.edition)))
    }
}

fn line(formatter: &mut fmt::Formatter<'_>, label: &str, value: Option<&str>) -> fmt::Result {
    match value {
        Some(value) => writeln!(formatter, "  {label}: {}", printable(value)),
        None => Ok(()),
    }
}

/// Text from a file must not be able to forge lines of this report, to turn what stands around it, or to command the
/// terminal.
fn printable(text: &str) -> String {
    let hides = |character: char| {
        character.is_control()
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}'
                | '\u{feff}')
    };
    text.replace(hides, "\u{fffd}")
}

fn period(from: Option<Timestamp>, until: Option<Timestamp>) -> Option<String> {
    Some(format!("{} 至 {}", local(from?), local(until?)))
}

fn local(instant: Timestamp) -> String {
    format!("{} (北京时间)", clock::to_wire(instant))
}
