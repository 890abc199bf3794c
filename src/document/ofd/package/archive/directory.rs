//! Where a zip archive says that its entries lie (PKWARE APPNOTE 6.3.10), twice: in the directory at its end and in a
//! header before each entry. Both must say the same, and the entries must fill the archive without gap or overlap:
//! programs differ in which of the two they believe, and in what they make of bytes between.

use super::name::Names;
use super::{EntryFault, PackageError};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
const END: u32 = 0x0605_4b50;

/// The fixed part of the record that ends an archive.
const END_LENGTH: usize = 22;

/// General purpose flags (4.4.4).
mod flag {
    /// Encrypted, strongly encrypted, or with masked headers.
    pub(super) const SECRET: u16 = 1 | 1 << 6 | 1 << 13;
    /// Sizes and checksum stand behind the data.
    pub(super) const DESCRIPTOR: u16 = 1 << 3;
    pub(super) const UTF_8: u16 = 1 << 11;
    /// The above that are allowed, and how hard the packer tried.
    pub(super) const ALLOWED: u16 = DESCRIPTOR | UTF_8 | 0b110;
}

/// Extra fields (4.5, 4.6).
mod extra {
    pub(super) const ZIP64: u16 = 0x0001;
    pub(super) const STRONG_ENCRYPTION: u16 = 0x0017;
    /// The name once more, which some programs prefer.
    pub(super) const UNICODE_PATH: u16 = 0x7075;
    pub(super) const AES: u16 = 0x9901;
}

/// Times, owners and the like take less; what is longer hides something.
const LONGEST_EXTRA: usize = 512;

/// How an entry is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Stored,
    Deflated,
}

/// An entry that both places describe alike.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    pub(super) name: &'a str,
    pub(super) method: Method,
    /// As packed.
    pub(super) data: &'a [u8],
    /// Unpacked, as declared.
    pub(super) size: u32,
    pub(super) checksum: u32,
}

impl Entry<'_> {
    pub(super) fn is_folder(&self) -> bool {
        self.name.ends_with('/')
    }
}

/// What both headers have in the same order.
#[derive(Clone, Copy, Debug)]
struct Header {
    flags: u16,
    method: u16,
    checksum: u32,
    packed: u32,
    size: u32,
    name: u16,
    extra: u16,
}

/// One line of the directory.
struct Line<'a> {
    header: Header,
    name: &'a [u8],
    /// Where its local header begins.
    offset: usize,
}

/// Reads the entries in the directory's order. Nothing is unpacked, and no more is allocated than the directory has.
pub(super) fn read(bytes: &[u8], most_entries: usize) -> Result<Vec<Entry<'_>>, PackageError> {
    let end = EndRecord::find(bytes).ok_or(PackageError::Ambiguous)?;
    if end.entries > most_entries {
        return Err(PackageError::TooManyEntries { found: end.entries, limit: most_entries });
    }
    let (before, directory) = bytes.split_at_checked(end.directory).ok_or(PackageError::Ambiguous)?;
    let mut directory = Cursor(directory.get(..end.length).ok_or(PackageError::Ambiguous)?);
    let (mut lines, mut names) = (Vec::with_capacity(end.entries), Names::default());
    for number in 1..=end.entries {
        let line = Line::read(&mut directory).ok_or(PackageError::Directory { entry: number })?;
        let line = line.map_err(|(name, fault)| named(name, fault))?;
        let name = line.text().map_err(|fault| named(line.name, fault))?;
        names.add(name).map_err(|fault| named(line.name, fault))?;
        lines.push((line, name));
    }
    if !directory.0.is_empty() {
        return Err(PackageError::Ambiguous);
    }
    locate(before, lines)
}

fn named(name: &[u8], fault: EntryFault) -> PackageError {
    PackageError::Entry { name: String::from_utf8_lossy(name).into_owned(), fault }
}

