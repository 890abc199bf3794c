//! An incremental update (ISO 32000-1, 7.5.6): objects behind the end of a file, and a cross-reference section of the
//! kind that the file has already.

use std::collections::BTreeMap;
use std::io::Write;

use anyhow::Context;
use lopdf::xref::XrefType;
use lopdf::{Dictionary, Document, Object, ObjectId};

/// What may not stand in a name as it is (7.2.2, 7.3.5).
const DELIMITERS: &[u8] = b"()<>[]{}/%#";

/// A file in the process of being extended.
pub struct Update {
    bytes: Vec<u8>,
    /// The file as it was.
    document: Document,
    next: u32,
    /// Generation and offset of each object written, by number.
    written: BTreeMap<u32, (u16, usize)>,
}

impl Update {
    /// `document` is the structure of `bytes`.
    pub fn new(mut bytes: Vec<u8>, document: Document) -> anyhow::Result<Self> {
        let size = document.trailer.get(b"Size").and_then(Object::as_i64).unwrap_or(0);
        let next = document.max_id.checked_add(1).context("no object number is left")?;
        let next = next.max(u32::try_from(size).context("expected a cross-reference table of another size")?);
        if bytes.last() != Some(&b'\n') {
            bytes.push(b'\n');
        }
        Ok(Self { bytes, document, next, written: BTreeMap::new() })
    }

    pub fn document(&self) -> &Document {
        &self.document
    }

    /// A number for a new object.
    pub fn allocate(&mut self) -> anyhow::Result<ObjectId> {
        let id = self.next;
        self.next = id.checked_add(1).context("no object number is left")?;
        Ok((id, 0))
    }

    /// Writes an object whose text is at hand.
    pub fn put_text(&mut self, id: ObjectId, text: &str) -> anyhow::Result<()> {
        self.put_bytes(id, text.as_bytes()).map(drop)
    }

    /// Writes an object whose bytes are at hand, and says where in the file they begin.
    pub fn put_bytes(&mut self, id: ObjectId, bytes: &[u8]) -> anyhow::Result<usize> {
        self.begin(id)?;
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.end();
        Ok(start)
    }

    /// Writes a stream; `dictionary` is the text of its entries without `Length`.
    pub fn put_stream(&mut self, id: ObjectId, dictionary: &str, content: &[u8]) -> anyhow::Result<()> {
        self.begin(id)?;
        write!(self.bytes, "<< {dictionary} /Length {} >>\nstream\n", content.len())?;
        self.bytes.extend_from_slice(content);
        self.bytes.extend_from_slice(b"\nendstream");
        self.end();
        Ok(())
    }

    /// Writes the new state of an object, or a new one.
    pub fn put(&mut self, id: ObjectId, object: &Object) -> anyhow::Result<()> {
        self.begin(id)?;
        write_object(&mut self.bytes, object)?;
        self.end();
        Ok(())
    }

    fn begin(&mut self, (number, generation): ObjectId) -> anyhow::Result<()> {
        self.written.insert(number, (generation, self.bytes.len()));
        Ok(writeln!(self.bytes, "{number} {generation} obj")?)
    }

    fn end(&mut self) {
        self.bytes.extend_from_slice(b"\nendobj\n");
    }

    /// Writes the cross-reference section and hands the file back. `revision` tells this state of the file from others.
    pub fn finish(mut self, revision: &[u8; 16]) -> anyhow::Result<Vec<u8>> {
        let mut trailer = Dictionary::new();
        for key in ["Root", "Info"] {
            if let Ok(value) = self.document.trailer.get(key.as_bytes()) {
                trailer.set(key, value.clone());
            }
        }
        // The first identifier stays for the life of the document, the second changes with it (14.4).
        if let Ok([first, _]) = self.document.trailer.get(b"ID").and_then(Object::as_array).map(Vec::as_slice)
        {
            let second = Object::String(revision.to_vec(), lopdf::StringFormat::Hexadecimal);
            trailer.set("ID", vec![first.clone(), second]);
        }
        trailer.set("Prev", i64::try_from(self.document.xref_start)?);
        let start = match self.document.reference_table.cross_reference_type {
            XrefType::CrossReferenceTable => self.write_table(trailer)?,
            XrefType::CrossReferenceStream => self.write_stream(trailer)?,
        };
        write!(self.bytes, "startxref\n{start}\n%%EOF\n")?;
        Ok(self.bytes)
    }

