//! The sliced upload of a sealed letter (海南 A.3 to A.5): encrypt the file under a fresh key, upload its slices, and
//! complete with the key wrapped for the platform. Progress is stored after every slice, so that a crash costs one
//! slice at most.

use std::sync::Arc;

use anyhow::Context;

use super::courier::{Courier, NotDelivered, Record};
use super::file_key::{self, FileKey};
use super::public_keys::{self, PublicKeys};
use super::slices::Slices;
use crate::crypto::sm2::PublicKey;
use crate::dialect::options::UploadOptions;
use crate::dialect::{Message, Profile};
use crate::domain::Guarantee;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{ApplicationNumber, DocumentDigest, GuaranteeId, GuaranteeNumber, PlatformId};
use crate::store::archive::Archive;
use crate::store::deliveries::{self, Delivery};
use crate::store::pauses;
use crate::store::{Connection, Store, StoreError};
use crate::supervise::Workshop;
use crate::telemetry::AttemptResult;

/// Uploads letters. Shared by all workers.
pub struct Uploader {
    pub courier: Courier,
    /// Where letters are encrypted, which keeps a processor busy.
    pub workshop: Workshop,
    pub store: Store,
    pub archive: Archive,
    pub public_keys: PublicKeys,
}

/// How far an upload came. What is to be stored belongs in the transaction that ends the attempt.
pub enum Progress {
    /// The platform has the whole file and its key.
    Complete(Settlement),
    /// The platform did not take something; what it did take is remembered.
    Stopped(NotDelivered, Settlement),
    /// The platform was paused between two slices; what it has taken is remembered.
    Paused,
}

/// The last exchange, and what it means for the stored progress.
pub struct Settlement {
    guarantee: GuaranteeId,
    letter: LetterKind,
    generation: i64,
    record: Record,
    ending: Ending,
}

enum Ending {
    Complete,
    /// Nothing more to store than the exchange.
    Interrupted,
    /// The platform refused the whole: the next attempt starts over under this key.
    StartOver {
        file_key: FileKey,
        slices: u64,
    },
}

impl Settlement {
    /// # Errors
    /// When the database fails, or another attempt has gone on with this upload meanwhile.
    pub fn store(&self, connection: &mut Connection) -> Result<(), StoreError> {
        self.record.store(connection)?;
        let (id, letter, generation, at) = (&self.guarantee, self.letter, self.generation, self.record.at());
        match &self.ending {
            Ending::Complete => deliveries::complete(connection, id, letter, generation, at),
            Ending::Interrupted => Ok(()),
            Ending::StartOver { file_key, slices } => {
                deliveries::restart(connection, id, letter, generation, &file_key.to_bytes(), *slices, at)
            }
        }
    }
}

/// An upload that is under way, and the file as it goes over the wire.
struct Begun {
    delivery: Delivery,
    file_key: FileKey,
    ciphertext: Vec<u8>,
}

/// One letter on its way.
struct Parcel<'a> {
    profile: &'a Profile,
    options: &'a UploadOptions,
    id: &'a GuaranteeId,
    application: &'a ApplicationNumber,
    number: &'a GuaranteeNumber,
    letter: LetterKind,
    file: Arc<[u8]>,
}

impl Parcel<'_> {
    fn settlement(&self, generation: i64, record: Record, ending: Ending) -> Settlement {
        Settlement { guarantee: self.id.clone(), letter: self.letter, generation, record, ending }
    }
}

impl Uploader {
    /// Takes an upload as far as it goes now.
    ///
    /// # Errors
    /// When the store fails, or the letter can't be read, encrypted or composed.
    pub async fn upload(
        &self,
        profile: &Profile,
        guarantee: &Guarantee,
        letter: LetterKind,
    ) -> anyhow::Result<Progress> {
        let sealed = guarantee.letter(letter).context("the guarantee has no such letter")?;
        let parcel = Parcel {
            profile,
            options: profile.upload(),
            id: &guarantee.id,
            application: &guarantee.application.number,
            number: guarantee.number().context("the guarantee has no number")?,
            letter,
            file: self.archive.get(&sealed.document).await?.into(),
        };
        let Begun { delivery, file_key, ciphertext } = self.begin(&parcel, &sealed.document).await?;
        let public_key = match self.public_key(&parcel).await? {
            Ok(key) => key,
            Err((cause, record)) => {
                let settlement = parcel.settlement(delivery.generation, record, Ending::Interrupted);
                return Ok(Progress::Stopped(cause, settlement));
            }
        };
        let slices = Slices::of(&ciphertext, parcel.options);
        for index in delivery.acknowledged..slices.count() {
            if index > delivery.acknowledged && self.is_paused(profile.id()).await? {
                return Ok(Progress::Paused);
            }
            let slice = slices.get(index).context("a slice can't be made")?;
            if let Err((cause, record)) = self.send_slice(&parcel, delivery.generation, index, &slice).await?
            {
                let settlement = parcel.settlement(delivery.generation, record, Ending::Interrupted);
                return Ok(Progress::Stopped(cause, settlement));
            }
        }
        self.complete(&parcel, &delivery, &file_key, &public_key, &ciphertext, slices.count()).await
    }

