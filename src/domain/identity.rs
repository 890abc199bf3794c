//! Names of things: each kind of identifier is a type of its own, so that none is taken for another.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            pub fn new(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_identifier! {
    /// The id under which a platform stands in the settings.
    PlatformId
}
text_identifier! {
    /// The number that the platform gave the application; unique per platform.
    ApplicationNumber
}
text_identifier! {
    /// The number that the institution gave the guarantee; unique per platform.
    GuaranteeNumber
}
text_identifier! {
    /// Our own id of a guarantee and its application: a UUID version 7, made by the gateway.
    GuaranteeId
}
text_identifier! {
    /// The SM3 digest of a stored document in lower-case hexadecimal; also its name in the archive.
    DocumentDigest
}

impl GuaranteeId {
    /// The id that a text stands for; None where it can't be one, whichever guarantees there are.
    pub fn parse(text: &str) -> Option<Self> {
        uuid::Uuid::try_parse(text).ok().map(|id| Self(id.to_string()))
    }

    /// A fresh id; later ids sort after earlier ones.
    pub fn generate() -> Self {
        Self(uuid::Uuid::now_v7().to_string())
    }
}
