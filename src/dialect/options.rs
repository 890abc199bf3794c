//! How messages are digested, encrypted, timed, answered and sent: every choice that the specifications leave open.
//!
//! A table states them; a platform's settings may change any of them. Each section therefore exists twice, complete
//! and with every key optional, and the macro keeps the two the same.

use serde::Deserialize;

use super::action::Action;
use crate::crypto::encoding::TextForm;
use crate::crypto::sm2::{Form, Layout, Order};

macro_rules! options {
    ($(#[$doc:meta])* $name:ident, $overrides:ident {
        $($(#[$field_doc:meta])* $field:ident: $kind:ty = $default:expr,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)* }
            }
        }

        #[doc = concat!("What a platform's settings change of [`", stringify!($name), "`].")]
        #[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
        #[serde(deny_unknown_fields, default)]
        pub struct $overrides {
            $(pub $field: Option<$kind>,)*
        }

        impl $name {
            pub(super) fn overridden(&self, by: &$overrides) -> Self {
                Self { $($field: by.$field.clone().unwrap_or_else(|| self.$field.clone()),)* }
            }
        }
    };
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }
    };
}

options! {
    /// How a message is packed. Every request is one flat JSON object.
    Envelope, EnvelopeOverrides {
        /// The member that names the institution's account at the platform.
        app_key: String = "appkey".into(),
        timestamp: String = "timestamp".into(),
        /// The member, or with `place = "header"` the HTTP header, that carries the digest.
        digest: String = "sign".into(),
        /// The form field that holds the JSON where a platform posts a form.
        form_field: String = "requestData".into(),
        /// The member that names the interface, where the address does not.
        interface: Option<String> = None,
        unknown_fields: UnknownFields = UnknownFields::Refuse,
        content_type: String = "application/json; charset=UTF-8".into(),
    }
}

choice! { UnknownFields { Refuse, /** They stay in the digest's text and are recorded. */ Accept } }

options! {
    /// How a message's digest (报文摘要) is computed and compared.
    DigestOptions, DigestOverrides {
        algorithm: DigestAlgorithm = DigestAlgorithm::Sm3,
        covers: Coverage = Coverage::AllFields,
        /// With `covers = "listed-fields"`: their names, in this order unless `order` sorts them.
        listed: Vec<String> = Vec::new(),
        /// Fields that take no part; the digest itself never does.
        exclude: Vec<String> = Vec::new(),
        order: FieldOrder = FieldOrder::Ascii,
        empties: Empties = Empties::SkipEmpty,
        pair: Pair = Pair::NameAndValue,
        separator: String = "&".into(),
        /// The text that is digested, with `{fields}`, `{secret}` and `{app_key}` replaced.
        frame: String = "{fields}&appsecret={secret}".into(),
        /// The secret takes part as one more field of this name, sorted in with the others.
        secret_field: Option<String> = None,
        output: TextForm = TextForm::Hex,
        place: DigestPlace = DigestPlace::Body,
        /// Accept hexadecimal digits of either case.
        accept_other_case: bool = true,
        /// Accept a digest that treats empty fields in another way.
        accept_other_empties: bool = true,
    }
}

choice! { DigestAlgorithm { Sm3, HmacSm3, Md5 } }
choice! { Coverage { AllFields, ListedFields, /** The text of the JSON as received. */ Body } }
choice! { FieldOrder { /** Code points, so `Reason` stands before `appkey`. */ Ascii, AsciiIgnoringCase, Declared } }
choice! { Empties { SkipNull, SkipEmpty, SkipBlank, Keep } }
choice! { Pair { NameAndValue, Value } }
choice! { DigestPlace { Body, Header } }

impl Empties {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::SkipNull => "skip-null",
            Self::SkipEmpty => "skip-empty",
            Self::SkipBlank => "skip-blank",
            Self::Keep => "keep",
        }
    }
}

options! {
    /// How ciphertext fields (密文) are encrypted and where their key comes from.
    CipherOptions, CipherOverrides {
        mode: CipherMode = CipherMode::Ecb,
        padding: CipherPadding = CipherPadding::Pkcs7,
        text: CipherText = CipherText::Base64,
        /// With `mode = "cbc"`.
        iv: IvSource = IvSource::Zero,
        key_source: KeySource = KeySource::Restoration,
        key_form: KeyForm = KeyForm::Auto,
    }
}

