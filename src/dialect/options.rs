//! How messages are digested, encrypted, timed, answered and sent: every choice that the specifications leave open.
//!
//! A table states them; a platform's settings may change any of them. Each section therefore exists twice, complete
//! and with every key optional, and the macro keeps the two the same.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::action::Action;
use super::rejection::Failure;
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
        /// What a platform adds to its messages must not stop them; that it did so is recorded.
        unknown_fields: UnknownFields = UnknownFields::Accept,
        content_type: String = "application/json; charset=UTF-8".into(),
    }
}

choice! {
    UnknownFields {
        Refuse,
        /// They stay in the digest's text, are recorded, and mean nothing. A field of another interface is still refused:
        /// a digest does not cover which interface a message was made for, and it is by its fields that a message which
        /// was sent elsewhere is told.
        Accept,
    }
}

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
    /// How the message inside a wrapper is encrypted (内蒙古 9.3): by SM2 to its receiver; or in a digital envelope
    /// (数字信封) by SM4 under a key of its own, and that key by SM2.
    PayloadOptions, PayloadOverrides {
        /// How SM2 ciphertexts of ours are laid out. Those of the platform are read in any layout.
        order: Order = Order::default(),
        form: Form = Form::default(),
        /// Of everything encrypted that we send; hexadecimal digits and Base64 are both read.
        text: TextForm = TextForm::Base64,
        envelope_mode: CipherMode = CipherMode::Ecb,
        envelope_padding: CipherPadding = CipherPadding::Pkcs7,
        /// With `envelope_mode = "cbc"`.
        envelope_iv: EnvelopeIv = EnvelopeIv::Zero,
        /// In what form a key of ours is encrypted. Those of the platform are read in any form.
        envelope_key: EnvelopeKey = EnvelopeKey::Raw,
        /// Accept a message by SM2 and with a digest where the table says that a digital envelope comes.
        accept_plain_style: bool = true,
        /// Accept a digital envelope there, which nothing authenticates; it is never accepted elsewhere.
        accept_enveloped: bool = true,
        encrypt_answers: bool = true,
        /// Repeat an answer's code and message in its data.
        code_inside: bool = false,
    }
}

choice! { EnvelopeIv { Zero, /** The first block of the ciphertext. */ Prefix } }
choice! {
    EnvelopeKey {
        /** The 16 bytes. */ Raw,
        /** Their hexadecimal digits. */ Hex,
        /** Their Base64. */ Base64,
        /** 16 characters, which are the key as they stand. */ Text,
    }
}

impl PayloadOptions {
    /// How SM2 ciphertexts of ours are laid out.
    pub fn layout(&self) -> Layout {
        Layout { order: self.order, form: self.form }
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
        /// Codes for some kinds of failure, where the platform has them.
        failures: BTreeMap<Failure, String> = BTreeMap::new(),
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
    /// After the letter made at issue is sealed.
    pub issued: Vec<Step>,
    /// After the merged letter is sealed.
    #[serde(default)]
    pub merged: Vec<Step>,
}

/// A platform's own order of steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FlowOverrides {
    pub issued: Option<Vec<Step>>,
    pub merged: Option<Vec<Step>>,
}

impl Flow {
    pub(super) fn overridden(&self, by: &FlowOverrides) -> Self {
        Self {
            issued: by.issued.clone().unwrap_or_else(|| self.issued.clone()),
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
    /// Hand over the merged letter in a notice of its own.
    RestorationNotice,
}

impl Step {
    pub fn name(self) -> &'static str {
        match self {
            Self::Notice => "notice",
            Self::Upload => "upload",
            Self::RestorationNotice => "restoration-notice",
        }
    }

    /// What the gateway calls in this step.
    pub(super) fn actions(self) -> &'static [Action] {
        match self {
            Self::Notice => &[],
            Self::RestorationNotice => &[Action::RestorationResult],
            Self::Upload => &[Action::PublicKey, Action::Slice, Action::Completion],
        }
    }
}
