//! The font files inside a letter: only the glyphs that it uses, with a character table of our own.
//!
//! `subsetter` drops `cmap` and `OS/2`. Readers of OFD look characters up in the embedded file, and printpdf reads
//! weights from it, so both tables are put back.

use std::collections::{BTreeMap, BTreeSet};

use subsetter::GlyphRemapper;
use ttf_parser::{RawFace, Tag};
use typst::text::Font;

use super::DocumentError;
use super::display_list::{DisplayList, Item, Mapping};

/// What the pages use of one font.
#[derive(Default)]
pub(super) struct Usage {
    pub(super) glyphs: BTreeSet<u16>,
    pub(super) characters: BTreeMap<char, u16>,
}

impl Usage {
    /// One for each font of the list.
    pub(super) fn of(list: &DisplayList) -> Vec<Self> {
        let mut usages: Vec<Self> = list.fonts.iter().map(|_| Self::default()).collect();
        for item in list.pages.iter().flat_map(|page| &page.items) {
            let Item::Text(run) = item else { continue };
            let Some(usage) = usages.get_mut(run.font) else { continue };
            usage.glyphs.extend(run.glyphs.iter().map(|glyph| glyph.id));
            match (run.mapping, run.glyphs.as_slice()) {
                (Mapping::ByFont, glyphs) => {
                    usage.characters.extend(run.text.chars().zip(glyphs.iter().map(|glyph| glyph.id)));
                }
                // A character outside the basic plane is in the table too, for readers that ignore the list.
                (Mapping::Listed, [glyph]) => {
                    let mut characters = run.text.chars();
                    if let (Some(character), None) = (characters.next(), characters.next()) {
                        usage.characters.entry(character).or_insert(glyph.id);
                    }
                }
                (Mapping::Listed, _) => {}
            }
        }
        usages
    }
}

pub(super) struct FontFile {
    pub(super) bytes: Vec<u8>,
    renumbered: GlyphRemapper,
}

impl FontFile {
    pub(super) fn new(font: &Font, usage: &Usage) -> Result<Self, DocumentError> {
        let fail = |message: String| DocumentError::Font { family: font.info().family.clone(), message };
        let mut renumbered = GlyphRemapper::new();
        for glyph in &usage.glyphs {
            renumbered.remap(*glyph);
        }
        let subset = subsetter::subset(font.data(), font.index(), &renumbered)
            .map_err(|error| fail(format!("subsetting: {error}")))?;
        let mut characters = Vec::with_capacity(usage.characters.len());
        for (character, glyph) in &usage.characters {
            let glyph = renumbered.get(*glyph).ok_or_else(|| fail(format!("no glyph for `{character}`")))?;
            characters.push((u32::from(*character), glyph));
        }
        let bytes =
            complete(font, &subset, &characters).ok_or_else(|| fail("rebuilding its tables".to_owned()))?;
        Ok(Self { bytes, renumbered })
    }

    /// The number that `glyph` has in this file.
    pub(super) fn glyph(&self, glyph: u16) -> Option<u16> {
        self.renumbered.get(glyph)
    }
}

/// `None` if a table is broken or a number outgrows its field.
fn complete(font: &Font, subset: &[u8], characters: &[(u32, u16)]) -> Option<Vec<u8>> {
    let original = RawFace::parse(font.data(), font.index()).ok()?;
    let face = RawFace::parse(subset, 0).ok()?;
    let mut tables: BTreeMap<[u8; 4], Vec<u8>> = BTreeMap::new();
    for record in face.table_records {
        tables.insert(record.tag.to_bytes(), face.table(record.tag)?.to_vec());
    }
    tables.insert(*b"OS/2", original.table(Tag::from_bytes(b"OS/2"))?.to_vec());
    tables.insert(*b"cmap", character_table(characters)?);
    assemble(tables)
}

/// OpenType `cmap`: the basic plane in format 4, everything in format 12, under the platform and Windows ids
/// that readers look for in turn.
fn character_table(characters: &[(u32, u16)]) -> Option<Vec<u8>> {
    let basic = segments(characters.iter().copied().filter(|(code, _)| *code < 0xffff));
    let all = segments(characters.iter().copied());
    let narrow = format_4(&basic)?;
    let wide = format_12(&all)?;
    let header: u32 = 4 + 4 * 8;
    let wide_at = header.checked_add(u32::try_from(narrow.len()).ok()?)?;
    let mut table = Vec::new();
    table.extend_from_slice(&0_u16.to_be_bytes());
    table.extend_from_slice(&4_u16.to_be_bytes());
    for (platform, encoding, offset) in
        [(0_u16, 3_u16, header), (0, 4, wide_at), (3, 1, header), (3, 10, wide_at)]
    {
        table.extend_from_slice(&platform.to_be_bytes());
        table.extend_from_slice(&encoding.to_be_bytes());
        table.extend_from_slice(&offset.to_be_bytes());
    }
    table.extend(narrow);
    table.extend(wide);
    Some(table)
}

