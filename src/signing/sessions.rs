//! A cryptographic device (密码设备, GM/T 0018) that signs in several sessions at the same time, and is opened anew after
//! a failure.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};

use super::device::{Device, Functions, Session};
use super::outside::{KeyHolder, SigningError};
use super::return_code::ReturnCode;
use super::{CoordinateBytes, DeviceOptions};
use crate::crypto::certificate::Certificate;
use crate::crypto::sm2::{PublicKey, Signature};
use crate::secret::Secret;
use crate::telemetry::SignatureSource;

/// Longer than this no signature waits for the others.
const PATIENCE: Duration = Duration::from_secs(30);
/// So long a device is left alone that has refused the access code.
const PAUSE_AFTER_REFUSAL: Duration = Duration::from_secs(60);
/// So often a code may be refused that was right before, as a device may that is just starting; one that never was right
/// is refused once. Devices lock a key after five to ten wrong codes.
const MOST_REFUSALS: u32 = 3;

/// One key of a device.
pub struct SigningDevice {
    functions: Arc<Functions>,
    name: String,
    key: u32,
    password: Option<Secret>,
    layout: CoordinateBytes,
    most: usize,
    /// The device in use. Held while one is opened, or a session of it, and never while it signs.
    device: Mutex<Option<Arc<Device>>>,
    sessions: Mutex<Sessions>,
    freed: Condvar,
    access: Mutex<Access>,
}

/// What became of asking for the right to use the key.
#[derive(Default)]
struct Access {
    was_granted: bool,
    /// In a row, up to the last one with its reason.
    refusals: u32,
    last: Option<(Instant, String)>,
}

impl Access {
    /// Why the device is not to be asked now.
    fn reason_to_wait(&self) -> Option<String> {
        let (at, reason) = self.last.as_ref()?;
        let most = if self.was_granted { MOST_REFUSALS } else { 1 };
        let until = if self.refusals >= most {
            "before the next start"
        } else if at.elapsed() < PAUSE_AFTER_REFUSAL {
            "for a minute"
        } else {
            return None;
        };
        Some(format!(
            "{reason}; it is not asked again {until}, because devices lock a key after a few wrong codes"
        ))
    }
}

#[derive(Default)]
struct Sessions {
    idle: Vec<Session>,
    busy: usize,
}

impl SigningDevice {
    /// Loads the library; the device is not opened yet.
    ///
    /// # Errors
    /// When the library can't be used.
    pub fn load(options: &DeviceOptions) -> anyhow::Result<Self> {
        let DeviceOptions { library, config_folder, key_index, sessions, .. } = options;
        ensure!(*sessions > 0, "seal.device.sessions: expected at least 1, found 0");
        let shown = library.display();
        let functions = Functions::load(library, config_folder.as_deref())
            .with_context(|| format!("seal.device.library: `{shown}`"))?;
        Ok(Self {
            functions,
            name: format!("the cryptographic device of `{shown}` (key {key_index})"),
            key: *key_index,
            password: options.password.clone(),
            layout: options.coordinate_bytes,
            most: usize::try_from(*sessions)?,
            device: Mutex::new(None),
            sessions: Mutex::default(),
            freed: Condvar::new(),
            access: Mutex::default(),
        })
    }

    /// Opens the device and compares its key with a certificate. A device that can't be reached now may be there when it
    /// is needed, so that this is logged and no error.
    ///
    /// # Errors
    /// When the device does not grant the use of the key, or it is another key than the certificate's.
    pub fn expect_key_of(&self, certificate: &Certificate) -> anyhow::Result<()> {
        let expected = certificate.public_key()?;
        match self.with_session(|session| self.exported(session)) {
            Ok(found) => {
                ensure!(
                    found == expected,
                    "{} holds another key than that of the certificate of `{}` (serial {}): its fingerprint is SM3:{}, \
                     not SM3:{}",
                    self.name,
                    certificate.subject(),
                    certificate.serial_hex(),
                    hex::encode(found.fingerprint()),
                    hex::encode(expected.fingerprint())
                );
                Ok(())
            }
            Err(SigningError::Unavailable(reason)) => {
                tracing::warn!(device = self.name, reason, "the cryptographic device can't be reached");
                Ok(())
            }
            Err(error) => Err(error).with_context(|| self.name.clone()),
        }
    }

