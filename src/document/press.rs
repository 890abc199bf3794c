//! The press: letters in, laid-out pages, OFD and PDF documents out.
#![expect(clippy::disallowed_types, reason = "positions on a page are measured")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use anyhow::Context;
use serde::{Deserialize, Serialize};
use typst::utils::Scalar;
use typst_layout::PagedDocument;

use super::display_list::DisplayList;
use super::fonts::Fonts;
use super::form::Form;
use super::letter::{Letter, LetterKind};
use super::ofd::package::Package;
use super::ofd::{self, Metadata};
use super::pdf::{self, PdfDocument, PdfWriter};
use super::template::{self, Input, Templates};
use super::{DocumentError, data_xml, picture};

/// The side of the demonstration seal in millimetres.
pub const SEAL_DIAMETER_MM: u32 = 42;

/// Where the institution's own fonts and templates lie.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DocumentOptions {
    /// TrueType fonts in addition to the built-in ones: for characters that those lack, or for templates that
    /// name them.
    pub fonts_folder: Option<PathBuf>,
    /// Templates that replace the built-in ones of the same name.
    pub templates_folder: Option<PathBuf>,
    /// Who writes PDF files.
    pub pdf_writer: PdfWriter,
    /// How far the making of letters steps back where others want the same processors, from 0 to 19.
    pub niceness: u8,
}

impl Default for DocumentOptions {
    fn default() -> Self {
        Self { fonts_folder: None, templates_folder: None, pdf_writer: PdfWriter::default(), niceness: 10 }
    }
}

/// Templates and fonts, loaded once and shared by all clones. Rendering takes a processor for some
/// milliseconds: call it from a blocking pool.
#[derive(Clone)]
pub struct Press(Arc<Machine>);

struct Machine {
    fonts: Arc<Fonts>,
    templates: Templates,
    pdf_writer: PdfWriter,
}

/// Pages, before they become a file.
pub struct Laid {
    document: PagedDocument,
    pub(super) list: DisplayList,
    pdf_writer: PdfWriter,
}

pub struct OfdDocument {
    pub package: Package,
    /// The ID of each page, which a stamp's `PageRef` names.
    pub page_ids: Vec<u32>,
    pub page_size_mm: (f64, f64),
    /// The places that the template marks for the seal, in page order: one per letter, so two in a merged
    /// document. Never empty.
    pub seal_places: Vec<SealPlace>,
}

/// The centre of the seal, from the top left corner of its page.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SealPlace {
    pub page_index: usize,
    pub x_mm: f64,
    pub y_mm: f64,
}

#[derive(Serialize)]
struct LetterData<'a> {
    #[serde(flatten)]
    letter: &'a Letter,
    /// The picture of the verification code.
    qr: Option<&'static str>,
}

#[derive(Serialize)]
struct LettersData<'a> {
    letters: Vec<LetterData<'a>>,
}

#[derive(Serialize)]
struct SealData<'a> {
    name: &'a str,
}

impl Press {
    /// Loads fonts and templates and tries every template with sample data, so that a bad one stops the start.
    ///
    /// # Errors
    /// Names the file; for a template also the line.
    pub fn open(options: &DocumentOptions) -> anyhow::Result<Self> {
        // What is built in doesn't change while the program runs, and one copy of it is enough.
        static BUILT_IN: OnceLock<Press> = OnceLock::new();
        options.pdf_writer.check()?;
        let own = options.fonts_folder.is_some() || options.templates_folder.is_some();
        if own || options.pdf_writer != PdfWriter::default() {
            return Self::load(options);
        }
        match BUILT_IN.get() {
            Some(press) => Ok(press.clone()),
            None => Self::load(options).map(|press| BUILT_IN.get_or_init(|| press).clone()),
        }
    }

    fn load(options: &DocumentOptions) -> anyhow::Result<Self> {
        let fonts = Fonts::open(options.fonts_folder.as_deref()).context("loading fonts")?;
        let templates = Templates::open(options.templates_folder.as_deref()).context("loading templates")?;
        let fonts = Arc::new(fonts);
        let press = Self(Arc::new(Machine { fonts, templates, pdf_writer: options.pdf_writer }));
        press.try_out_all()?;
        press.seal_alpha("海峡示例银行股份有限公司", true)?;
        Ok(press)
    }

