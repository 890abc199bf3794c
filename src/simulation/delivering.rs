//! The upload of a letter in slices, as [`delivery::upload`](crate::delivery::upload) does it: public key, slices, each
//! put on record when the platform has it, completion.

use super::attempt::{Attempt, Work};
use super::conclusion::{Effect, Verdict};
use super::ledger::{Delivery, Parcel};
use super::mutation::Mutation;
use super::network::{Returned, Sent};
use super::world::{World, Written};
use crate::crypto::sm3;
use crate::domain::guarantee::LetterKind;
use crate::domain::identity::{DocumentDigest, GuaranteeNumber};
use crate::jobs::cause_of;
use crate::store::jobs::Cause;

/// An upload under way.
pub(super) struct Upload {
    letter: LetterKind,
    parcel: Parcel,
    number: GuaranteeNumber,
    delivery: Delivery,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    PublicKey,
    Slice(u64),
    Completion,
}

impl Upload {
    /// A slice of the encrypted file.
    fn slice(&self, index: u64) -> [u8; 32] {
        let Delivery { document, file_key, .. } = &self.delivery;
        sm3::digest(format!("{document}/{file_key}/{index}").as_bytes())
    }

    fn message(&self, attempt: &Attempt) -> Sent {
        match self.phase {
            Phase::PublicKey => Sent::PublicKey,
            Phase::Slice(index) => Sent::Slice {
                job: attempt.job.id.clone(),
                letter: self.letter,
                generation: self.delivery.generation,
                index,
                digest: self.slice(index),
                number: self.number.clone(),
            },
            Phase::Completion => Sent::Completion {
                letter: self.letter,
                document: self.delivery.document.clone(),
                slices: (0..self.delivery.slices).map(|index| self.slice(index)).collect(),
            },
        }
    }

    fn next(&self, from: u64) -> Phase {
        if from < self.delivery.slices { Phase::Slice(from) } else { Phase::Completion }
    }
}

impl World<'_> {
    pub fn begin_upload(&mut self, replica: usize, number: u64, attempt: Attempt, letter: LetterKind) {
        let Some(guarantee) = attempt.guarantee.clone() else { return };
        let fail = |world: &mut Self, attempt, why: &str| {
            world.conclude_with(replica, number, attempt, Verdict::retry(Cause::Failed, why));
        };
        let sealed = guarantee.letter(letter).map(|letter| letter.document.clone());
        let Some((document, named)) = sealed.zip(guarantee.number().cloned()) else {
            return fail(self, attempt, "the guarantee has no such letter");
        };
        if !self.archive.contains_key(&document) {
            return fail(self, attempt, "the letter is not in the archive");
        }
        let parcel = (guarantee.id.clone(), letter.name());
        let fresh = self.next_number();
        let begun = match self.ledger.deliveries.get(&parcel) {
            Some(known) => Some(known.clone()),
            None => {
                let slices = slices_of(&document);
                let delivery = Delivery {
                    document,
                    generation: 1,
                    file_key: fresh,
                    slices,
                    acknowledged: 0,
                    completed: false,
                };
                let written =
                    self.write(replica, |ledger| ledger.start_delivery(parcel.clone(), delivery.clone()));
                match written {
                    Written::Done(()) => Some(delivery),
                    Written::Failed(_) => None,
                    Written::Crashed => return,
                }
            }
        };
        let Some(mut delivery) = begun else {
            return fail(self, attempt, "the upload could not be begun");
        };
        if self.mutation == Mutation::FreshFileKey {
            delivery.file_key = fresh;
        }
        let upload = Upload { letter, parcel, number: named, delivery, phase: Phase::PublicKey };
        self.upload_sends(replica, number, attempt, upload);
    }

    fn upload_sends(&mut self, replica: usize, number: u64, mut attempt: Attempt, upload: Upload) {
        if let (Mutation::CountsSlicesEarly, Phase::Slice(index)) = (self.mutation, upload.phase)
            && !self.acknowledge(replica, &attempt, &upload, index)
        {
            return;
        }
        let sent = upload.message(&attempt);
        attempt.work = Work::Upload(Box::new(upload));
        self.send(replica, number, attempt, sent);
    }

    /// False where the replica died over it, or could not.
    fn acknowledge(&mut self, replica: usize, attempt: &Attempt, upload: &Upload, index: u64) -> bool {
        let generation = upload.delivery.generation;
        let written = self.write(replica, |ledger| ledger.acknowledge(&upload.parcel, generation, index));
        if let Written::Done(()) = written {
            let what = format!("{}/{generation}/{index}", attempt.job.id);
            if !self.arrivals.has_heard_of(&what) {
                self.oracle.broken("G3", || format!("slice {what} counts as arrived and has not"));
            }
        }
        matches!(written, Written::Done(()))
    }

    pub fn upload_goes_on(
        &mut self,
        replica: usize,
        number: u64,
        attempt: Attempt,
        mut upload: Upload,
        returned: Returned,
    ) {
        if let Err(not) = returned.result() {
            return self.upload_stops(replica, number, attempt, &upload, returned, cause_of(&not));
        }
        upload.phase = match upload.phase {
            Phase::PublicKey => upload.next(upload.delivery.acknowledged),
            Phase::Slice(index) => {
                if self.mutation != Mutation::CountsSlicesEarly
                    && !self.acknowledge(replica, &attempt, &upload, index)
                {
                    let verdict = Verdict::retry(Cause::Failed, "a slice could not be put on record");
                    return self.conclude_with(replica, number, attempt, verdict);
                }
                upload.next(index.saturating_add(1))
            }
            Phase::Completion => {
                let effect = Effect::Uploaded {
                    parcel: upload.parcel,
                    generation: upload.delivery.generation,
                    letter: upload.letter,
                    at: self.clock_of(replica),
                };
                return self.conclude_with(replica, number, attempt, Verdict::Done(effect));
            }
        };
        self.upload_sends(replica, number, attempt, upload);
    }

    /// Where the platform refused the whole, the next attempt starts over under a fresh key.
    fn upload_stops(
        &mut self,
        replica: usize,
        number: u64,
        attempt: Attempt,
        upload: &Upload,
        returned: Returned,
        cause: Cause,
    ) {
        if returned == Returned::Rejected && upload.phase == Phase::Completion {
            let (fresh, generation) = (self.next_number(), upload.delivery.generation);
            match self.write(replica, |ledger| ledger.restart(&upload.parcel, generation, fresh)) {
                Written::Done(()) => {}
                Written::Failed(error) => {
                    let verdict = Verdict::retry(Cause::Failed, error.to_string());
                    return self.conclude_with(replica, number, attempt, verdict);
                }
                Written::Crashed => return,
            }
        }
        self.conclude_with(replica, number, attempt, Verdict::retry(cause, "the platform did not take it"));
    }
}

/// One to three, as the document has it.
fn slices_of(document: &DocumentDigest) -> u64 {
    let first = document.as_str().bytes().next().unwrap_or_default();
    u64::from(first % 3).saturating_add(1)
}
