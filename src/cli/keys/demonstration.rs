//! Keys, certificates and a seal for a demonstration: everything that a sealed letter needs, and nothing that anybody trusts.

use std::path::{Path, PathBuf};

use anyhow::Context;
use jiff::{SignedDuration, Timestamp};

use super::write_new;
use crate::crypto::certificate::{Certificate, Issuer, Subject, Validity, self_issued};
use crate::crypto::sm2::PrivateKey;
use crate::crypto::{international, private_file};
use crate::document::{DocumentOptions, Press, SEAL_DIAMETER_MM, demonstration_seal};
use crate::seal::{ElectronicSeal, SealDescription, SealMaker};

const DAY: i64 = 24;
const YEAR: i64 = 365 * DAY;

/// Where the files of a demonstration are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemonstrationKeys {
    /// The certificate that seal maker and signer are verified against. Its key was not kept.
    pub root_cert: PathBuf,
    /// The seal maker (制章者), who signs the seal itself.
    pub sealer_key: PathBuf,
    pub sealer_cert: PathBuf,
    /// The institution, which signs documents with the seal.
    pub signer_key: PathBuf,
    pub signer_cert: PathBuf,
    /// The institution again, for PDF readers that know no SM2: an ECDSA key, whose certificate it signed itself.
    pub pdf_key: PathBuf,
    pub pdf_cert: PathBuf,
}

/// Makes a root, a seal maker and an institution's signing keys, and writes them to `dir`: certificates in PEM, and
/// private keys in PEM that only their owner can read.
///
/// # Errors
/// When one of the files exists already or cannot be written.
pub fn demonstration_keys(
    dir: &Path,
    institution_name: &str,
    now: Timestamp,
) -> anyhow::Result<DemonstrationKeys> {
    private_file::make_folder(dir).with_context(|| format!("cannot create `{}`", dir.display()))?;
    let paths = DemonstrationKeys {
        root_cert: dir.join("root.cert.pem"),
        sealer_key: dir.join("sealer.key.pem"),
        sealer_cert: dir.join("sealer.cert.pem"),
        signer_key: dir.join("signer.key.pem"),
        signer_cert: dir.join("signer.cert.pem"),
        pdf_key: dir.join("pdf.key.pem"),
        pdf_cert: dir.join("pdf.cert.pem"),
    };
    let valid_for = |hours| {
        // A day in the past, for the clocks of others.
        let not_before = now.checked_sub(SignedDuration::from_hours(DAY))?;
        anyhow::Ok(Validity { not_before, not_after: now.checked_add(SignedDuration::from_hours(hours))? })
    };
    let subject = |common_name: &str, organization: &str| Subject {
        common_name: common_name.to_owned(),
        organization: organization.to_owned(),
    };

    let demonstration = "电子保函演示（不具法律效力）";
    let root = subject("电子保函演示根证书", demonstration);
    let root = Issuer::self_signed(&root, PrivateKey::generate(), valid_for(10 * YEAR)?)?;
    write_new(&paths.root_cert, root.certificate().to_pem().as_bytes())?;
    for (subject, key_path, certificate_path) in [
        (subject("电子印章演示制章者", demonstration), &paths.sealer_key, &paths.sealer_cert),
        (subject(institution_name, institution_name), &paths.signer_key, &paths.signer_cert),
    ] {
        let key = PrivateKey::generate();
        let certificate = root.issue(&subject, &key.public_key(), valid_for(3 * YEAR)?)?;
        private_file::write_new(key_path, key.to_pem().as_bytes())?;
        write_new(certificate_path, certificate.to_pem().as_bytes())?;
    }
    let key = international::PrivateKey::generate_p256()?;
    let certificate = self_issued(&subject(institution_name, institution_name), &key, valid_for(3 * YEAR)?)?;
    private_file::write_new(&paths.pdf_key, key.to_pem()?.as_bytes())?;
    write_new(&paths.pdf_cert, certificate.to_pem().as_bytes())?;
    Ok(paths)
}

/// Where the institution's seal is: as it is used, and as it looks.
pub struct SealFiles {
    pub seal: PathBuf,
    pub picture: PathBuf,
}

/// Draws the institution's seal, has it made by the demonstration's seal maker for its signing key, and writes both to
/// `dir`. It is valid for a year.
///
/// # Errors
/// When a key or certificate can't be read, or one of the files exists already or cannot be written.
pub fn electronic_seal(
    dir: &Path,
    keys: &DemonstrationKeys,
    institution_name: &str,
    now: Timestamp,
) -> anyhow::Result<SealFiles> {
    let certificate = |path: &Path| {
        let pem = std::fs::read_to_string(path).with_context(|| format!("`{}`", path.display()))?;
        anyhow::Ok(Certificate::from_pem(&pem)?)
    };
    let maker_key = private_file::read(&keys.sealer_key)?;
    let maker = SealMaker {
        key: PrivateKey::from_pem(std::str::from_utf8(&maker_key)?)?,
        certificate: certificate(&keys.sealer_cert)?,
    };
    let picture = demonstration_seal(&Press::open(&DocumentOptions::default())?, institution_name)?;
    let diameter = u16::try_from(SEAL_DIAMETER_MM)?;
    let seal = ElectronicSeal::make(
        &maker,
        &SealDescription {
            id: "DEMO0000000001",
            name: institution_name,
            picture_png: &picture,
            width_mm: diameter,
            height_mm: diameter,
            valid_from: now,
            valid_until: now.checked_add(SignedDuration::from_hours(YEAR))?,
            signer_certificate: &certificate(&keys.signer_cert)?,
        },
    )?;
    let files = SealFiles { seal: dir.join("seal.esl"), picture: dir.join("seal.png") };
    write_new(&files.seal, &seal)?;
    write_new(&files.picture, &picture)?;
    Ok(files)
}