    fn exported(&self, session: &mut Session) -> Result<PublicKey, Trouble> {
        Ok(self.layout.public_key(&session.public_key(self.key)?)?)
    }

    /// Does something in a session, once more in a new one if the first has failed: sessions die with the device's
    /// restart, and all that are idle with them.
    fn with_session<T>(&self, act: impl Fn(&mut Session) -> Result<T, Trouble>) -> Result<T, SigningError> {
        let _turn = self.turn()?;
        let idle = self.lock().idle.pop();
        if let Some(mut session) = idle {
            match act(&mut session) {
                Ok(value) => {
                    self.lock().idle.push(session);
                    return Ok(value);
                }
                Err(Trouble::Content(error)) => return Err(error),
                Err(Trouble::Code(code)) => {
                    tracing::info!(device = self.name, %code, "a session is opened anew");
                    let dead = std::mem::take(&mut self.lock().idle);
                    drop((session, dead));
                }
            }
        }
        let mut session = self.open_session()?;
        match act(&mut session) {
            Ok(value) => {
                self.lock().idle.push(session);
                Ok(value)
            }
            Err(Trouble::Content(error)) => Err(error),
            Err(Trouble::Code(code)) => Err(failed("a call", code)),
        }
    }

    fn open_session(&self) -> Result<Session, SigningError> {
        let Some(password) = &self.password else {
            return self.opened().map_err(|code| failed("opening it", code));
        };
        let mut access = self.access.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reason) = access.reason_to_wait() {
            return Err(SigningError::Refused(reason));
        }
        let mut session = self.opened().map_err(|code| failed("opening it", code))?;
        if let Err(code) = session.unlock(self.key, password.expose()) {
            let reason = format!("does not grant the use of the key: {code}");
            if code.is_about_the_way() {
                return Err(SigningError::Unavailable(reason));
            }
            access.refusals += 1;
            access.last = Some((Instant::now(), reason.clone()));
            return Err(SigningError::Refused(reason));
        }
        *access = Access { was_granted: true, ..Access::default() };
        Ok(session)
    }

    /// A session of the device in use, or if it gives none, of the device opened anew. The old handle is closed when its
    /// last session is.
    fn opened(&self) -> Result<Session, ReturnCode> {
        let mut device = self.device.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(device) = device.as_ref()
            && let Ok(session) = Session::open(device)
        {
            return Ok(session);
        }
        *device = None;
        let fresh = Device::open(&self.functions)?;
        let session = Session::open(&fresh)?;
        *device = Some(fresh);
        Ok(session)
    }

    /// Waits until fewer signatures than allowed are being made.
    fn turn(&self) -> Result<Turn<'_>, SigningError> {
        let full = |sessions: &mut Sessions| sessions.busy >= self.most;
        let waited = self.freed.wait_timeout_while(self.lock(), PATIENCE, full);
        let (mut sessions, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if full(&mut sessions) {
            let seconds = PATIENCE.as_secs();
            return Err(SigningError::Unavailable(format!("all sessions were busy for {seconds} s")));
        }
        sessions.busy += 1;
        Ok(Turn(self))
    }

    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl KeyHolder for SigningDevice {
    fn source(&self) -> SignatureSource {
        SignatureSource::Device
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, SigningError> {
        self.with_session(|session| Ok(self.layout.signature(&session.sign(self.key, digest)?)?))
    }
}

/// The right to use one session more; given back when it is dropped.
struct Turn<'a>(&'a SigningDevice);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.lock().busy -= 1;
        self.0.freed.notify_one();
    }
}

/// What can go wrong in a session: a function fails, after which the session is not trusted, or what it wrote is wrong.
enum Trouble {
    Code(ReturnCode),
    Content(SigningError),
}

impl From<ReturnCode> for Trouble {
    fn from(code: ReturnCode) -> Self {
        Self::Code(code)
    }
}

impl From<SigningError> for Trouble {
    fn from(error: SigningError) -> Self {
        Self::Content(error)
    }
}

fn failed(what: &str, code: ReturnCode) -> SigningError {
    let text = format!("{what} failed with {code}");
    if code.is_about_the_way() { SigningError::Unavailable(text) } else { SigningError::Refused(text) }
}