choice! { CipherMode { Ecb, Cbc } }
choice! { CipherPadding { Pkcs7, Zero, None } }
choice! { CipherText { Base64, Hex, /** Hexadecimal if every character is a hexadecimal digit, else Base64. */ Auto } }
choice! {
    IvSource {
        Zero,
        /// The restoration carries it beside the key.
        Message,
        /// The platform's setting `agreed_iv`.
        Agreed,
        /// The first block of each field's ciphertext.
        Prefix,
    }
}
choice! {
    KeySource {
        /// The platform sends it after the opening, for one guarantee.
        Restoration,
        /// The platform's setting `agreed_key`, for every application.
        Agreed,
    }
}
choice! {
    KeyForm {
        /// 32 hexadecimal digits, else Base64 of 16 bytes, else 16 characters.
        Auto,
        Base64,
        Hex,
        /// The key is the 16 bytes of the text.
        Text,
        /// Encrypted by SM4-ECB under the platform's setting `agreed_key`.
        Sm4Wrapped,
        /// Encrypted by SM2 to the platform's setting `private_key`, in any layout.
        Sm2Wrapped,
    }
}

options! {
    /// The form of times and how far a message's time may be from ours.
    TimestampOptions, TimestampOverrides {
        /// `yyyy`, `MM`, `dd`, `HH` (or `H`, without a leading zero), `mm`, `ss`; China Standard Time.
        format: String = "yyyy-MM-dd HH:mm:ss".into(),
        /// Forms that are accepted besides.
        also: Vec<String> = Vec::new(),
        window_minutes: u32 = 15,
        outside: OutsideWindow = OutsideWindow::Warn,
    }
}

choice! { OutsideWindow { /** Accepted and recorded. */ Warn, Refuse } }

options! {
    /// The shape of answers, ours and theirs.
    ReplyOptions, ReplyOverrides {
        code: String = "code".into(),
        message: String = "message".into(),
        /// In ours; in theirs either form is accepted.
        code_form: CodeForm = CodeForm::Text,
        success: String = "1".into(),
        failure: String = "0".into(),
        /// Where optional values go, and what stands there if there are none.
        data: String = "data".into(),
        empty_data: EmptyData = EmptyData::Omit,
    }
}

choice! { CodeForm { Text, Number } }
choice! { EmptyData { Omit, Object } }

options! {
    /// How a sealed letter is encrypted, sliced and uploaded (海南 A.3 to A.5).
    UploadOptions, UploadOverrides {
        /// Bytes in a slice: of ciphertext, or of its text form with `order = "encode-then-slice"`.
        slice_bytes: usize = 1_048_576,
        /// The index of the first slice.
        index_base: u64 = 1,
        slice_text: TextForm = TextForm::Base64,
        order: SliceOrder = SliceOrder::SliceThenEncode,
        mode: CipherMode = CipherMode::Cbc,
        padding: CipherPadding = CipherPadding::Pkcs7,
        file_key: FileKey = FileKey::Fresh,
        /// What of key and IV is encrypted to the platform's public key.
        wrapped_material: WrappedMaterial = WrappedMaterial::Raw,
        wrap_order: Order = Order::default(),
        wrap_form: Form = Form::default(),
        wrap_text: TextForm = TextForm::Base64,
        digest_of: DigestOf = DigestOf::Plaintext,
        digest_text: TextForm = TextForm::Hex,
        public_key: PublicKeyScope = PublicKeyScope::PerApplication,
        /// How long a public key that is kept per platform is used.
        public_key_minutes: u32 = 60,
    }
}

choice! { SliceOrder { SliceThenEncode, EncodeThenSlice } }
choice! { FileKey { /** Key and IV are made for each file. */ Fresh, /** Settings `file_key` and `file_iv`. */ Agreed } }
choice! { WrappedMaterial { /** The 16 bytes. */ Raw, /** Their hexadecimal digits. */ Hex, /** Their Base64. */ Base64 } }

impl UploadOptions {
    /// How key and IV are laid out when they are encrypted to the platform's public key.
    pub fn layout(&self) -> Layout {
        Layout { order: self.wrap_order, form: self.wrap_form }
    }
}

choice! { DigestOf { Plaintext, Ciphertext } }
choice! { PublicKeyScope { PerApplication, PerPlatform } }

/// The steps by which sealed letters reach the platform.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flow {
    /// After the ciphertext letter is sealed.
    pub ciphertext: Vec<Step>,
    /// After the merged letter is sealed.
    pub merged: Vec<Step>,
}

/// A platform's own order of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlowOverrides {
    pub ciphertext: Option<Vec<Step>>,
    pub merged: Option<Vec<Step>>,
}

impl Flow {
    pub(super) fn overridden(&self, by: &FlowOverrides) -> Self {
        Self {
            ciphertext: by.ciphertext.clone().unwrap_or_else(|| self.ciphertext.clone()),
            merged: by.merged.clone().unwrap_or_else(|| self.merged.clone()),
        }
    }
}

/// One step of handing a letter over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Tell the application's result.
    Notice,
    /// Public key, slices, completion.
    Upload,
}

impl Step {
    pub fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Upload => "upload",
        }
    }

    /// What the gateway calls in this step.
    pub(super) fn actions(self) -> &'static [Action] {
        match self {
            Self::Notice => &[Action::ApplicationResult],
            Self::Upload => &[Action::PublicKey, Action::Slice, Action::Completion],
        }
    }
}
