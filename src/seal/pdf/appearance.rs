//! The seal's picture as PDF draws it: an image with a soft mask in a form (ISO 32000-1, 8.9, 8.10 and 11.6.5.3).

use std::io::{Cursor, Write};

use anyhow::{Context, bail};
use lopdf::ObjectId;

use super::placement::points;
use super::update::Update;

/// The picture of a seal, decoded and packed once for all documents.
pub struct SealPicture {
    pixels: (u32, u32),
    size_mm: (u16, u16),
    grey: bool,
    /// Colours and transparency of each pixel, deflated.
    colours: Vec<u8>,
    alpha: Option<Vec<u8>>,
}

/// Wider or higher than this no seal is; it bounds what a picture may unpack to.
const MOST_PIXELS: u32 = 4_096;

impl SealPicture {
    /// `size_mm` is the width and height of the seal on paper.
    ///
    /// # Errors
    /// When the bytes are no PNG, or one of more than 4096 pixels in width or height.
    pub fn from_png(png: &[u8], size_mm: (u16, u16)) -> anyhow::Result<Self> {
        let mut decoder = png::Decoder::new(Cursor::new(png));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().context("the seal's picture: expected a PNG")?;
        let (width, height) = reader.info().size();
        if width > MOST_PIXELS || height > MOST_PIXELS {
            bail!(
                "the seal's picture: expected at most {MOST_PIXELS} pixels each way, found {width} × {height}"
            );
        }
        let size = reader.output_buffer_size().context("the seal's picture is too large")?;
        let mut samples = vec![0; size];
        reader.next_frame(&mut samples).context("the seal's picture is damaged")?;
        let (colour_type, _) = reader.output_color_type();
        let grey = matches!(colour_type, png::ColorType::Grayscale | png::ColorType::GrayscaleAlpha);
        let transparent = matches!(colour_type, png::ColorType::Rgba | png::ColorType::GrayscaleAlpha);
        let (colours, alpha) = if transparent {
            let pixel = colour_type.samples();
            let (mut colours, mut alpha) = (Vec::with_capacity(size), Vec::with_capacity(size / pixel));
            for samples in samples.chunks_exact(pixel) {
                let (last, rest) = samples.split_last().context("the seal's picture is damaged")?;
                colours.extend_from_slice(rest);
                alpha.push(*last);
            }
            (deflated(&colours)?, Some(deflated(&alpha)?))
        } else {
            (deflated(&samples)?, None)
        };
        Ok(Self { pixels: (width, height), size_mm, grey, colours, alpha })
    }

    /// Width and height on paper.
    pub fn size_mm(&self) -> (u16, u16) {
        self.size_mm
    }

    /// Writes the picture and hands back the form that shows it.
    pub(super) fn write(&self, update: &mut Update) -> anyhow::Result<ObjectId> {
        let (width, height) = self.pixels;
        let image = |space: &str, mask: &str| {
            format!(
                "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace /{space} \
                 /BitsPerComponent 8 /Filter /FlateDecode{mask}"
            )
        };
        let mut mask = String::new();
        if let Some(alpha) = &self.alpha {
            let id = update.allocate()?;
            update.put_stream(id, &image("DeviceGray", ""), alpha)?;
            mask = format!(" /SMask {} 0 R", id.0);
        }
        let picture = update.allocate()?;
        let space = if self.grey { "DeviceGray" } else { "DeviceRGB" };
        update.put_stream(picture, &image(space, &mask), &self.colours)?;

        let (width, height) = (points(self.size_mm.0.into()), points(self.size_mm.1.into()));
        let form = update.allocate()?;
        let dictionary = format!(
            "/Type /XObject /Subtype /Form /BBox [0 0 {width:.3} {height:.3}] \
             /Resources << /XObject << /Seal {} 0 R >> >>",
            picture.0
        );
        let content = format!("q {width:.3} 0 0 {height:.3} 0 0 cm /Seal Do Q");
        update.put_stream(form, &dictionary, content.as_bytes())?;
        Ok(form)
    }
}

fn deflated(samples: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(samples)?;
    Ok(encoder.finish()?)
}
