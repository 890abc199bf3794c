//! Cutting an encrypted file into slices as the platform wants them.

use std::borrow::Cow;

use crate::dialect::options::{SliceOrder, UploadOptions};

/// The slices of one encrypted file. Only one is in text form at a time.
pub(super) struct Slices<'a> {
    /// The ciphertext, or its text form where encoding comes first.
    bytes: Cow<'a, [u8]>,
    options: &'a UploadOptions,
}

impl<'a> Slices<'a> {
    pub(super) fn of(ciphertext: &'a [u8], options: &'a UploadOptions) -> Self {
        let bytes = match options.order {
            SliceOrder::SliceThenEncode => Cow::Borrowed(ciphertext),
            SliceOrder::EncodeThenSlice => Cow::Owned(options.slice_text.encode(ciphertext).into_bytes()),
        };
        Self { bytes, options }
    }

    pub(super) fn count(&self) -> u64 {
        let slices = self.bytes.len().div_ceil(self.options.slice_bytes.max(1));
        u64::try_from(slices).unwrap_or(u64::MAX)
    }

    /// Slice `index`, counted from 0, as it goes into a message.
    pub(super) fn get(&self, index: u64) -> Option<String> {
        let mut slices = self.bytes.chunks(self.options.slice_bytes.max(1));
        let slice = slices.nth(usize::try_from(index).ok()?)?;
        match self.options.order {
            SliceOrder::SliceThenEncode => Some(self.options.slice_text.encode(slice)),
            SliceOrder::EncodeThenSlice => String::from_utf8(slice.to_vec()).ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn joined(options: &UploadOptions, ciphertext: &[u8]) -> Vec<String> {
        let slices = Slices::of(ciphertext, options);
        let all: Vec<String> = (0..slices.count()).map(|index| slices.get(index).unwrap()).collect();
        assert_eq!(slices.get(slices.count()), None);
        all
    }

    #[test]
    fn slices_are_cut_first_and_encoded_each() {
        let options = UploadOptions { slice_bytes: 10, ..UploadOptions::default() };
        let slices = joined(&options, &[7; 25]);
        let bytes: Vec<u8> = slices.iter().flat_map(|slice| STANDARD.decode(slice).unwrap()).collect();
        assert_eq!((slices.len(), bytes), (3, vec![7; 25]));
    }

    #[test]
    fn or_the_text_is_made_first_and_cut_then() {
        let options =
            UploadOptions { slice_bytes: 10, order: SliceOrder::EncodeThenSlice, ..UploadOptions::default() };
        let slices = joined(&options, &[7; 25]);
        assert_eq!(STANDARD.decode(slices.concat()).unwrap(), vec![7; 25]);
        assert!(slices.iter().all(|slice| slice.len() <= 10));
    }

    #[test]
    fn a_file_that_fits_exactly_has_no_empty_last_slice() {
        let options = UploadOptions { slice_bytes: 10, ..UploadOptions::default() };
        assert_eq!(joined(&options, &[7; 20]).len(), 2);
    }
}
