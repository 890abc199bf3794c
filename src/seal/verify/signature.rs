//! One signature: its Signature.xml, the digests in it, and then its signed value.

use std::collections::HashSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::coverage::Coverage;
use super::files::Files;
use super::report::{CheckName, Checks, SignatureReport};
use super::structure::{Document, Entry};
use super::{Trust, seal_value};
use crate::document::ofd::element::{Element, resolve};
use crate::seal::ses::{SM2_WITH_SM3, SM3};

/// Names of SM3 found in files: ours and the vendors', ofdrw's, and two variants.
fn names_sm3(method: &str) -> bool {
    let oid = SM3.to_string();
    method.eq_ignore_ascii_case("SM3")
        || method.strip_prefix(&oid).is_some_and(|rest| matches!(rest, "" | ".1" | ".2"))
}

pub fn verify(
    files: &mut Files<'_>,
    document: &Document,
    entry: &Entry,
    trust: &Trust,
    now: Timestamp,
    coverage: &mut Coverage,
) -> SignatureReport {
    let mut report = SignatureReport { path: entry.path.clone(), ..SignatureReport::default() };
    let mut checks = Checks::default();
    coverage.own.insert(entry.path.clone());
    if let Some((signed_info, signed_value)) = open(files, entry, &mut checks) {
        report.declared_time = signed_info.child_text("SignatureDateTime").map(str::to_owned);
        report.provider = signed_info
            .child("Provider")
            .and_then(|provider| provider.attribute("ProviderName"))
            .map(str::to_owned);
        coverage.own.insert(signed_value.clone());
        references(files, entry, &signed_info, coverage, &mut checks);
        stamps(document, &signed_info, &mut checks);
        let seal_file = signed_info
            .child("Seal")
            .and_then(|seal| seal.child_text("BaseLoc"))
            .map(|location| resolve(&entry.path, location));
        if entry.sealed {
            let subject = seal_value::Subject { path: &entry.path, signed_value: &signed_value, seal_file };
            seal_value::verify(files, &subject, trust, now, &mut report, &mut checks);
        } else {
            checks.failed(
                CheckName::SignedValue,
                "a signature without a seal (GB/T 35275 SignedData) cannot be verified by this program",
            );
        }
    }
    report.checks = checks.into_list();
    report
}

/// Reads Signature.xml: its SignedInfo and the path of its signed value.
fn open(files: &Files<'_>, entry: &Entry, checks: &mut Checks) -> Option<(Element, String)> {
    let name = CheckName::SignatureFile;
    let Some(bytes) = files.get(&entry.path) else {
        checks.failed(name, format!("`{}` is missing", entry.path));
        return None;
    };
    let mut root = match Element::parse(bytes, "Signature") {
        Ok(root) => root,
        Err(fault) => {
            checks.failed(name, format!("`{}`: {fault}", entry.path));
            return None;
        }
    };
    let repeated = ["SignedInfo", "SignedValue"].into_iter().find_map(|child| root.only_child(child).err());
    let info = root.child("SignedInfo");
    let parts = ["Provider", "SignatureMethod", "SignatureDateTime", "References", "Seal"];
    let repeated = repeated
        .or_else(|| parts.into_iter().find_map(|child| info.and_then(|info| info.only_child(child).err())));
    if let Some(fault) = repeated {
        checks.failed(name, format!("`{}`: {fault}", entry.path));
        return None;
    }
    let location = root.child_text("SignedValue").unwrap_or_default();
    let Some(signed_value) = resolve(&entry.path, location).filter(|path| files.get(path).is_some()) else {
        checks.failed(name, format!("`SignedValue`: `{location}` is no file of the package"));
        return None;
    };
    let Some(signed_info) = root.take_child("SignedInfo") else {
        checks.failed(name, "`SignedInfo` is missing");
        return None;
    };
    match signed_info.child_text("SignatureMethod").unwrap_or_default() {
        method if method == SM2_WITH_SM3.to_string() => checks.passed(name, &entry.path),
        method => {
            checks.warned(name, format!("`SignatureMethod`: expected `{SM2_WITH_SM3}`, found `{method}`"))
        }
    }
    Some((signed_info, signed_value))
}

/// Every reference names a file of the package once and holds its digest.
fn references(
    files: &mut Files<'_>,
    entry: &Entry,
    signed_info: &Element,
    coverage: &mut Coverage,
    checks: &mut Checks,
) {
    let Some(list) = signed_info.child("References") else {
        return checks.failed(CheckName::References, "`References` is missing");
    };
    let method = list.attribute("CheckMethod").unwrap_or_default();
    if !names_sm3(method) {
        let detail = format!("`CheckMethod`: expected SM3 (`{SM3}`), found `{method}`");
        return checks.failed(CheckName::References, detail);
    }
    // Each file once; more would only be work.
    let count = list.children("Reference").count();
    if count > files.count() {
        let detail = format!("{count} references to {} files", files.count());
        return checks.failed(CheckName::References, detail);
    }
    let mut faults = Vec::new();
    let mut seen = HashSet::new();
    for reference in list.children("Reference") {
        let location = reference.attribute("FileRef").unwrap_or_default();
        let Some(path) = resolve(&entry.path, location) else {
            faults.push(format!("`{location}` is no path inside the package"));
            continue;
        };
        let value = reference.child_text("CheckValue").unwrap_or_default();
        let value: String = value.chars().filter(|character| !character.is_ascii_whitespace()).collect();
        match (files.digest(&path), STANDARD.decode(value)) {
            (None, _) => faults.push(format!("`{path}` is missing")),
            (Some(_), Err(_)) => faults.push(format!("`{path}`: the digest is not base64")),
            (Some(found), Ok(expected)) if found != *expected => faults.push(format!("`{path}` was changed")),
            (Some(_), Ok(_)) if !seen.insert(path.clone()) => faults.push(format!("`{path}` stands twice")),
            (Some(_), Ok(_)) => {}
        }
        // A changed file is covered: that is how the change is known.
        coverage.referenced.insert(path);
    }
    match (seen.len(), faults.as_slice()) {
        (0, []) => checks.failed(CheckName::References, "no file is referenced"),
        (count, []) => checks.passed(CheckName::References, format!("{count} files unchanged")),
        (_, faults) => checks.failed(CheckName::References, faults.join("; ")),
    }
}

/// The places of the seal are on pages of the document. The seal does not depend on it, so this only warns.
fn stamps(document: &Document, signed_info: &Element, checks: &mut Checks) {
    let pages: Vec<_> = signed_info
        .children("StampAnnot")
        .map(|stamp| stamp.attribute("PageRef").unwrap_or_default())
        .collect();
    let lost: Vec<_> = pages.iter().filter(|page| !document.pages.contains(**page)).copied().collect();
    match (pages.as_slice(), lost.as_slice()) {
        ([], _) => checks.warned(CheckName::Stamps, "the seal is shown on no page"),
        (pages, []) => checks.passed(CheckName::Stamps, format!("{} place(s)", pages.len())),
        (_, lost) => checks.warned(CheckName::Stamps, format!("no such page: {}", lost.join(", "))),
    }
}