    /// The stored progress, or a start under a fresh key. A stored key encrypts the same file to the same bytes at
    /// every attempt.
    async fn begin(&self, parcel: &Parcel<'_>, document: &DocumentDigest) -> anyhow::Result<Begun> {
        let (id, letter) = (parcel.id.clone(), parcel.letter);
        if let Some(delivery) = self.store.read(move |c| deliveries::find(c, &id, letter)).await? {
            let file_key = FileKey::from_bytes(&delivery.file_key)?;
            let ciphertext = self.encrypted(parcel, &file_key).await?;
            return Ok(Begun { delivery, file_key, ciphertext });
        }
        let file_key = fresh_key(parcel.profile);
        let ciphertext = self.encrypted(parcel, &file_key).await?;
        let slices = Slices::of(&ciphertext, parcel.options).count();
        let (id, now) = (parcel.id.clone(), self.courier.clock.now());
        let (document, bytes) = (document.clone(), file_key.to_bytes());
        let stored = self.store.write(move |connection| {
            deliveries::start(connection, &id, letter, &document, &bytes, slices, now)?;
            deliveries::find(connection, &id, letter)
        });
        let delivery = stored.await?.context("an upload that was just begun is not stored")?;
        Ok(Begun { delivery, file_key, ciphertext })
    }

    async fn encrypted(&self, parcel: &Parcel<'_>, key: &FileKey) -> anyhow::Result<Vec<u8>> {
        let (key, options, file) = (key.clone(), parcel.options.clone(), Arc::clone(&parcel.file));
        let encrypted = self.workshop.run(move || key.encrypt(&options, &file));
        encrypted.await.context("encrypting a letter panicked")?
    }

    async fn public_key(
        &self,
        parcel: &Parcel<'_>,
    ) -> anyhow::Result<Result<PublicKey, (NotDelivered, Record)>> {
        let holder = public_keys::holder(parcel.profile.id(), parcel.application, parcel.options);
        let now = self.courier.clock.now();
        if let Some(key) = self.public_keys.find(&holder, parcel.options, now) {
            return Ok(Ok(key));
        }
        let message = Message::PublicKey { application: parcel.application };
        let exchange = self.courier.send(parcel.profile, Some(parcel.id), &message).await?;
        let answer = match exchange.result {
            Ok(answer) => answer,
            Err(cause) => return Ok(Err((cause, exchange.record))),
        };
        let Some(Ok(key)) = answer.public_key.as_deref().map(PublicKey::from_text) else {
            let cause = NotDelivered::Unreadable("公钥缺失或格式无法识别".to_owned());
            return Ok(Err((cause, exchange.record)));
        };
        let record = exchange.record;
        self.store.write(move |connection| record.store(connection)).await?;
        self.public_keys.remember(holder, key.clone(), parcel.options, now);
        Ok(Ok(key))
    }

    async fn send_slice(
        &self,
        parcel: &Parcel<'_>,
        generation: i64,
        index: u64,
        data: &str,
    ) -> anyhow::Result<Result<(), (NotDelivered, Record)>> {
        let message = Message::Slice {
            application: parcel.application,
            guarantee: parcel.number,
            letter: parcel.letter,
            index,
            data,
        };
        let exchange = self.courier.send(parcel.profile, Some(parcel.id), &message).await?;
        let result = exchange.result.as_ref().map_or_else(NotDelivered::metric, |_| AttemptResult::Ok);
        self.courier.metrics.chunk_uploaded(parcel.profile.id().as_str(), result);
        if let Err(cause) = exchange.result {
            return Ok(Err((cause, exchange.record)));
        }
        let (id, letter, record) = (parcel.id.clone(), parcel.letter, exchange.record);
        let stored = self.store.write(move |connection| {
            deliveries::acknowledge(connection, &id, letter, generation, index, record.at())?;
            record.store(connection)
        });
        stored.await?;
        Ok(Ok(()))
    }

    /// Whether a person has said, since this upload was begun, that nothing is sent.
    async fn is_paused(&self, platform: &PlatformId) -> Result<bool, StoreError> {
        let platform = platform.clone();
        Ok(self.store.read(move |connection| pauses::find(connection, &platform)).await?.is_some())
    }

    async fn complete(
        &self,
        parcel: &Parcel<'_>,
        delivery: &Delivery,
        file_key: &FileKey,
        public_key: &PublicKey,
        ciphertext: &[u8],
        slices: u64,
    ) -> anyhow::Result<Progress> {
        let (key, iv) = file_key.wrapped(parcel.options, public_key)?;
        let message = Message::Completion {
            application: parcel.application,
            guarantee: parcel.number,
            letter: parcel.letter,
            key: &key,
            iv: &iv,
            file_digest: &file_key::file_digest(parcel.options, &parcel.file, ciphertext),
        };
        let exchange = self.courier.send(parcel.profile, Some(parcel.id), &message).await?;
        let generation = delivery.generation;
        Ok(match exchange.result {
            Ok(_) => Progress::Complete(parcel.settlement(generation, exchange.record, Ending::Complete)),
            Err(cause @ NotDelivered::Rejected(_)) => {
                let platform = parcel.profile.id();
                self.public_keys.forget(&public_keys::holder(platform, parcel.application, parcel.options));
                // The length of the ciphertext does not depend on the key. The settings may cut it otherwise than when
                // this upload began, which is then why the platform refused.
                let ending = Ending::StartOver { file_key: fresh_key(parcel.profile), slices };
                Progress::Stopped(cause, parcel.settlement(generation, exchange.record, ending))
            }
            Err(cause) => {
                Progress::Stopped(cause, parcel.settlement(generation, exchange.record, Ending::Interrupted))
            }
        })
    }
}

/// A key of its own for each file, unless the platform agreed on one for all.
fn fresh_key(profile: &Profile) -> FileKey {
    match profile.file_key() {
        Some((key, iv)) => FileKey::new(key.clone(), *iv),
        None => FileKey::generate(),
    }
}
