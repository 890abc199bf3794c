//! What a verification found.

use std::fmt::Display;

use jiff::Timestamp;
use serde::Serialize;

use crate::crypto::certificate::Certificate;
use crate::seal::agreement::Disagreement;
use crate::seal::ses::Edition;

/// The findings about one file.
#[derive(Debug, Serialize)]
pub struct Report {
    pub verdict: Verdict,
    /// About the file as a whole.
    pub checks: Vec<Check>,
    pub signatures: Vec<SignatureReport>,
}

/// The findings in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Every check passed, and every signer and sealer is certified by a trust anchor.
    Valid,
    /// No check failed, but there were no trust anchors: anybody may have signed.
    Untrusted,
    Invalid,
    /// A readable file without any signature.
    Unsigned,
}

/// The findings about one signature.
#[derive(Debug, Default, Serialize)]
pub struct SignatureReport {
    /// In OFD the path of its Signature.xml, in PDF the name of its form field.
    pub path: String,
    /// What holds the signature of a PDF; absent in OFD, where it is always a seal.
    pub container: Option<ContainerKind>,
    /// The edition of the seal's structure.
    pub edition: Option<Edition>,
    /// As people write it: `RSA with SHA-256`.
    pub algorithm: Option<String>,
    /// Serial number of the signer's certificate, hexadecimal.
    pub serial: Option<String>,
    pub subject: Option<String>,
    pub issuer: Option<String>,
    pub not_before: Option<Timestamp>,
    pub not_after: Option<Timestamp>,
    /// SM3 of the signer's certificate, hexadecimal.
    pub fingerprint: Option<String>,
    /// The time inside the signature (timeInfo of a seal, signingTime of signed data), else the one beside it.
    pub sealed_at: Option<Timestamp>,
    /// SignatureDateTime of OFD or `M` of PDF as written; informative.
    pub declared_time: Option<String>,
    /// ProviderName: the program that sealed.
    pub provider: Option<String>,
    pub seal: Option<SealReport>,
    /// What the two implementations of SM2 said of the signer's signature; absent where it is by another algorithm, or
    /// could not be given to them.
    pub second_opinion: Option<SecondOpinion>,
    pub checks: Vec<Check>,
}

/// Whether two independent implementations of SM2 judge a signature alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SecondOpinion {
    /// Both accept it.
    Accepted,
    /// Both refuse it.
    Refused,
    /// They contradict each other: trust neither.
    Split,
}

/// What holds a signature in a PDF file, told by its bytes and not by the SubFilter beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ContainerKind {
    /// RFC 5652.
    Cms,
    /// GM/T 0010-2012.
    GmSignedData,
    /// A seal's signature, GB/T 38540-2020.
    Ses,
}

/// The electronic seal in a signature.
#[derive(Debug, Serialize)]
pub struct SealReport {
    /// esID.
    pub id: String,
    pub name: String,
    pub vendor: String,
    pub edition: Edition,
    pub created: Option<Timestamp>,
    pub valid_from: Option<Timestamp>,
    pub valid_until: Option<Timestamp>,
    /// `png`, `ofd` and others.
    pub picture_kind: String,
    pub picture_bytes: usize,
    /// The seal maker (制章者).
    pub sealer_subject: Option<String>,
    pub sealer_issuer: Option<String>,
    pub sealer_serial: Option<String>,
}

/// One check and how it ended.
#[derive(Debug, Serialize)]
pub struct Check {
    pub name: CheckName,
    pub outcome: Outcome,
    /// What was found, in English; names files and values.
    pub detail: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Passed,
    Warning,
    Failed,
}

/// The checks, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckName {
    Archive,
    Doctype,
    Structure,
    Signatures,
    Coverage,
    ByteRange,
    SignatureFile,
    References,
    Stamps,
    SignedValue,
    DataHash,
    PropertyInfo,
    SigningTime,
    SignerSignature,
    SignerInSeal,
    SignerValidity,
    SignerTrust,
    SealFile,
    SealSignature,
    SealValidity,
    SealerValidity,
    SealerTrust,
    TimeStamp,
}

/// Findings in the order in which they were made.
#[derive(Debug, Default)]
pub(in crate::seal) struct Checks(Vec<Check>);

impl Checks {
    pub fn passed(&mut self, name: CheckName, detail: impl Display) {
        self.add(name, Outcome::Passed, detail);
    }