    /// A press of the same fonts with other texts under some of the templates' names, tried as at the start.
    ///
    /// # Errors
    /// When a name is no template's, or a template can't be used: the file and the line.
    pub fn with_templates(&self, texts: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let (fonts, pdf_writer) = (Arc::clone(&self.0.fonts), self.0.pdf_writer);
        let templates = self.0.templates.with(texts)?;
        let press = Self(Arc::new(Machine { fonts, templates, pdf_writer }));
        press.try_out_all()?;
        Ok(press)
    }

    /// The templates of letters and what they share, each with its text; not the seal of demonstrations.
    pub fn templates(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.templates.texts()
    }

    fn try_out_all(&self) -> anyhow::Result<()> {
        Form::ALL.into_iter().try_for_each(|form| self.try_out(form))
    }

    /// One document with both kinds of letter, where the form has both, is enough to pass through all of a template.
    fn try_out(&self, form: Form) -> anyhow::Result<()> {
        let kinds = [LetterKind::Plaintext, LetterKind::Ciphertext];
        let letters: Vec<Letter> =
            kinds.into_iter().filter(|kind| form.has(*kind)).map(|kind| Letter::sample(form, kind)).collect();
        let laid = self.lay_out(&letters.iter().collect::<Vec<_>>(), true)?;
        let seals: usize = laid.list.pages.iter().map(|page| page.seals.len()).sum();
        anyhow::ensure!(
            seals == letters.len(),
            "template `{}`: expected one box labelled <seal> in each letter, where the seal is stamped",
            form.template()
        );
        Ok(())
    }

    /// The families that the fonts folder added.
    pub fn own_font_families(&self) -> &[String] {
        self.0.fonts.own_families()
    }

    /// One letter, of the kind that it says.
    pub fn letter(&self, letter: &Letter) -> Result<Laid, DocumentError> {
        self.lay_out(&[letter], false)
    }

    /// One document: the plaintext letter's pages, then the ciphertext letter's, numbered through.
    pub fn merged(&self, plaintext: &Letter, ciphertext: &Letter) -> Result<Laid, DocumentError> {
        self.lay_out(&[plaintext, ciphertext], false)
    }

    /// Lays out one letter, or a plaintext letter and the ciphertext letter it came from, and attaches the structured
    /// data of each, ahead of the metadata's own attachments.
    pub fn document(&self, letters: &[&Letter], metadata: &Metadata) -> Result<OfdDocument, DocumentError> {
        let mut metadata = metadata.clone();
        let data = letters.iter().map(|letter| data_xml::attachment(letter));
        metadata.attachments.splice(0..0, data);
        self.lay_out(letters, false)?.to_ofd(&metadata)
    }

    /// The same as a PDF file, without the data.
    pub fn pdf(&self, letters: &[&Letter], metadata: &Metadata) -> Result<PdfDocument, DocumentError> {
        self.lay_out(letters, false)?.to_pdf(metadata)
    }

    fn lay_out(&self, letters: &[&Letter], strict: bool) -> Result<Laid, DocumentError> {
        const CODES: [&str; 2] = ["qr-1.png", "qr-2.png"];
        let form = form_of(letters)?;
        let mut inputs = Vec::new();
        let mut data = LettersData { letters: Vec::new() };
        for (letter, name) in letters.iter().copied().zip(CODES) {
            let mut qr = None;
            if !letter.verification_url.is_empty() {
                inputs.push(Input::new(name, picture::qr_code(&letter.verification_url)?)?);
                qr = Some(name);
            }
            data.letters.push(LetterData { letter, qr });
        }
        let document = self.typeset(form.template(), &data, inputs, strict)?;
        let list = DisplayList::of(&document)?;
        Ok(Laid { document, list, pdf_writer: self.0.pdf_writer })
    }

    /// The demonstration seal's coverage: side in pixels, and a value per pixel.
    fn seal_alpha(&self, name: &str, strict: bool) -> Result<(usize, Vec<u8>), DocumentError> {
        const PIXELS_PER_POINT: f64 = 4.2;
        let document = self.typeset(template::SEAL, &SealData { name }, Vec::new(), strict)?;
        // The picture is drawn by Typst itself; the list is made for its check of missing characters.
        DisplayList::of(&document)?;
        let page = document.pages().first().ok_or(DocumentError::Unsupported("no page"))?;
        let options =
            typst_render::RenderOptions { pixel_per_pt: Scalar::new(PIXELS_PER_POINT), render_bleed: false };
        let pixels = typst_render::render(page, &options);
        let side = usize::try_from(pixels.width()).unwrap_or_default();
        Ok((side, pixels.pixels().iter().map(|pixel| pixel.alpha()).collect()))
    }