    fn write_table(&mut self, mut trailer: Dictionary) -> anyhow::Result<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(b"xref\n");
        for (first, entries) in sections(&self.written) {
            writeln!(self.bytes, "{first} {}", entries.len())?;
            for (generation, offset) in entries {
                write!(self.bytes, "{offset:010} {generation:05} n\r\n")?;
            }
        }
        trailer.set("Size", i64::from(self.next));
        self.bytes.extend_from_slice(b"trailer\n");
        write_object(&mut self.bytes, &Object::Dictionary(trailer))?;
        self.bytes.push(b'\n');
        Ok(start)
    }

    /// The stream is an object too and lists itself (7.5.8).
    fn write_stream(&mut self, mut trailer: Dictionary) -> anyhow::Result<usize> {
        let (number, _) = self.allocate()?;
        let start = self.bytes.len();
        self.written.insert(number, (0, start));
        let (mut rows, mut index) = (Vec::new(), Vec::new());
        for (first, entries) in sections(&self.written) {
            index.extend([Object::from(i64::from(first)), Object::from(i64::try_from(entries.len())?)]);
            for (generation, offset) in entries {
                rows.push(1);
                rows.extend(u32::try_from(offset)?.to_be_bytes());
                rows.extend(generation.to_be_bytes());
            }
        }
        trailer.set("Type", Object::Name(b"XRef".to_vec()));
        trailer.set("Size", i64::from(self.next));
        trailer.set("W", vec![Object::from(1), Object::from(4), Object::from(2)]);
        trailer.set("Index", index);
        trailer.set("Length", i64::try_from(rows.len())?);
        writeln!(self.bytes, "{number} 0 obj")?;
        write_object(&mut self.bytes, &Object::Dictionary(trailer))?;
        self.bytes.extend_from_slice(b"\nstream\n");
        self.bytes.extend_from_slice(&rows);
        self.bytes.extend_from_slice(b"\nendstream");
        self.end();
        Ok(start)
    }
}

/// Runs of consecutive numbers, each with its first.
fn sections(written: &BTreeMap<u32, (u16, usize)>) -> Vec<(u32, Vec<(u16, usize)>)> {
    let mut sections: Vec<(u32, Vec<(u16, usize)>)> = Vec::new();
    let mut expected = None;
    for (number, entry) in written {
        match sections.last_mut() {
            Some((_, entries)) if expected == Some(*number) => entries.push(*entry),
            _ => sections.push((*number, vec![*entry])),
        }
        expected = number.checked_add(1);
    }
    sections
}

/// Writes an object as it may stand anywhere in a file (7.3). A stream is written with its dictionary as it is, whose
/// `Length` is right.
fn write_object(out: &mut Vec<u8>, object: &Object) -> anyhow::Result<()> {
    match object {
        Object::Null => out.extend_from_slice(b"null"),
        Object::Boolean(value) => write!(out, "{value}")?,
        Object::Integer(value) => write!(out, "{value}")?,
        Object::Real(value) => write!(out, "{value}")?,
        Object::Name(name) => write_name(out, name)?,
        Object::String(bytes, _) => write!(out, "<{}>", hex::encode_upper(bytes))?,
        Object::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b' ');
                }
                write_object(out, item)?;
            }
            out.push(b']');
        }
        Object::Dictionary(dictionary) => write_dictionary(out, dictionary)?,
        Object::Stream(stream) => {
            write_dictionary(out, &stream.dict)?;
            out.extend_from_slice(b"\nstream\n");
            out.extend_from_slice(&stream.content);
            out.extend_from_slice(b"\nendstream");
        }
        Object::Reference((number, generation)) => write!(out, "{number} {generation} R")?,
    }
    Ok(())
}

fn write_dictionary(out: &mut Vec<u8>, dictionary: &Dictionary) -> anyhow::Result<()> {
    out.extend_from_slice(b"<<");
    for (key, value) in dictionary.iter() {
        write_name(out, key)?;
        out.push(b' ');
        write_object(out, value)?;
    }
    out.extend_from_slice(b">>");
    Ok(())
}

/// A name, with `#` and two digits for what may not stand in it (7.3.5).
pub fn write_name(out: &mut Vec<u8>, name: &[u8]) -> anyhow::Result<()> {
    out.push(b'/');
    for byte in name {
        if byte.is_ascii_graphic() && !DELIMITERS.contains(byte) {
            out.push(*byte);
        } else {
            write!(out, "#{byte:02X}")?;
        }
    }
    Ok(())
}