/// Finds the data of each entry. In the order of the file, each begins where the one before ends.
fn locate<'a>(bytes: &'a [u8], lines: Vec<(Line<'a>, &'a str)>) -> Result<Vec<Entry<'a>>, PackageError> {
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|index| lines.get(*index).map(|(line, _)| line.offset));
    let starts: Vec<usize> = order.iter().filter_map(|index| Some(lines.get(*index)?.0.offset)).collect();
    let mut found: Vec<(usize, Entry<'a>)> = Vec::with_capacity(lines.len());
    let mut free = 0;
    for (index, next) in order.iter().zip(starts.iter().skip(1).copied().chain([bytes.len()])) {
        let Some((line, name)) = lines.get(*index) else { continue };
        if line.offset > free {
            return Err(PackageError::Hidden { from: free, to: line.offset });
        }
        let fault = |fault| named(line.name, fault);
        if line.offset < free || next <= line.offset || next > bytes.len() {
            return Err(fault(EntryFault::Overlap));
        }
        let local = bytes.get(line.offset..next).ok_or_else(|| fault(EntryFault::Overlap))?;
        let (entry, length) = line.entry(local, name).map_err(fault)?;
        free = line.offset.saturating_add(length);
        found.push((*index, entry));
    }
    if free < bytes.len() {
        return Err(PackageError::Hidden { from: free, to: bytes.len() });
    }
    found.sort_by_key(|(index, _)| *index);
    Ok(found.into_iter().map(|(_, entry)| entry).collect())
}

impl Header {
    fn read(bytes: &mut Cursor<'_>) -> Option<Self> {
        bytes.two()?;
        let (flags, method) = (bytes.two()?, bytes.two()?);
        bytes.four()?;
        let (checksum, packed, size) = (bytes.four()?, bytes.four()?, bytes.four()?);
        Some(Self { flags, method, checksum, packed, size, name: bytes.two()?, extra: bytes.two()? })
    }

    /// Whether the header before the data says the same. Who wrote it may not have known sizes and checksum yet.
    fn agrees(&self, local: &Self) -> bool {
        let numbers = |header: &Self| [header.checksum, header.packed, header.size];
        let unknown = self.flags & flag::DESCRIPTOR != 0 && numbers(local) == [0; 3];
        (local.flags, local.method, local.name) == (self.flags, self.method, self.name)
            && (unknown || numbers(local) == numbers(self))
    }
}

impl<'a> Line<'a> {
    /// `None` where the directory does not go on as one. A fault comes with the entry's name.
    fn read(bytes: &mut Cursor<'a>) -> Option<Result<Self, (&'a [u8], EntryFault)>> {
        (bytes.four()? == CENTRAL).then_some(())?;
        bytes.two()?;
        let header = Header::read(bytes)?;
        let (comment, disk) = (bytes.two()?, bytes.two()?);
        bytes.two()?;
        let attributes = bytes.four()?;
        let offset = bytes.four()?;
        let name = bytes.take(header.name.into())?;
        let extra = bytes.take(header.extra.into())?;
        bytes.take(comment.into())?;
        let beyond = [header.packed, header.size, offset].contains(&u32::MAX) || disk == u16::MAX;
        let fault = if header.flags & flag::SECRET != 0 {
            Some(EntryFault::Encrypted)
        } else if header.flags & !flag::ALLOWED != 0 {
            Some(EntryFault::Flags)
        } else if beyond {
            Some(EntryFault::Zip64)
        } else if comment > 0 || disk > 0 {
            Some(EntryFault::Flags)
        } else {
            kind(name.ends_with(b"/"), attributes).or_else(|| extra_fault(extra, name))
        };
        let line = usize::try_from(offset).map(|offset| Self { header, name, offset });
        Some(match (fault, line) {
            (None, Ok(line)) => Ok(line),
            (fault, _) => Err((name, fault.unwrap_or(EntryFault::Overlap))),
        })
    }

