//! A sealed letter as it travels inside a message.

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::dialect::response::LetterFile;
use crate::domain::Guarantee;
use crate::domain::guarantee::LetterKind;
use crate::store::documents::{self, Document};
use crate::store::{Archive, Store};

/// A letter of the archive, and the same as a platform gets it.
pub struct SealedLetter {
    pub document: Document,
    pub file: LetterFile,
}

/// Reads a letter from the archive and names it after its guarantee. `None` where it is not sealed.
///
/// # Errors
/// When the database or the archive can't be read, or lacks what was recorded as sealed.
pub async fn load(
    store: &Store,
    archive: &Archive,
    guarantee: &Guarantee,
    letter: LetterKind,
) -> anyhow::Result<Option<SealedLetter>> {
    let Some(sealed) = guarantee.letter(letter) else { return Ok(None) };
    let number = guarantee.number().context("a sealed letter has a number")?;
    let (id, digest) = (guarantee.id.clone(), sealed.document.clone());
    let document = store.read(move |connection| documents::find(connection, &id, &digest)).await?;
    let document = document.context("the sealed letter is not among the guarantee's documents")?;
    let bytes = archive.get(&document.digest).await?;
    let name = format!("{number}.{}", document.format);
    Ok(Some(SealedLetter { document, file: LetterFile { name, base64: BASE64_STANDARD.encode(&bytes) } }))
}
