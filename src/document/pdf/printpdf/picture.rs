//! Pictures for printpdf: PNG as pixels with their alpha, JPEG as it is.

use std::collections::BTreeMap;

use printpdf::{DictItem, ExternalStream, ExternalXObject, RawImage, XObject};

use crate::document::DocumentError;
use crate::document::display_list::ImageFile;

pub(super) fn object(image: &ImageFile) -> Result<XObject, DocumentError> {
    if image.extension == "png" {
        let pixels =
            RawImage::decode_from_bytes(&image.bytes, &mut Vec::new()).map_err(DocumentError::Picture)?;
        return Ok(XObject::Image(pixels));
    }
    let frame = Frame::of(&image.bytes)
        .ok_or_else(|| DocumentError::Picture("expected a JPEG file with a frame header".to_owned()))?;
    let space = match frame.components {
        1 => "DeviceGray",
        3 => "DeviceRGB",
        other => {
            return Err(DocumentError::Picture(format!(
                "expected a JPEG file of 1 or 3 colour components, found {other}"
            )));
        }
    };
    let name = |text: &str| DictItem::Name(text.as_bytes().to_vec());
    let dict = BTreeMap::from([
        ("Type".to_owned(), name("XObject")),
        ("Subtype".to_owned(), name("Image")),
        ("Filter".to_owned(), name("DCTDecode")),
        ("ColorSpace".to_owned(), name(space)),
        ("BitsPerComponent".to_owned(), DictItem::Int(8)),
        ("Width".to_owned(), DictItem::Int(frame.width.into())),
        ("Height".to_owned(), DictItem::Int(frame.height.into())),
    ]);
    let stream = ExternalStream { dict, content: image.bytes.to_vec(), compress: false };
    Ok(XObject::External(ExternalXObject { stream, width: None, height: None, dpi: None }))
}

/// What PDF must be told of a JPEG file (ITU-T T.81, B.2.2).
struct Frame {
    width: u16,
    height: u16,
    components: u8,
}

impl Frame {
    fn of(jpeg: &[u8]) -> Option<Self> {
        let mut rest = jpeg.strip_prefix(b"\xff\xd8")?;
        loop {
            let (marker, after) = rest.split_first_chunk::<2>()?;
            let [0xff, kind] = *marker else { return None };
            if kind == 0xff {
                // Any number of fill bytes may stand before a marker.
                rest = rest.get(1..)?;
                continue;
            }
            let length = usize::from(u16::from_be_bytes(*after.first_chunk()?));
            let segment = after.get(2..length)?;
            // 0xc4, 0xc8 and 0xcc are tables, not frames.
            if matches!(kind, 0xc0..=0xcf) && !matches!(kind, 0xc4 | 0xc8 | 0xcc) {
                let [8, high, low, wide, narrow, components, ..] = *segment else { return None };
                return Some(Self {
                    width: u16::from_be_bytes([wide, narrow]),
                    height: u16::from_be_bytes([high, low]),
                    components,
                });
            }
            rest = after.get(length..)?;
        }
    }
}
