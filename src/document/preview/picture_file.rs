//! Embedded pictures: of which kind they are, told by their bytes, and how large a browser would find them.

/// A picture that every browser shows and that can hold no script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PictureFile {
    pub(super) content_type: &'static str,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl PictureFile {
    /// `None` for whatever is not PNG, JPEG, GIF or BMP.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let little = |at: usize| Some(u32::from(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?)));
        let (content_type, width, height) = if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            let side = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
            (bytes.get(12..16)? == b"IHDR").then_some(())?;
            ("image/png", side(16)?, side(20)?)
        } else if bytes.starts_with(b"\xff\xd8\xff") {
            let (width, height) = jpeg_size(bytes)?;
            ("image/jpeg", width, height)
        } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            ("image/gif", little(6)?, little(8)?)
        } else if bytes.starts_with(b"BM") {
            let side = |at: usize| Some(i32::from_le_bytes(*bytes.get(at..)?.first_chunk()?).unsigned_abs());
            ("image/bmp", side(18)?, side(22)?)
        } else {
            return None;
        };
        (width > 0 && height > 0).then_some(Self { content_type, width, height })
    }

    pub(super) fn pixels(self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }
}

/// Width and height from the frame header (ITU-T T.81 B.2.2), which stands behind segments of any length.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.get(2..)?;
    loop {
        let [0xff, marker, high, low, ..] = *rest else { return None };
        match marker {
            // Fill bytes before a marker.
            0xff => rest = rest.get(1..)?,
            0xc0..=0xcf if !matches!(marker, 0xc4 | 0xc8 | 0xcc) => {
                let side = |at: usize| Some(u32::from(u16::from_be_bytes(*rest.get(at..)?.first_chunk()?)));
                return Some((side(7)?, side(5)?));
            }
            _ => rest = rest.get(2 + usize::from(u16::from_be_bytes([high, low])).max(2)..)?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kind_and_size_are_told_by_the_bytes() {
        let found =
            |bytes: &[u8]| PictureFile::of(bytes).map(|file| (file.content_type, file.width, file.height));
        let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x01\0\0\0\0\x20";
        assert_eq!(found(png), Some(("image/png", 256, 32)));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04JF\xff\xff\xc2\0\x11\x08\0\x10\0\x20\x03";
        assert_eq!(found(jpeg), Some(("image/jpeg", 32, 16)));
        assert_eq!(found(b"GIF89a\x05\0\x06\0"), Some(("image/gif", 5, 6)));
        let mut bmp = b"BM".to_vec();
        bmp.resize(18, 0);
        bmp.extend(7_i32.to_le_bytes());
        bmp.extend((-8_i32).to_le_bytes());
        assert_eq!(found(&bmp), Some(("image/bmp", 7, 8)));
        for other in
            [&b"<svg xmlns=''/>"[..], b"\xff\xd8\xff", b"\xff\xd8\xff\xd9", b"\x89PNG\r\n\x1a\n", b"BM", b""]
        {
            assert_eq!(found(other), None);
        }
    }
}
