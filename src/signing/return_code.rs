//! What a device's functions return (GM/T 0018-2012, annex A).

use std::fmt;

/// `SDR_BASE`; names follow for what is counted up from it.
const BASE: u32 = 0x0100_0000;

/// `SDR_OK` to `SDR_OUTARGERR`, without their `SDR_`, and what each means.
const NAMES: [(&str, &str); 31] = [
    ("OK", "done"),
    ("UNKNOWERR", "unknown error"),
    ("NOTSUPPORT", "function not supported"),
    ("COMMFAIL", "no communication with the device"),
    ("HARDFAIL", "the computing module does not respond"),
    ("OPENDEVICE", "the device can't be opened"),
    ("OPENSESSION", "no session can be opened"),
    ("PARDENY", "no right to use the private key"),
    ("KEYNOTEXIST", "no such key"),
    ("ALGNOTSUPPORT", "algorithm not supported"),
    ("ALGMODNOTSUPPORT", "mode not supported"),
    ("PKOPERR", "public key operation failed"),
    ("SKOPERR", "private key operation failed"),
    ("SIGNERR", "signing failed"),
    ("VERIFYERR", "verification failed"),
    ("SYMOPERR", "symmetric operation failed"),
    ("STEPERR", "step out of order"),
    ("FILESIZEERR", "file too long"),
    ("FILENOEXIST", "no such file"),
    ("FILEOFSERR", "wrong offset in a file"),
    ("KEYTYPEERR", "wrong type of key"),
    ("KEYERR", "wrong key"),
    ("ENCDATAERR", "wrong ciphertext"),
    ("RANDERR", "no random numbers"),
    ("PRKRERR", "the right to use the private key was not granted"),
    ("MACERR", "wrong code"),
    ("FILEEXISTS", "the file exists"),
    ("FILEWERR", "the file can't be written"),
    ("NOBUFFER", "not enough room"),
    ("INARGERR", "wrong argument"),
    ("OUTARGERR", "wrong argument for a result"),
];

/// A code other than `SDR_OK`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ReturnCode(u32);

impl ReturnCode {
    /// What a function returned; zero is no error.
    pub(super) fn check(returned: i32) -> Result<(), Self> {
        match returned {
            0 => Ok(()),
            code => Err(Self(code.cast_unsigned())),
        }
    }

    fn name(self) -> Option<(&'static str, &'static str)> {
        let index = self.0.checked_sub(BASE).and_then(|index| usize::try_from(index).ok())?;
        NAMES.get(index).copied()
    }

    /// Whether the device itself could not be reached, and has not looked at what it was asked.
    pub(super) fn is_about_the_way(self) -> bool {
        matches!(self.name(), Some(("COMMFAIL" | "HARDFAIL" | "OPENDEVICE" | "OPENSESSION", _)))
    }
}

impl fmt::Display for ReturnCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "0x{:08x}", self.0)?;
        match self.name() {
            Some((name, meaning)) => write!(formatter, " (SDR_{name}, {meaning})"),
            None => formatter.write_str(" (the vendor's own code)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_by_number_and_name() {
        assert_eq!(ReturnCode::check(0), Ok(()));
        let said = |code| ReturnCode::check(code).unwrap_err().to_string();
        assert_eq!(said(0x0100_0008), "0x01000008 (SDR_KEYNOTEXIST, no such key)");
        assert_eq!(said(0x0100_001e), "0x0100001e (SDR_OUTARGERR, wrong argument for a result)");
        assert_eq!(said(-1), "0xffffffff (the vendor's own code)");
        assert!(ReturnCode(0x0100_0003).is_about_the_way() && !ReturnCode(0x0100_0007).is_about_the_way());
    }
}
