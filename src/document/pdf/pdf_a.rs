//! PDF/A-2b (ISO 19005-2) by typst-pdf, from the laid-out pages themselves.

use std::ops::Range;

use typst::foundations::{Datetime, Smart};
use typst::layout::{Frame, FrameItem};
use typst::model::Document;
use typst::text::{TextItem, is_default_ignorable};
use typst_layout::{Page, PagedDocument};
use typst_pdf::{PdfOptions, PdfStandard, PdfStandards, Timestamp};

use super::{creator, keywords};
use crate::document::DocumentError;
use crate::document::ofd::Metadata;

/// Dates are midnight in China, as the metadata know no time of day.
const CHINA_OFFSET_MINUTES: i32 = 8 * 60;

/// Identity and dates are the metadata's, so that the clock has no say in the bytes.
pub(in crate::document) fn write(
    document: &PagedDocument,
    metadata: &Metadata,
) -> Result<Vec<u8>, DocumentError> {
    let standards = PdfStandards::new(&[PdfStandard::A_2b])
        .map_err(|error| DocumentError::Pdf(error.message().to_string()))?;
    let options = PdfOptions {
        ident: Smart::Custom(metadata.document_id.clone()),
        creator: Smart::Custom(Some(creator())),
        timestamp: Some(created_at(metadata)?),
        page_ranges: None,
        standards,
        // Tags are for PDF/UA; here they would say nothing that the text does not.
        tagged: false,
        pretty: false,
    };
    let pages = document.pages().iter().map(without_marks).collect();
    let mut document = PagedDocument::new(pages, Document::info(document).clone());
    let info = document.info_mut();
    info.title = Some(metadata.title.as_str().into());
    info.author = vec![metadata.author.as_str().into()];
    info.keywords = keywords(metadata).map(Into::into).collect();
    info.date = Smart::Auto;
    typst_pdf::pdf(&document, &options).map_err(|errors| {
        let messages: Vec<&str> = errors.iter().map(|error| error.message.as_str()).collect();
        DocumentError::Pdf(messages.join("; "))
    })
}

fn created_at(metadata: &Metadata) -> Result<Timestamp, DocumentError> {
    let date = metadata.created_on;
    let midnight = || {
        let (month, day) = (u8::try_from(date.month()).ok()?, u8::try_from(date.day()).ok()?);
        let midnight = Datetime::from_ymd_hms(i32::from(date.year()), month, day, 0, 0, 0)?;
        Timestamp::new_local(midnight, CHINA_OFFSET_MINUTES)
    };
    midnight().ok_or_else(|| {
        DocumentError::Metadata(format!("created_on: expected a date that PDF can say, found `{date}`"))
    })
}

/// The page without characters that leave no ink: between those of a ciphertext stand marks where a line may break, and
/// a reader would copy them with it and find nothing that was typed without them.
fn without_marks(page: &Page) -> Page {
    let mut page = page.clone();
    remove_marks(&mut page.frame);
    page
}

fn remove_marks(frame: &mut Frame) {
    frame.retain(|item| {
        match item {
            FrameItem::Group(group) => remove_marks(&mut group.frame),
            FrameItem::Text(TextItem { text, glyphs, .. }) => {
                // A mark belongs to the glyph before it, or has one of its own. If that takes room, it stays, or what
                // follows would move.
                glyphs.retain_mut(|glyph| match visible(text, &glyph.range) {
                    Some(range) => {
                        glyph.range = range;
                        true
                    }
                    None => glyph.x_advance.get() != 0.0,
                });
                return !glyphs.is_empty();
            }
            _ => {}
        }
        true
    });
}

/// The range without the marks at its ends, or `None` if nothing is left.
fn visible(text: &str, range: &Range<u16>) -> Option<Range<u16>> {
    let meant = text.get(usize::from(range.start)..usize::from(range.end))?;
    let kept = meant.trim_start_matches(is_default_ignorable);
    let start = range.start + u16::try_from(meant.len() - kept.len()).ok()?;
    let kept = kept.trim_end_matches(is_default_ignorable);
    let end = start + u16::try_from(kept.len()).ok()?;
    (start < end).then_some(start..end)
}