/// Consecutive characters with consecutive glyphs.
struct Run {
    first: u32,
    last: u32,
    glyph: u16,
}

fn segments(characters: impl Iterator<Item = (u32, u16)>) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (code, glyph) in characters {
        if let Some(run) = runs.last_mut()
            && run.last.checked_add(1) == Some(code)
            && u32::from(run.glyph) + (code - run.first) == u32::from(glyph)
        {
            run.last = code;
            continue;
        }
        runs.push(Run { first: code, last: code, glyph });
    }
    runs
}

fn format_4(runs: &[Run]) -> Option<Vec<u8>> {
    let mut ends = Vec::new();
    let mut starts = Vec::new();
    let mut deltas = Vec::new();
    for run in runs {
        let first = u16::try_from(run.first).ok()?;
        ends.push(u16::try_from(run.last).ok()?);
        starts.push(first);
        deltas.push(run.glyph.wrapping_sub(first));
    }
    ends.push(0xffff);
    starts.push(0xffff);
    deltas.push(1);

    let count = u16::try_from(ends.len()).ok()?;
    let length = count.checked_mul(8)?.checked_add(16)?;
    let (range, selector) = search(count);
    let doubled = count.checked_mul(2)?;
    let mut table = Vec::with_capacity(usize::from(length));
    for value in [4, length, 0, doubled, range.checked_mul(2)?, selector, doubled - range.checked_mul(2)?] {
        table.extend_from_slice(&value.to_be_bytes());
    }
    let zeros = vec![0_u16; ends.len()];
    for value in ends.iter().chain(&[0]).chain(&starts).chain(&deltas).chain(&zeros) {
        table.extend_from_slice(&value.to_be_bytes());
    }
    Some(table)
}

fn format_12(runs: &[Run]) -> Option<Vec<u8>> {
    let count = u32::try_from(runs.len()).ok()?;
    let mut table = Vec::new();
    table.extend_from_slice(&12_u16.to_be_bytes());
    table.extend_from_slice(&0_u16.to_be_bytes());
    table.extend_from_slice(&count.checked_mul(12)?.checked_add(16)?.to_be_bytes());
    table.extend_from_slice(&0_u32.to_be_bytes());
    table.extend_from_slice(&count.to_be_bytes());
    for run in runs {
        for value in [run.first, run.last, u32::from(run.glyph)] {
            table.extend_from_slice(&value.to_be_bytes());
        }
    }
    Some(table)
}

/// The largest power of two not above `count`, and its exponent.
fn search(count: u16) -> (u16, u16) {
    let exponent = count.checked_ilog2().unwrap_or(0);
    (1 << exponent, u16::try_from(exponent).unwrap_or(0))
}

/// A font file from its tables, with the checksums that strict readers test.
fn assemble(mut tables: BTreeMap<[u8; 4], Vec<u8>>) -> Option<Vec<u8>> {
    const CHECKSUM_MAGIC: u32 = 0xb1b0_afba;
    tables.get_mut(b"head")?.get_mut(8..12)?.fill(0);

    let count = u16::try_from(tables.len()).ok()?;
    let (range, selector) = search(count);
    let mut file = 0x0001_0000_u32.to_be_bytes().to_vec();
    for value in [count, range.checked_mul(16)?, selector, (count - range).checked_mul(16)?] {
        file.extend_from_slice(&value.to_be_bytes());
    }
    let mut offset = 12 + 16 * u32::from(count);
    let mut head_at = 0_usize;
    for (tag, content) in &tables {
        let length = u32::try_from(content.len()).ok()?;
        if tag == b"head" {
            head_at = usize::try_from(offset).ok()?;
        }
        file.extend_from_slice(tag);
        for value in [checksum(content), offset, length] {
            file.extend_from_slice(&value.to_be_bytes());
        }
        offset = offset.checked_add(length.checked_next_multiple_of(4)?)?;
    }
    for content in tables.values() {
        file.extend_from_slice(content);
        file.resize(file.len().next_multiple_of(4), 0);
    }
    let adjustment = CHECKSUM_MAGIC.wrapping_sub(checksum(&file));
    file.get_mut(head_at + 8..head_at + 12)?.copy_from_slice(&adjustment.to_be_bytes());
    Some(file)
}

fn checksum(bytes: &[u8]) -> u32 {
    bytes.chunks(4).fold(0, |sum, chunk| {
        let mut word = [0; 4];
        for (to, from) in word.iter_mut().zip(chunk) {
            *to = *from;
        }
        sum.wrapping_add(u32::from_be_bytes(word))
    })
}