    /// Without the flag the name is in whichever character set a reader thinks of.
    fn text(&self) -> Result<&'a str, EntryFault> {
        let marked = self.header.flags & flag::UTF_8 != 0 || self.name.is_ascii();
        std::str::from_utf8(self.name).ok().filter(|_| marked).ok_or(EntryFault::NotUtf8)
    }

    /// The entry, and how many bytes it takes. `local` reaches to where the next begins.
    fn entry(&self, local: &'a [u8], name: &'a str) -> Result<(Entry<'a>, usize), EntryFault> {
        let mut bytes = Cursor(local);
        let header = (bytes.four() == Some(LOCAL)).then(|| Header::read(&mut bytes)).flatten();
        let header = header.filter(|header| self.header.agrees(header)).ok_or(EntryFault::Headers)?;
        if bytes.take(header.name.into()) != Some(self.name) {
            return Err(EntryFault::Headers);
        }
        let extra = bytes.take(header.extra.into()).ok_or(EntryFault::Headers)?;
        extra_fault(extra, self.name).map_or(Ok(()), Err)?;
        let packed = usize::try_from(self.header.packed).map_err(|_| EntryFault::Overlap)?;
        let data = bytes.take(packed).ok_or(EntryFault::Overlap)?;
        if self.header.flags & flag::DESCRIPTOR != 0 {
            self.descriptor(&mut bytes).ok_or(EntryFault::Headers)?;
        }
        let method = match self.header.method {
            0 => Method::Stored,
            8 => Method::Deflated,
            _ => return Err(EntryFault::Method),
        };
        let Header { size, checksum, .. } = self.header;
        Ok((Entry { name, method, data, size, checksum }, local.len().saturating_sub(bytes.0.len())))
    }

    /// Passes sizes and checksum behind the data, which many programs begin with a signature and some do not.
    fn descriptor(&self, bytes: &mut Cursor<'_>) -> Option<()> {
        let Header { checksum, packed, size, .. } = self.header;
        let expected = [checksum, packed, size];
        let mut signed = Cursor(bytes.0);
        let is_signed = signed.four() == Some(DESCRIPTOR);
        for mut candidate in [is_signed.then_some(signed), Some(Cursor(bytes.0))].into_iter().flatten() {
            let found = [candidate.four(), candidate.four(), candidate.four()];
            if found == expected.map(Some) {
                *bytes = candidate;
                return Some(());
            }
        }
        None
    }
}

/// What the attributes of a Unix system (the upper half) and of MS-DOS say against a plain file or folder.
fn kind(folder: bool, attributes: u32) -> Option<EntryFault> {
    const KIND: u32 = 0o170_000;
    let is_dos_folder = attributes & 0x10 != 0;
    match (attributes >> 16) & KIND {
        0o120_000 => Some(EntryFault::SymbolicLink),
        0o040_000 if folder => None,
        0o100_000 if !folder && !is_dos_folder => None,
        0 if folder || !is_dos_folder => None,
        0 | 0o040_000 | 0o100_000 => Some(EntryFault::FileAsFolder),
        _ => Some(EntryFault::SpecialFile),
    }
}

/// What is wrong with the extra fields of an entry.
fn extra_fault(bytes: &[u8], name: &[u8]) -> Option<EntryFault> {
    if bytes.len() > LONGEST_EXTRA {
        return Some(EntryFault::ExtraField);
    }
    let mut fields = Cursor(bytes);
    while !fields.0.is_empty() {
        let field = fields.two().zip(fields.two());
        let Some((kind, content)) =
            field.and_then(|(kind, length)| Some((kind, fields.take(length.into())?)))
        else {
            return Some(EntryFault::ExtraField);
        };
        match kind {
            extra::ZIP64 => return Some(EntryFault::Zip64),
            extra::STRONG_ENCRYPTION | extra::AES => return Some(EntryFault::Encrypted),
            // A version and a checksum come first.
            extra::UNICODE_PATH if content.get(5..) != Some(name) => return Some(EntryFault::ExtraField),
            _ => {}
        }
    }
    None
}

/// What the last 22 bytes say: an archive with a comment, with trailing bytes, of several disks or with more than 65,534
/// entries is not a package.
struct EndRecord {
    entries: usize,
    directory: usize,
    length: usize,
}

impl EndRecord {
    fn find(bytes: &[u8]) -> Option<Self> {
        let (body, record) = bytes.split_at_checked(bytes.len().checked_sub(END_LENGTH)?)?;
        let mut record = Cursor(record);
        (record.four()? == END && record.four()? == 0).then_some(())?;
        let (on_this_disk, entries) = (record.two()?, record.two()?);
        let length = usize::try_from(record.four()?).ok()?;
        let directory = usize::try_from(record.four()?).ok()?;
        let whole = on_this_disk == entries && entries < u16::MAX && record.two()? == 0;
        let ends_here = directory.checked_add(length)? == body.len();
        (whole && ends_here).then_some(Self { entries: entries.into(), directory, length })
    }
}

/// Little-endian numbers, one after the other.
#[derive(Clone, Copy)]
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn two(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(*self.take(2)?.first_chunk()?))
    }

    fn four(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(*self.take(4)?.first_chunk()?))
    }
}
