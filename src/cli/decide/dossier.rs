//! A dossier as people hand it in: a JSON file that names the papers' files.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;

use crate::crypto::encoding::TextForm;
use crate::crypto::md5;
use crate::domain::dossier::{Dossier, Paper};
use crate::domain::party::Contact;
use crate::store::Archive;

/// The file's shape. Whatever is not named is not known.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Listed {
    contact: Person,
    email: Option<String>,
    address: Option<String>,
    legal_representative: Person,
    legal_representative_id: Option<String>,
    order: Option<PathBuf>,
    qualification: Option<PathBuf>,
    licence: Option<PathBuf>,
    payment_proof: Option<PathBuf>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Person {
    name: Option<String>,
    phone: Option<String>,
}

impl From<Person> for Contact {
    fn from(Person { name, phone }: Person) -> Self {
        Self { name, phone }
    }
}

/// Reads a dossier and puts its papers into the archive. A paper goes out under a name of ours, since that stands in
/// links, and a file's own name may tell of a person.
///
/// # Errors
/// When a file can't be read, is empty, or the archive can't be used.
pub(super) async fn read(file: &Path, archive: Archive) -> anyhow::Result<Dossier> {
    let text = std::fs::read(file).with_context(|| format!("can't read `{}`", file.display()))?;
    let listed: Listed = serde_json::from_slice(&text)
        .with_context(|| format!("expected a dossier as JSON in `{}`", file.display()))?;
    let desk = Desk { archive, folder: file.parent().unwrap_or(Path::new("")) };
    Ok(Dossier {
        contact: listed.contact.into(),
        email: listed.email,
        address: listed.address,
        legal_representative: listed.legal_representative.into(),
        legal_representative_id: listed.legal_representative_id,
        order: desk.paper("order", listed.order).await?,
        qualification: desk.paper("qualification", listed.qualification).await?,
        licence: desk.paper("licence", listed.licence).await?,
        payment_proof: desk.paper("payment-proof", listed.payment_proof).await?,
    })
}

/// Where papers come from and go to.
struct Desk<'a> {
    archive: Archive,
    folder: &'a Path,
}

impl Desk<'_> {
    async fn paper(&self, name: &str, path: Option<PathBuf>) -> anyhow::Result<Option<Paper>> {
        let Some(path) = path else { return Ok(None) };
        let path = self.folder.join(path);
        let bytes =
            std::fs::read(&path).with_context(|| format!("{name}: can't read `{}`", path.display()))?;
        anyhow::ensure!(!bytes.is_empty(), "{name}: expected a paper in `{}`, found nothing", path.display());
        let name = match path.extension().and_then(|extension| extension.to_str()) {
            Some(extension) => format!("{name}.{}", extension.to_ascii_lowercase()),
            None => name.to_owned(),
        };
        let md5 = TextForm::Hex.encode(&md5::digest(&bytes));
        Ok(Some(Paper { document: self.archive.put(bytes).await?, name, md5 }))
    }
}
