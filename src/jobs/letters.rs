//! Making a letter: lay it out, seal it, archive the bytes, and only then let the guarantee go on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::desk::{Assignment, Desk};
use super::letter_data::{self, Content, Printed};
use super::verdict::Verdict;
use crate::casework;
use crate::crypto::encoding::TextForm;
use crate::crypto::md5;
use crate::dialect::SectionKey;
use crate::document::{DocumentError, Form, Letter, Press};
use crate::domain::guarantee::{LetterKind, Stage};
use crate::domain::identity::{GuaranteeId, PlatformId};
use crate::domain::product::LetterFormat;
use crate::domain::{Command, Guarantee};
use crate::institution::letterhead::InstitutionOptions;
use crate::seal::pdf::{PdfSignatureProfile, PdfSigner, SealPicture};
use crate::seal::sealer::Sealer;
use crate::store::documents::{self, Document};
use crate::store::jobs::Cause;
use crate::store::keys::{self, Purpose};
use crate::supervise::{Current, Workshop};

/// Lays out letters on as many threads as the machine has cores, and seals each on the same thread. The press may be replaced
/// meanwhile; a letter is printed on one of them.
pub struct LetterMaker {
    workshop: Workshop,
    press: Current<Press>,
    sealer: Arc<Sealer>,
    institution: InstitutionOptions,
    styles: BTreeMap<PlatformId, Style>,
    cores: Arc<Semaphore>,
}

/// How the letters for one platform look.
#[derive(Clone)]
pub struct Style {
    pub form: Form,
    pub writing: Writing,
}

/// The file format of a letter, with what sealing it takes.
#[derive(Clone)]
pub enum Writing {
    Ofd,
    Pdf { signer: PdfSigner, picture: Arc<SealPicture>, profile: PdfSignatureProfile },
}

/// A sealed letter, and its fields for machines.
struct Made {
    file: Vec<u8>,
    data: Vec<u8>,
}

impl LetterMaker {
    pub fn new(
        workshop: Workshop,
        press: Current<Press>,
        sealer: Arc<Sealer>,
        institution: InstitutionOptions,
        styles: BTreeMap<PlatformId, Style>,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { workshop, press, sealer, institution, styles, cores: Arc::new(Semaphore::new(cores)) }
    }

    /// A letter of invented data under the institution's own letterhead.
    pub fn sample(institution: &InstitutionOptions) -> Letter {
        letter_data::sample(institution)
    }

    /// Lays out a letter of invented data under the institution's own letterhead.
    ///
    /// # Errors
    /// When the templates or fonts can't print the letterhead, as no letter could be made then.
    pub fn try_out(press: &Press, institution: &InstitutionOptions) -> Result<(), DocumentError> {
        press.letter(&Self::sample(institution)).map(drop)
    }

    pub(super) async fn run(
        self: &Arc<Self>,
        desk: &Desk,
        assignment: Assignment,
        letter: LetterKind,
    ) -> anyhow::Result<Verdict> {
        let Assignment { platform, guarantee } = assignment;
        let due = match letter {
            LetterKind::Ciphertext | LetterKind::Plaintext => Stage::Issuing,
            LetterKind::Merged => Stage::Opened,
        };
        if guarantee.stage != due {
            let detail = format!("the guarantee is {} by now", guarantee.stage.name());
            return Ok(Verdict::dead(Cause::Obsolete, detail));
        }
        if due == Stage::Issuing && guarantee.order_cancellation_is_asked() {
            tracing::info!(guarantee.id = %guarantee.id, "no letter is made while the order may be cancelled");
            return Ok(Verdict::done());
        }
        // What could not be kept is not sealed: an outage must not use up a signing service or a device.
        desk.uploader.archive.expect_present()?;
        let revealed = match letter {
            LetterKind::Ciphertext => None,
            LetterKind::Merged => {
                let key = self.restoration_key(desk, &guarantee).await?;
                let revealed = platform.profile.reveal_application(&guarantee.application, Some(&key));
                Some(revealed.context("the stored key does not open the section")?)
            }
            LetterKind::Plaintext => {
                let revealed = platform.reveal_agreed(&guarantee.application);
                Some(revealed.context("the agreed key does not open the section")?)
            }
        };
        let at = desk.clock.now();
        let started = Instant::now();
        let style = self.styles.get(&guarantee.platform).context("the platform has no style of letters")?;
        let content = Content {
            institution: &self.institution,
            form: style.form,
            guarantee: &guarantee,
            revealed: revealed.as_ref(),
            at,
        };
        let made = match self.make(content.printed()?, style.writing.clone(), at).await? {
            Ok(made) => made,
            // A missing glyph or a text that does not fit stays so: people have to see to fonts or template.
            Err(error) => return Ok(Verdict::dead(Cause::NotRetryable, error.to_string())),
        };
        let Made { file, data } = made;
        let kept = Kept { desk, guarantee: &guarantee.id, letter, at };
        let document = kept.keep(file, style.writing.format().name()).await?;
        // Archiving takes its time, and most platforms ask for the letter alone.
        let data = match platform.profile.asks_for_letter_data() {
            true => Some(kept.keep(data, documents::DATA_FORMAT).await?),
            false => None,
        };
        desk.metrics.sealed(started.elapsed());
        let (platform, id) = (platform.clone(), guarantee.id.clone());
        Ok(Verdict::writing(move |connection| {
            let sealed = Command::RecordLetter { letter, document: document.digest.clone() };
            if let Err(refusal) = casework::carry_out_all(connection, &platform, &id, &[sealed], at)? {
                tracing::info!(guarantee = %id, reason = %refusal, "a letter was made for nothing");
                return Ok(());
            }
            let mut made = std::iter::once(&document).chain(&data);
            made.try_for_each(|document| documents::record(connection, document))
        }))
    }

