//! Public keys that platforms hand out for wrapping file keys, remembered as long as the settings say.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::crypto::sm2::PublicKey;
use crate::dialect::options::{PublicKeyScope, UploadOptions};
use crate::domain::identity::{ApplicationNumber, PlatformId};

/// More keys than this are not remembered: an opening has hundreds of applications, not hundreds of thousands.
const CAPACITY: usize = 4096;

/// For whom a key was handed out: one application, or all of a platform's.
pub(super) type Holder = (PlatformId, Option<ApplicationNumber>);

#[derive(Default)]
pub struct PublicKeys {
    known: Mutex<HashMap<Holder, (Timestamp, PublicKey)>>,
}

impl PublicKeys {
    pub(super) fn find(&self, holder: &Holder, options: &UploadOptions, now: Timestamp) -> Option<PublicKey> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let (stored_at, key) = known.get(holder)?;
        is_fresh(*stored_at, options, now).then(|| key.clone())
    }

    pub(super) fn remember(&self, holder: Holder, key: PublicKey, options: &UploadOptions, now: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            known.retain(|_, (stored_at, _)| is_fresh(*stored_at, options, now));
        }
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(holder, (now, key));
    }

    /// A platform that refuses what was wrapped for a key may have changed it.
    pub(super) fn forget(&self, holder: &Holder) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(holder);
    }
}

pub(super) fn holder(
    platform: &PlatformId,
    application: &ApplicationNumber,
    options: &UploadOptions,
) -> Holder {
    let application = match options.public_key {
        PublicKeyScope::PerApplication => Some(application.clone()),
        PublicKeyScope::PerPlatform => None,
    };
    (platform.clone(), application)
}

fn is_fresh(stored_at: Timestamp, options: &UploadOptions, now: Timestamp) -> bool {
    let lifetime = Duration::from_secs(60 * u64::from(options.public_key_minutes));
    Duration::try_from(now.duration_since(stored_at)).is_ok_and(|age| age < lifetime)
}
