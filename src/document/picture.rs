//! Small PNG pictures made here: the verification code and the demonstration seal.

use std::io::Write;

use super::DocumentError;

/// The side of one module of a code in pixels, so that readers that smooth pictures keep its edges.
const MODULE: usize = 8;

/// A QR code of `text` (GB/T 18284) without a margin: the template leaves the room around it.
pub(super) fn qr_code(text: &str) -> Result<Vec<u8>, DocumentError> {
    let code = qrcode::QrCode::with_error_correction_level(text.as_bytes(), qrcode::EcLevel::M)
        .map_err(|error| DocumentError::Picture(format!("verification address as a QR code: {error}")))?;
    let modules = code.width();
    let colors = code.to_colors();
    let mut pixels = Vec::with_capacity(modules * modules * MODULE * MODULE);
    for row in colors.chunks(modules) {
        let line: Vec<u8> =
            row.iter().flat_map(|color| std::iter::repeat_n(color.select(0_u8, 255_u8), MODULE)).collect();
        for _ in 0..MODULE {
            pixels.extend_from_slice(&line);
        }
    }
    encode(modules * MODULE, Colours::Grey, &pixels)
}

/// A square picture in one colour with an alpha value per pixel: a third of the size of RGBA.
pub(super) fn tinted(side: usize, colour: [u8; 3], alpha: &[u8]) -> Result<Vec<u8>, DocumentError> {
    encode(side, Colours::Tint(colour), alpha)
}

enum Colours {
    Grey,
    Tint([u8; 3]),
}

/// PNG (ISO/IEC 15948), 8 bits a pixel, square.
fn encode(side: usize, colours: Colours, pixels: &[u8]) -> Result<Vec<u8>, DocumentError> {
    let size = u32::try_from(side).map_err(|_| DocumentError::Picture("picture too large".to_owned()))?;
    let mut header = Vec::with_capacity(13);
    header.extend_from_slice(&size.to_be_bytes());
    header.extend_from_slice(&size.to_be_bytes());
    header.extend_from_slice(&[8, if matches!(colours, Colours::Grey) { 0 } else { 3 }, 0, 0, 0]);

    let mut deflate = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    let written = pixels
        .chunks(side)
        .try_for_each(|row| {
            deflate.write_all(&[0])?;
            deflate.write_all(row)
        })
        .and_then(|()| deflate.finish())
        .map_err(|error| DocumentError::Picture(error.to_string()))?;

    let mut png = b"\x89PNG\r\n\x1a\n".to_vec();
    chunk(&mut png, b"IHDR", &header)?;
    if let Colours::Tint(colour) = colours {
        let alphas: Vec<u8> = (0..=255).collect();
        chunk(&mut png, b"PLTE", &colour.repeat(alphas.len()))?;
        chunk(&mut png, b"tRNS", &alphas)?;
    }
    chunk(&mut png, b"IDAT", &written)?;
    chunk(&mut png, b"IEND", &[])?;
    Ok(png)
}

fn chunk(png: &mut Vec<u8>, name: &[u8; 4], content: &[u8]) -> Result<(), DocumentError> {
    let length =
        u32::try_from(content.len()).map_err(|_| DocumentError::Picture("picture too large".to_owned()))?;
    let mut checksum = flate2::Crc::new();
    checksum.update(name);
    checksum.update(content);
    png.extend_from_slice(&length.to_be_bytes());
    png.extend_from_slice(name);
    png.extend_from_slice(content);
    png.extend_from_slice(&checksum.sum().to_be_bytes());
    Ok(())
}