    async fn restoration_key(&self, desk: &Desk, guarantee: &Guarantee) -> anyhow::Result<SectionKey> {
        let id = guarantee.id.clone();
        let key = desk.store.read(move |c| keys::find(c, &id, Purpose::Restoration)).await?;
        let key = key.context("the restoration key is not stored")?;
        SectionKey::from_bytes(&key).context("the stored restoration key has another length than a key's")
    }

    /// Lays out and seals in the workshop; the seal is verified by the second implementation in there.
    async fn make(
        self: &Arc<Self>,
        printed: Printed,
        writing: Writing,
        at: Timestamp,
    ) -> anyhow::Result<Result<Made, DocumentError>> {
        let permit = Arc::clone(&self.cores).acquire_owned().await?;
        let maker = Arc::clone(self);
        let made = self.workshop.run(move || maker.print_and_seal(&printed, &writing, at, permit));
        made.await.context("laying out a letter panicked")?
    }

    fn print_and_seal(
        &self,
        printed: &Printed,
        writing: &Writing,
        at: Timestamp,
        permit: OwnedSemaphorePermit,
    ) -> anyhow::Result<Result<Made, DocumentError>> {
        let press = self.press.get();
        // The permit is for laying out, which keeps a core busy; whoever signs may be far away, and others go on meanwhile.
        let file = match writing {
            Writing::Ofd => match printed.ofd(&press) {
                Ok(ofd) => {
                    drop(permit);
                    let stamps = letter_data::stamps(&ofd, self.sealer.size_mm());
                    crate::seal::ofd::seal(ofd.package, &self.sealer, &stamps, at)?
                }
                Err(error) => return Ok(Err(error)),
            },
            Writing::Pdf { signer, picture, profile } => match printed.pdf(&press) {
                Ok(pdf) => {
                    drop(permit);
                    crate::seal::pdf::sign(pdf.bytes, signer, picture, &pdf.seal_places, profile, at)?
                }
                Err(error) => return Ok(Err(error)),
            },
        };
        Ok(Ok(Made { file, data: printed.data() }))
    }
}

impl Writing {
    pub fn format(&self) -> LetterFormat {
        match self {
            Self::Ofd => LetterFormat::Ofd,
            Self::Pdf { .. } => LetterFormat::Pdf,
        }
    }
}

/// Archives what belongs to one letter.
struct Kept<'a> {
    desk: &'a Desk,
    guarantee: &'a GuaranteeId,
    letter: LetterKind,
    at: Timestamp,
}

impl Kept<'_> {
    async fn keep(&self, file: Vec<u8>, format: &str) -> anyhow::Result<Document> {
        let (size, md5) = (u64::try_from(file.len())?, TextForm::Hex.encode(&md5::digest(&file)));
        Ok(Document {
            guarantee: self.guarantee.clone(),
            digest: self.desk.uploader.archive.put(file).await?,
            letter: self.letter,
            format: format.to_owned(),
            size,
            md5,
            stored_at: self.at,
        })
    }
}
