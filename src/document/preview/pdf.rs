//! Pages of PDF files as PNG.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use hayro::hayro_interpret::font::{FontData, FontQuery, StandardFont};
use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning};
use hayro::hayro_syntax::{DecryptionError, LoadPdfError, Pdf};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{RenderCache, RenderSettings, render};

use super::{LeftOut, Limits, PagePicture, PageSize, PreviewError};
use crate::document::fonts;

const POINTS_PER_INCH: f32 = 72.0;
const TENTHS_OF_A_MILLIMETRE_PER_POINT: f32 = 254.0 / 72.0;

pub(super) struct PdfPages {
    pdf: Pdf,
    limits: Limits,
}

impl PdfPages {
    pub(super) fn open(bytes: Vec<u8>, limits: &Limits) -> Result<Self, PreviewError> {
        let pdf = guarded(|| Pdf::new(bytes))?.map_err(|fault| {
            PreviewError::Pdf(match fault {
                LoadPdfError::Decryption(DecryptionError::PasswordProtected) => {
                    "it is protected by a password"
                }
                LoadPdfError::Decryption(_) => "its encryption is not supported",
                LoadPdfError::Invalid => "the structure is damaged",
            })
        })?;
        let count = guarded(|| pdf.pages().len())?;
        if count > limits.pages {
            return Err(PreviewError::TooMuch { what: "pages", limit: limits.pages });
        }
        Ok(Self { pdf, limits: *limits })
    }

    pub(super) fn count(&self) -> usize {
        self.pdf.pages().len()
    }

    pub(super) fn size(&self, index: usize) -> Result<PageSize, PreviewError> {
        let (width, height) = self.points(index)?;
        let tenths = |points: f32| whole(points * TENTHS_OF_A_MILLIMETRE_PER_POINT).into();
        Ok(PageSize { width: tenths(width), height: tenths(height) })
    }

    fn points(&self, index: usize) -> Result<(f32, f32), PreviewError> {
        let pages = self.pdf.pages();
        let absent = PreviewError::NoSuchPage { number: index.saturating_add(1), count: pages.len() };
        let (width, height) = pages.get(index).ok_or(absent)?.render_dimensions();
        let plausible = |side: f32| side.is_finite() && (1.0..=20_000.0).contains(&side);
        if plausible(width) && plausible(height) {
            Ok((width, height))
        } else {
            Err(PreviewError::Pdf("the page has no plausible size"))
        }
    }

    pub(super) fn picture(&self, index: usize) -> Result<PagePicture, PreviewError> {
        let (width, height) = self.points(index)?;
        let most = f32::from(self.limits.side_pixels) / width.max(height);
        let scale = most.min(f32::from(self.limits.dpi) / POINTS_PER_INCH);
        let left_out = Arc::new(Mutex::new(BTreeSet::new()));
        let settings = interpreter(&left_out)?;
        let bytes = guarded(|| {
            let page = self.pdf.pages().get(index)?;
            let drawn = RenderSettings {
                x_scale: scale,
                y_scale: scale,
                width: Some(whole(width * scale).max(1)),
                height: Some(whole(height * scale).max(1)),
                bg_color: WHITE,
            };
            render(page, &RenderCache::new(), &settings, &drawn).into_png().ok()
        })?;
        let bytes = bytes.ok_or(PreviewError::Pdf("the page cannot be drawn"))?;
        let left_out = left_out.lock().map(|found| found.clone()).unwrap_or_default();
        Ok(PagePicture { content_type: "image/png", bytes, left_out })
    }
}

/// Runs the interpreter of others' files. What makes it panic is a broken file to us.
fn guarded<T>(work: impl FnOnce() -> T) -> Result<T, PreviewError> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_| PreviewError::Pdf("the file cannot be interpreted"))
}

/// Draws what a signature shows, which is an annotation; fonts that a file does not bring are the house's.
fn interpreter(left_out: &Arc<Mutex<BTreeSet<LeftOut>>>) -> Result<InterpreterSettings, PreviewError> {
    let fonts = fonts::built_in().map_err(PreviewError::Fonts)?;
    let note = |left_out: &Mutex<BTreeSet<LeftOut>>, what| {
        if let Ok(mut found) = left_out.lock() {
            found.insert(what);
        }
    };
    let (of_fonts, of_warnings) = (Arc::clone(left_out), Arc::clone(left_out));
    Ok(InterpreterSettings {
        font_resolver: Arc::new(move |query| {
            note(&of_fonts, LeftOut::OwnFont);
            let standard = match query {
                FontQuery::Standard(standard) => *standard,
                FontQuery::Fallback(wanted) => wanted.pick_standard_font(),
            };
            let font = fonts.get(house_font(standard))?;
            let data: FontData = Arc::new(font.data().clone());
            Some((data, font.index()))
        }),
        // The tables for texts in fonts that are not embedded would add megabytes to the program.
        cmap_resolver: Arc::new(|_| None),
        warning_sink: Arc::new(move |warning| {
            note(
                &of_warnings,
                match warning {
                    InterpreterWarning::ImageDecodeFailure => LeftOut::Picture,
                    InterpreterWarning::UnsupportedFont => LeftOut::Character,
                },
            );
        }),
        render_annotations: true,
    })
}

/// Which of the built-in fonts stands in.
fn house_font(standard: StandardFont) -> usize {
    match standard {
        StandardFont::HelveticaBold
        | StandardFont::HelveticaBoldOblique
        | StandardFont::TimesBold
        | StandardFont::TimesBoldItalic => 1,
        StandardFont::Courier
        | StandardFont::CourierBold
        | StandardFont::CourierOblique
        | StandardFont::CourierBoldOblique => 2,
        _ => 0,
    }
}

/// Rounds a length that is known to be small and not negative.
fn whole(length: f32) -> u16 {
    #[expect(clippy::as_conversions, reason = "the language has no other way; it saturates")]
    let whole = length.round() as u16;
    whole
}
