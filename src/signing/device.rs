//! Calls into the library of a cryptographic device (GM/T 0018-2012): the one file that is not safe by the
//! compiler's word, and as little as possible.
//!
//! What it relies on: the library keeps to the standard's prototypes; a handle is valid from opening to closing; a device
//! may be used from several threads, a session from one at a time.

#![expect(
    unsafe_code,
    reason = "a vendor's functions are found by name while running, and called through pointers"
)]

use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::path::Path;
use std::ptr;
use std::sync::Arc;

use anyhow::Context;
use libloading::Library;
use zeroize::Zeroizing;

use super::coordinates::ROOM;
use super::return_code::ReturnCode;

type Pointer = *mut c_void;
type OpenDevice = unsafe extern "C" fn(*mut Pointer) -> c_int;
type OpenDeviceWithPath = unsafe extern "C" fn(*mut c_char, *mut Pointer) -> c_int;
type OpenSession = unsafe extern "C" fn(Pointer, *mut Pointer) -> c_int;
type Close = unsafe extern "C" fn(Pointer) -> c_int;
type GetAccessRight = unsafe extern "C" fn(Pointer, c_uint, *mut u8, c_uint) -> c_int;
type ReleaseAccessRight = unsafe extern "C" fn(Pointer, c_uint) -> c_int;
type ExportPublicKey = unsafe extern "C" fn(Pointer, c_uint, *mut u8) -> c_int;
type InternalSign = unsafe extern "C" fn(Pointer, c_uint, *mut u8, c_uint, *mut u8) -> c_int;

/// A structure that a library fills, aligned for the `unsigned int` that one of them begins with.
#[repr(C, align(8))]
struct Structure([u8; ROOM]);

/// The functions of a library.
pub(super) struct Functions {
    open_device: Opening,
    close_device: Close,
    open_session: OpenSession,
    close_session: Close,
    get_access_right: GetAccessRight,
    release_access_right: ReleaseAccessRight,
    export_public_key: ExportPublicKey,
    internal_sign: InternalSign,
    /// Stays loaded for as long as its functions may be called.
    _library: Library,
}

enum Opening {
    Standard(OpenDevice),
    /// With the folder of a configuration file, which the standard does not have, and several vendors do.
    WithPath(OpenDeviceWithPath, CString),
}

impl Functions {
    /// Loads a library and finds its functions. The library's own start-up code runs.
    ///
    /// # Errors
    /// When it can't be loaded or lacks a function, which is named.
    pub(super) fn load(library: &Path, config_folder: Option<&Path>) -> anyhow::Result<Arc<Self>> {
        // SAFETY: the operator names the vendor's library; what it does when it is loaded is the vendor's word.
        let library = unsafe { Library::new(library) }.context("it can't be loaded")?;
        let open_device = match config_folder {
            None => Opening::Standard(find(&library, "SDF_OpenDevice")?),
            Some(folder) => {
                let folder = CString::new(folder.as_os_str().as_encoded_bytes())
                    .context("config_folder: expected a path without a zero byte")?;
                Opening::WithPath(find(&library, "SDF_OpenDeviceWithPath")?, folder)
            }
        };
        Ok(Arc::new(Self {
            open_device,
            close_device: find(&library, "SDF_CloseDevice")?,
            open_session: find(&library, "SDF_OpenSession")?,
            close_session: find(&library, "SDF_CloseSession")?,
            get_access_right: find(&library, "SDF_GetPrivateKeyAccessRight")?,
            release_access_right: find(&library, "SDF_ReleasePrivateKeyAccessRight")?,
            export_public_key: find(&library, "SDF_ExportSignPublicKey_ECC")?,
            internal_sign: find(&library, "SDF_InternalSign_ECC")?,
            _library: library,
        }))
    }
}

/// A function by its name. The caller's type has to be the function's prototype, as those above are.
fn find<T: Copy>(library: &Library, name: &str) -> anyhow::Result<T> {
    // SAFETY: the types above are the prototypes that the standard gives for these names.
    let symbol = unsafe { library.get::<T>(name) }.with_context(|| format!("it has no function `{name}`"))?;
    Ok(*symbol)
}

/// An open device; it is closed when its last session is.
pub(super) struct Device {
    functions: Arc<Functions>,
    handle: Pointer,
}