    fn typeset(
        &self,
        main: &'static str,
        data: &impl Serialize,
        inputs: Vec<Input>,
        strict: bool,
    ) -> Result<PagedDocument, DocumentError> {
        let data = serde_json::to_vec(data).map_err(|error| DocumentError::Metadata(error.to_string()))?;
        self.0.templates.lay_out(&self.0.fonts, main, data, inputs, strict)
    }
}

/// The form of letters that can be printed as one document.
fn form_of(letters: &[&Letter]) -> Result<Form, DocumentError> {
    let form = match letters {
        [letter] => letter.form,
        [first, second] if first.form == second.form => {
            if (first.kind, second.kind) != (LetterKind::Plaintext, LetterKind::Ciphertext) {
                return Err(DocumentError::Letters(
                    "expected the plaintext letter before the ciphertext letter",
                ));
            }
            first.form
        }
        _ => return Err(DocumentError::Letters("expected one letter, or two of the same form")),
    };
    if letters.iter().any(|letter| !form.has(letter.kind)) {
        return Err(DocumentError::Letters("this form has no ciphertext letter"));
    }
    if letters.iter().any(|letter| letter.section.is_none() && letter.project.is_none()) {
        return Err(DocumentError::Letters("expected a project or a section, found neither"));
    }
    Ok(form)
}

impl Laid {
    pub fn pages(&self) -> usize {
        self.list.pages.len()
    }

    pub fn to_ofd(&self, metadata: &Metadata) -> Result<OfdDocument, DocumentError> {
        let ofd::Written { package, page_ids } = ofd::write(&self.list, metadata)?;
        let (page_size_mm, seal_places) = self.seal_places()?;
        Ok(OfdDocument { package, page_ids, page_size_mm, seal_places })
    }

    /// A PDF file by the writer that the settings choose. Equal pages and metadata give equal bytes.
    ///
    /// The metadata's attachments are left out: PDF/A-2 forbids embedded files that are not PDF/A themselves
    /// (ISO 19005-2, 6.8).
    pub fn to_pdf(&self, metadata: &Metadata) -> Result<PdfDocument, DocumentError> {
        match self.pdf_writer {
            PdfWriter::Typst => self.bound(pdf::archival(&self.document, metadata)?),
            PdfWriter::Printpdf => self.bound(pdf::by_printpdf(&self.list, metadata)?),
        }
    }

    /// The same pages by the other writer: PDF 1.7, not PDF/A.
    #[cfg(feature = "printpdf")]
    pub fn to_pdf_by_printpdf(&self, metadata: &Metadata) -> Result<PdfDocument, DocumentError> {
        self.bound(pdf::by_printpdf(&self.list, metadata)?)
    }

    fn bound(&self, bytes: Vec<u8>) -> Result<PdfDocument, DocumentError> {
        let (page_size_mm, seal_places) = self.seal_places()?;
        Ok(PdfDocument { bytes, page_size_mm, seal_places })
    }

    /// The size of the first page, and where the seal goes.
    fn seal_places(&self) -> Result<((f64, f64), Vec<SealPlace>), DocumentError> {
        let mut seal_places = Vec::new();
        for (page_index, page) in self.list.pages.iter().enumerate() {
            seal_places.extend(page.seals.iter().map(|(x, y)| SealPlace { page_index, x_mm: *x, y_mm: *y }));
        }
        if seal_places.is_empty() {
            return Err(DocumentError::Unsupported("no box labelled <seal>"));
        }
        let page_size_mm = self.list.pages.first().map(|page| (page.width, page.height)).unwrap_or_default();
        Ok((page_size_mm, seal_places))
    }

    /// A picture of a page, or `None` beyond the last.
    pub fn page_png(&self, index: usize, dpi: u32) -> Option<Vec<u8>> {
        let page = self.document.pages().get(index)?;
        let options = typst_render::RenderOptions {
            pixel_per_pt: Scalar::new(f64::from(dpi) / 72.0),
            render_bleed: false,
        };
        typst_render::render(page, &options).encode_png().ok()
    }
}

/// A seal for demonstrations: round, red, with the name along the arc and the word 演示, as a transparent PNG
/// of about 500 pixels for a stamp of [`SEAL_DIAMETER_MM`].
///
/// # Errors
/// If no font draws a character of the name.
pub fn demonstration_seal(press: &Press, institution_name: &str) -> anyhow::Result<Vec<u8>> {
    const RED: [u8; 3] = [0xd7, 0x19, 0x1c];
    let (side, alpha) = press.seal_alpha(institution_name, false)?;
    Ok(picture::tinted(side, RED, &alpha)?)
}
