//! Typst as the typesetter: a world that holds templates, data and fonts, and nothing else.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::path::Path;

use anyhow::Context;
use typst::diag::{FileError, FileResult, SourceDiagnostic};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook, FontFamily, FontList, TextElem};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World, WorldExt};
use typst_layout::PagedDocument;

use super::DocumentError;
use super::fonts::Fonts;

pub(super) const SEAL: &str = "seal.typ";

const BUILT_IN: [(&str, &str); 6] = [
    ("letter.typ", include_str!("../../templates/letter.typ")),
    ("bid-bond.typ", include_str!("../../templates/bid-bond.typ")),
    ("conditional-bid-bond.typ", include_str!("../../templates/conditional-bid-bond.typ")),
    ("bid-bond-insurance.typ", include_str!("../../templates/bid-bond-insurance.typ")),
    ("advance-payment.typ", include_str!("../../templates/advance-payment.typ")),
    (SEAL, include_str!("../../templates/seal.typ")),
];

/// Sets the text of a template that names no font.
const DEFAULT_FONT: &str = "Noto Serif SC";

/// Data beyond this are refused: a letter has some forty short fields, and layout time grows with their length.
const DATA_LIMIT: usize = 128 * 1024;

/// How many compilations a cached result may lie unused. Without eviction the caches grow by 1.3 MB a letter.
const CACHE_AGE: usize = 5;

/// The files that templates may read. Typst keeps file ids for ever and has 65,535 of them, so they are made
/// here, once per name.
pub(super) struct Templates {
    library: LazyHash<Library>,
    files: HashMap<FileId, TemplateFile>,
    by_name: BTreeMap<String, (Vec<u8>, String)>,
}

struct TemplateFile {
    source: Option<Source>,
    bytes: Bytes,
    /// What an error message calls the file.
    shown_as: String,
}

/// A file that exists for one compilation: the data, or a picture.
pub(super) struct Input {
    id: FileId,
    bytes: Bytes,
}

impl Input {
    /// `name` must come from a fixed set, see [`Templates`].
    pub(super) fn new(name: &'static str, bytes: Vec<u8>) -> Result<Self, DocumentError> {
        Ok(Self { id: file_id(name)?, bytes: Bytes::new(bytes) })
    }
}

impl Templates {
    /// The built-in templates, each replaced by the file of the same name in `folder`. Other `.typ`, `.png`
    /// and `.jpg` files of the folder can be read by the institution's templates.
    pub(super) fn open(folder: Option<&Path>) -> anyhow::Result<Self> {
        let mut by_name = BTreeMap::new();
        for (name, text) in BUILT_IN {
            by_name.insert(name.to_owned(), (text.as_bytes().to_vec(), format!("built-in {name}")));
        }
        if let Some(folder) = folder {
            let place = || format!("reading the templates folder `{}`", folder.display());
            for entry in std::fs::read_dir(folder).with_context(place)? {
                let path = entry.with_context(place)?.path();
                let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
                let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
                if matches!(extension, "typ" | "png" | "jpg") {
                    let bytes =
                        std::fs::read(&path).with_context(|| format!("reading `{}`", path.display()))?;
                    by_name.insert(name.to_owned(), (bytes, path.display().to_string()));
                }
            }
        }
        Self::of(by_name)
    }

    /// These with other texts under some of their names.
    pub(super) fn with(&self, texts: &BTreeMap<String, String>) -> anyhow::Result<Self> {
        let mut by_name = self.by_name.clone();
        for (name, text) in texts {
            let known = self.texts().any(|(known, _)| known == name);
            anyhow::ensure!(known, "expected one of {}, found `{name}`", self.names());
            by_name.insert(name.clone(), (text.as_bytes().to_vec(), format!("changed {name}")));
        }
        Self::of(by_name)
    }