// SAFETY: a device's handle serves all threads; what is bound to one thread at a time is a session.
unsafe impl Send for Device {}
// SAFETY: as above.
unsafe impl Sync for Device {}

impl Device {
    pub(super) fn open(functions: &Arc<Functions>) -> Result<Arc<Self>, ReturnCode> {
        let mut handle = ptr::null_mut();
        let returned = match &functions.open_device {
            // SAFETY: the pointer is to a handle of ours that lives through the call.
            Opening::Standard(open) => unsafe { open(&raw mut handle) },
            // SAFETY: as above; the text ends with a zero byte, and a vendor's function does not write to it.
            Opening::WithPath(open, folder) => unsafe { open(folder.as_ptr().cast_mut(), &raw mut handle) },
        };
        ReturnCode::check(returned)?;
        Ok(Arc::new(Self { functions: Arc::clone(functions), handle }))
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // SAFETY: the handle was opened, no session has it any more, and nobody uses it after this.
        let closed = unsafe { (self.functions.close_device)(self.handle) };
        note_failure("SDF_CloseDevice", closed);
    }
}

/// An open session, for one thread at a time: it can be sent to another, but not be shared.
pub(super) struct Session {
    device: Arc<Device>,
    handle: Pointer,
    /// The key that it has the right to use.
    unlocked: Option<u32>,
}

// SAFETY: a session is bound to no thread; that only one at a time uses it follows from `&mut self`.
unsafe impl Send for Session {}

impl Session {
    pub(super) fn open(device: &Arc<Device>) -> Result<Self, ReturnCode> {
        let mut handle = ptr::null_mut();
        // SAFETY: the device is open; the pointer is to a handle of ours that lives through the call.
        let returned = unsafe { (device.functions.open_session)(device.handle, &raw mut handle) };
        ReturnCode::check(returned)?;
        Ok(Self { device: Arc::clone(device), handle, unlocked: None })
    }

    /// Gains the right to use a private key (获取私钥使用权限).
    pub(super) fn unlock(&mut self, key: u32, password: &str) -> Result<(), ReturnCode> {
        let mut password = Zeroizing::new(password.as_bytes().to_vec());
        let length = c_uint::try_from(password.len()).unwrap_or(c_uint::MAX);
        // SAFETY: the session is open; pointer and length are those of a buffer of ours.
        let returned = unsafe {
            (self.device.functions.get_access_right)(self.handle, key, password.as_mut_ptr(), length)
        };
        ReturnCode::check(returned)?;
        self.unlocked = Some(key);
        Ok(())
    }

    /// `ECCrefPublicKey` of a signing key.
    pub(super) fn public_key(&mut self, key: u32) -> Result<[u8; ROOM], ReturnCode> {
        let mut structure = Structure([0; ROOM]);
        // SAFETY: the session is open; the buffer is longer than the structure in any layout there is.
        let returned =
            unsafe { (self.device.functions.export_public_key)(self.handle, key, structure.0.as_mut_ptr()) };
        ReturnCode::check(returned).map(|()| structure.0)
    }

    /// `ECCSignature` over a digest.
    pub(super) fn sign(&mut self, key: u32, digest: &[u8; 32]) -> Result<[u8; ROOM], ReturnCode> {
        let (mut structure, mut data) = (Structure([0; ROOM]), *digest);
        // SAFETY: the session is open; the digest has the 32 bytes that are said, and the buffer is longer than the
        // structure in any layout there is.
        let returned = unsafe {
            let result = structure.0.as_mut_ptr();
            (self.device.functions.internal_sign)(self.handle, key, data.as_mut_ptr(), 32, result)
        };
        ReturnCode::check(returned).map(|()| structure.0)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(key) = self.unlocked {
            // SAFETY: the session is open.
            let released = unsafe { (self.device.functions.release_access_right)(self.handle, key) };
            note_failure("SDF_ReleasePrivateKeyAccessRight", released);
        }
        // SAFETY: the session is open, and nobody uses it after this.
        let closed = unsafe { (self.device.functions.close_session)(self.handle) };
        note_failure("SDF_CloseSession", closed);
    }
}

/// Whatever can't be closed is gone already, as a rule because the device is.
fn note_failure(function: &str, returned: c_int) {
    if let Err(code) = ReturnCode::check(returned) {
        tracing::debug!(function, %code, "a cryptographic device did not let go");
    }
}
