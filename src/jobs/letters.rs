//! Making a letter: lay it out, seal it, archive the bytes, and only then let the guarantee go on.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use jiff::Timestamp;
use tokio::sync::Semaphore;

use super::desk::{Assignment, Desk};
use super::letter_data::{self, Printed};
use super::verdict::Verdict;
use crate::casework;
use crate::crypto::encoding::TextForm;
use crate::crypto::md5;
use crate::dialect::SectionKey;
use crate::document::{DocumentError, Press};
use crate::domain::guarantee::{LetterKind, Stage};
use crate::domain::{Command, Guarantee};
use crate::institution::letterhead::InstitutionOptions;
use crate::seal::sealer::Sealer;
use crate::store::documents::{self, Document};
use crate::store::jobs::Cause;
use crate::store::keys::{self, Purpose};

/// Lays out and seals letters on as many threads as the machine has cores.
pub struct LetterMaker {
    press: Press,
    sealer: Sealer,
    institution: InstitutionOptions,
    cores: Arc<Semaphore>,
}

impl LetterMaker {
    pub fn new(press: Press, sealer: Sealer, institution: InstitutionOptions) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { press, sealer, institution, cores: Arc::new(Semaphore::new(cores)) }
    }

    /// Lays out a letter of invented data under the institution's own letterhead.
    ///
    /// # Errors
    /// When the templates or fonts can't print the letterhead, as no letter could be made then.
    pub fn try_out(press: &Press, institution: &InstitutionOptions) -> Result<(), DocumentError> {
        press.letter(&letter_data::sample(institution)).map(drop)
    }

    pub(super) async fn run(
        self: &Arc<Self>,
        desk: &Desk,
        assignment: Assignment<'_>,
        letter: LetterKind,
    ) -> anyhow::Result<Verdict> {
        let Assignment { platform, guarantee } = assignment;
        let due = match letter {
            LetterKind::Ciphertext => Stage::Issuing,
            LetterKind::Merged => Stage::Opened,
        };
        if guarantee.stage != due {
            let detail = format!("the guarantee is {} by now", guarantee.stage.name());
            return Ok(Verdict::dead(Cause::Obsolete, detail));
        }
        let revealed = match letter {
            LetterKind::Ciphertext => None,
            LetterKind::Merged => {
                let key = self.restoration_key(desk, &guarantee).await?;
                let section = &guarantee.application.section;
                Some(
                    platform
                        .profile
                        .reveal(section, &key)
                        .context("the stored key does not open the section")?,
                )
            }
        };
        let at = desk.clock.now();
        let started = Instant::now();
        let printed = letter_data::printed(&self.institution, &guarantee, revealed.as_ref(), at)?;
        let file = match self.make(printed, at).await? {
            Ok(file) => file,
            // A missing glyph or a text that does not fit stays so: people have to see to fonts or template.
            Err(error) => return Ok(Verdict::dead(Cause::NotRetryable, error.to_string())),
        };
        let (size, digest_md5) = (u64::try_from(file.len())?, TextForm::Hex.encode(&md5::digest(&file)));
        let digest = desk.uploader.archive.put(file).await?;
        desk.metrics.sealed(started.elapsed());
        let document = Document {
            guarantee: guarantee.id.clone(),
            digest,
            letter,
            format: "ofd".to_owned(),
            size,
            md5: digest_md5,
            stored_at: at,
        };
        let (platform, id) = (platform.clone(), guarantee.id);
        Ok(Verdict::writing(move |connection| {
            documents::record(connection, &document)?;
            let sealed = Command::RecordLetter { letter, document: document.digest.clone() };
            if let Err(refusal) = casework::carry_out_all(connection, &platform, &id, &[sealed], at)? {
                tracing::info!(guarantee = %id, reason = %refusal, "a letter was made for nothing");
            }
            Ok(())
        }))
    }

    async fn restoration_key(&self, desk: &Desk, guarantee: &Guarantee) -> anyhow::Result<SectionKey> {
        let id = guarantee.id.clone();
        let key = desk.store.read(move |c| keys::find(c, &id, Purpose::Restoration)).await?;
        let key = key.context("the restoration key is not stored")?;
        SectionKey::from_bytes(&key).context("the stored restoration key has another length than a key's")
    }

    /// Lays out and seals on a blocking thread; the seal is verified by the second implementation in there.
    async fn make(
        self: &Arc<Self>,
        printed: Printed,
        at: Timestamp,
    ) -> anyhow::Result<Result<Vec<u8>, DocumentError>> {
        let permit = Arc::clone(&self.cores).acquire_owned().await?;
        let maker = Arc::clone(self);
        let made = tokio::task::spawn_blocking(move || {
            let made = maker.print_and_seal(&printed, at);
            drop(permit);
            made
        });
        made.await.context("laying out a letter panicked")?
    }

    fn print_and_seal(
        &self,
        printed: &Printed,
        at: Timestamp,
    ) -> anyhow::Result<Result<Vec<u8>, DocumentError>> {
        let ofd = match letter_data::lay_out(&self.press, printed) {
            Ok(ofd) => ofd,
            Err(error) => return Ok(Err(error)),
        };
        let stamps = letter_data::stamps(&ofd, self.sealer.size_mm());
        let file = crate::seal::ofd::seal(ofd.package, &self.sealer, &stamps, at)?;
        Ok(Ok(file))
    }
}