    /// The templates of letters and what they share, by name; not the seal of demonstrations.
    pub(super) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        let typst = self.by_name.iter().filter(|(name, _)| name.ends_with(".typ") && *name != SEAL);
        typst.filter_map(|(name, (bytes, _))| Some((name.as_str(), std::str::from_utf8(bytes).ok()?)))
    }

    fn names(&self) -> String {
        self.texts().map(|(name, _)| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    }

    fn of(by_name: BTreeMap<String, (Vec<u8>, String)>) -> anyhow::Result<Self> {
        let mut files = HashMap::new();
        for (name, (bytes, shown_as)) in &by_name {
            let id = file_id(name)?;
            let source = if name.ends_with(".typ") {
                let text = String::from_utf8(bytes.clone())
                    .with_context(|| format!("`{shown_as}`: expected UTF-8 text"))?;
                Some(Source::new(id, text))
            } else {
                None
            };
            let (bytes, shown_as) = (Bytes::new(bytes.clone()), shown_as.clone());
            files.insert(id, TemplateFile { source, bytes, shown_as });
        }
        let mut library = Library::default();
        // Typst's own default is a font that is not here, and where no font is found, text vanishes without a word.
        library.styles.set(TextElem::font, FontList(vec![FontFamily::new(DEFAULT_FONT)]));
        Ok(Self { library: LazyHash::new(library), files, by_name })
    }

    /// Lays out the template `main` with `data` as `/data.json` and `pictures` beside it. A warning is an
    /// error when `strict`: at start a template must be in order, later a letter must go out.
    pub(super) fn lay_out(
        &self,
        fonts: &Fonts,
        main: &'static str,
        data: Vec<u8>,
        mut inputs: Vec<Input>,
        strict: bool,
    ) -> Result<PagedDocument, DocumentError> {
        if data.len() > DATA_LIMIT {
            return Err(DocumentError::TooLarge { found: data.len(), limit: DATA_LIMIT });
        }
        inputs.push(Input::new("data.json", data)?);
        let world = Desk { templates: self, fonts, main: file_id(main)?, inputs: &inputs };
        let compiled = typst::compile::<PagedDocument>(&world);
        let outcome = match compiled.output {
            Ok(document) => match compiled.warnings.first() {
                Some(warning) if strict => Err(self.explain(&world, warning)),
                _ => Ok(document),
            },
            Err(errors) => Err(errors.first().map_or_else(
                || DocumentError::Template {
                    file: main.to_owned(),
                    line: None,
                    message: "failed".to_owned(),
                },
                |error| self.explain(&world, error),
            )),
        };
        typst::comemo::evict(CACHE_AGE);
        outcome
    }

    fn explain(&self, world: &Desk<'_>, diagnostic: &SourceDiagnostic) -> DocumentError {
        let id = diagnostic.span.id().unwrap_or(world.main);
        let line = world
            .range(diagnostic.span)
            .and_then(|range| self.files.get(&id)?.source.as_ref()?.lines().byte_to_line(range.start))
            .map(|line| line + 1);
        let file = self
            .files
            .get(&id)
            .map_or_else(|| id.vpath().get_with_slash().to_owned(), |file| file.shown_as.clone());
        let mut message = diagnostic.message.to_string();
        for hint in &diagnostic.hints {
            message.push_str("; hint: ");
            message.push_str(&hint.v);
        }
        DocumentError::Template { file, line, message }
    }
}

fn file_id(name: &str) -> Result<FileId, DocumentError> {
    let path = VirtualPath::new(name).map_err(|error| DocumentError::Template {
        file: name.to_owned(),
        line: None,
        message: error.to_string(),
    })?;
    Ok(RootedPath::new(VirtualRoot::Project, path).intern())
}

/// One compilation. A file that is not in the maps does not exist: no path reaches the disk or the network.
struct Desk<'a> {
    templates: &'a Templates,
    fonts: &'a Fonts,
    main: FileId,
    inputs: &'a [Input],
}

impl World for Desk<'_> {
    fn library(&self) -> &LazyHash<Library> {
        &self.templates.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        self.fonts.book()
    }

    fn main(&self) -> FileId {
        self.main
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        self.templates.files.get(&id).and_then(|file| file.source.clone()).ok_or(FileError::AccessDenied)
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        self.inputs
            .iter()
            .find(|input| input.id == id)
            .map(|input| &input.bytes)
            .or_else(|| self.templates.files.get(&id).map(|file| &file.bytes))
            .cloned()
            .ok_or(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    /// Dates come with the data, so that a letter rendered again is the same letter.
    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}