    pub fn warned(&mut self, name: CheckName, detail: impl Display) {
        self.add(name, Outcome::Warning, detail);
    }

    pub fn failed(&mut self, name: CheckName, detail: impl Display) {
        self.add(name, Outcome::Failed, detail);
    }

    /// Passed or failed, by a condition.
    pub fn require(&mut self, name: CheckName, holds: bool, detail: impl Display) {
        self.add(name, if holds { Outcome::Passed } else { Outcome::Failed }, detail);
    }

    fn add(&mut self, name: CheckName, outcome: Outcome, detail: impl Display) {
        self.0.push(Check { name, outcome, detail: detail.to_string() });
    }

    pub fn into_list(self) -> Vec<Check> {
        self.0
    }
}

impl SecondOpinion {
    /// Of a verification by both that ended with this refusal, or without any.
    pub(in crate::seal) fn of(refusal: Option<&Disagreement>) -> Option<Self> {
        match refusal {
            None => Some(Self::Accepted),
            Some(Disagreement::Wrong) => Some(Self::Refused),
            Some(Disagreement::Split { .. }) => Some(Self::Split),
            Some(Disagreement::Malformed | Disagreement::OtherKey) => None,
        }
    }
}

impl SignatureReport {
    /// Fills in what the signer's certificate says.
    pub(in crate::seal) fn describe_signer(&mut self, certificate: &Certificate) {
        self.serial = Some(certificate.serial_hex());
        self.subject = Some(certificate.subject());
        self.issuer = Some(certificate.issuer());
        self.not_before = Some(certificate.not_before());
        self.not_after = Some(certificate.not_after());
        self.fingerprint = Some(hex::encode(certificate.fingerprint()));
    }
}

impl Report {
    pub(in crate::seal) fn conclude(checks: Checks, signatures: Vec<SignatureReport>) -> Self {
        let mut report = Self { verdict: Verdict::Invalid, checks: checks.into_list(), signatures };
        let failed = |check: &Check| check.outcome == Outcome::Failed;
        let only_unsigned = report
            .checks
            .iter()
            .filter(|check| failed(check))
            .all(|check| check.name == CheckName::Signatures);
        let untrusted = |check: &Check| {
            matches!(check.name, CheckName::SignerTrust | CheckName::SealerTrust)
                && check.outcome == Outcome::Warning
        };
        report.verdict = if report.signatures.is_empty() && only_unsigned {
            Verdict::Unsigned
        } else if report.signatures.is_empty() || report.all_checks().any(failed) {
            Verdict::Invalid
        } else if report.all_checks().any(untrusted) {
            Verdict::Untrusted
        } else {
            Verdict::Valid
        };
        report
    }

    /// Whether the file is sealed and no check failed. Without trust anchors this says nothing about who sealed it: see
    /// [`Verdict::Untrusted`].
    pub fn is_valid(&self) -> bool {
        matches!(self.verdict, Verdict::Valid | Verdict::Untrusted)
    }

    /// Whether the file is intact and each of its signatures is by the holder of one of these certificates: what tells
    /// our own documents from those of others. A stranger's signature behind ours does not pass, because what it shows
    /// on the page is the stranger's too.
    pub fn is_signed_only_by(&self, certificates: &[Certificate]) -> bool {
        let fingerprints: Vec<_> =
            certificates.iter().map(|certificate| Some(hex::encode(certificate.fingerprint()))).collect();
        self.is_valid()
            && self.signatures.iter().all(|signature| fingerprints.contains(&signature.fingerprint))
    }

    /// Whether signatures vouch for all of the file: each of an OFD package's files, each byte of a PDF file. `None` if that
    /// was not looked at, because there is no signature or the file cannot be read.
    pub fn covers_whole_file(&self) -> Option<bool> {
        let checked: Vec<_> = self
            .all_checks()
            .filter(|check| matches!(check.name, CheckName::Coverage | CheckName::ByteRange))
            .collect();
        let covered = checked.iter().all(|check| check.outcome == Outcome::Passed);
        (!checked.is_empty()).then_some(covered)
    }

    /// The checks of the file and of all signatures.
    pub fn all_checks(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().chain(self.signatures.iter().flat_map(|signature| &signature.checks))
    }

    /// The names of the failed checks.
    pub fn failures(&self) -> Vec<CheckName> {
        self.all_checks().filter(|check| check.outcome == Outcome::Failed).map(|check| check.name).collect()
    }
}
