//! Signing keys outside of this process: a [signing service](SigningService) of a certificate authority that is asked
//! over HTTP, and a [cryptographic device](SigningDevice) (GM/T 0018) whose library is loaded.
//!
//! Both stand behind [`Signer`](crate::seal::Signer) and get a digest of 32 bytes; the letter stays here. Whatever they
//! return is [verified](OutsideSigner) before anybody sees it. `deploy/SIGNING.md` describes the service's protocol and
//! how a device is set up.

mod coordinates;
mod device;
mod options;
mod outside;
mod protocol;
mod return_code;
mod service;
mod sessions;

pub use options::{CoordinateBytes, DeviceOptions, ServiceOptions};
pub use outside::{KeyHolder, OutsideSigner, SigningError};
pub use service::SigningService;
pub use sessions::SigningDevice;
