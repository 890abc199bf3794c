//! The zip archive around a package: written reproducibly, read with suspicion.

use std::collections::HashSet;
use std::io::{Cursor, Read, Write};

use zip::read::{ArchiveOffset, Config};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipArchive, ZipWriter};

/// Content that deflate cannot shrink: pictures, and the seal files, which consist of a picture.
const STORED_EXTENSIONS: [&str; 5] = ["png", "jpg", "jpeg", "esl", "dat"];

/// The fixed part of the record that ends a zip archive.
const END_RECORD_LENGTH: usize = 22;
const END_RECORD_SIGNATURE: &[u8] = b"PK\x05\x06";

/// Below this size a high ratio is harmless, and short repetitive XML reaches it honestly.
const RATIO_COUNTS_FROM: u64 = 1 << 20;

/// What a package from outside may cost us.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    pub entries: usize,
    /// Unpacked bytes of one file.
    pub file_bytes: u64,
    /// Unpacked bytes of all files together.
    pub total_bytes: u64,
    /// Unpacked bytes per packed byte, for files of a mebibyte and more.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 4_096, file_bytes: 64 << 20, total_bytes: 256 << 20, ratio: 200 }
    }
}

/// Why a package cannot be zipped, or why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("not a usable zip archive: {0}")]
    Zip(#[from] ZipError),
    #[error(
        "the archive must end with its end record and its directory must end there; other readers see another archive"
    )]
    Ambiguous,
    #[error("the archive has {found} entries, at most {limit} are allowed")]
    TooManyEntries { found: usize, limit: usize },
    #[error("entry `{name}`: {fault}")]
    Entry { name: String, fault: EntryFault },
    #[error("the archive unpacks to more than {limit} bytes")]
    TooLarge { limit: u64 },
}

/// What is wrong with one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    #[error("the name is not UTF-8")]
    NotUtf8,
    #[error(
        "the name must be a relative path without `..`, `.`, empty parts, backslashes, colons or control characters"
    )]
    UnsafePath,
    #[error("another entry has the same name (letter case aside)")]
    Duplicate,
    #[error("it is a symbolic link")]
    SymbolicLink,
    #[error("it is encrypted")]
    Encrypted,
    #[error("its compression method is neither stored nor deflated")]
    Method,
    #[error("it is a folder with content")]
    FolderWithContent,
    #[error("it unpacks to more bytes than allowed")]
    TooLarge,
    #[error("it is packed more tightly than allowed")]
    Ratio,
    #[error("its content does not unpack to the declared size and checksum")]
    Content,
}

pub(super) fn write(files: &[(String, Vec<u8>)]) -> Result<Vec<u8>, PackageError> {
    let plain = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .last_modified_time(DateTime::default())
        .system(System::Unix)
        .unix_permissions(0o644);
    let capacity = files.iter().map(|(path, bytes)| bytes.len() + 2 * path.len() + 128).sum();
    let mut archive = ZipWriter::new(Cursor::new(Vec::with_capacity(capacity)));
    for (path, bytes) in files {
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        let stored = STORED_EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known));
        let options = if stored { plain.compression_method(CompressionMethod::Stored) } else { plain };
        archive.start_file(path.as_str(), options)?;
        archive.write_all(bytes).map_err(ZipError::Io)?;
    }
    Ok(archive.finish()?.into_inner())
}

pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Vec<(String, Vec<u8>)>, PackageError> {
    // The number of entries is checked before the directory is read into memory.
    let end = EndRecord::find(bytes).ok_or(PackageError::Ambiguous)?;
    if end.entries > limits.entries {
        return Err(PackageError::TooManyEntries { found: end.entries, limit: limits.entries });
    }
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(config, Cursor::new(bytes))?;
    let same_directory =
        u64::try_from(end.directory).is_ok_and(|start| start == archive.central_directory_start());
    // Duplicates are the one reason for which the archive may know fewer entries than the record declares.
    if !same_directory || (archive.len() != end.entries && !archive.has_duplicate_names()) {
        return Err(PackageError::Ambiguous);
    }
    archive.validate_header_consistency()?;

    let mut files = Vec::with_capacity(archive.len());
    let mut names = HashSet::with_capacity(archive.len());
    let mut remaining = limits.total_bytes;
    for index in 0..archive.len() {
        let entry = archive.by_index_raw(index)?;
        let name = match std::str::from_utf8(entry.name_raw()) {
            Ok(name) => name.to_owned(),
            Err(_) => {
                let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
                return Err(PackageError::Entry { name, fault: EntryFault::NotUtf8 });
            }
        };
        let refuse = |fault| PackageError::Entry { name: name.clone(), fault };
        let folder = name.ends_with('/');
        if !is_safe(name.strip_suffix('/').unwrap_or(&name)) {
            return Err(refuse(EntryFault::UnsafePath));
        }
        if !names.insert(name.to_lowercase()) {
            return Err(refuse(EntryFault::Duplicate));
        }
        let (packed, unpacked) = (entry.compressed_size(), entry.size());
        let fault = match entry.compression() {
            _ if entry.encrypted() => Some(EntryFault::Encrypted),
            _ if entry.is_symlink() => Some(EntryFault::SymbolicLink),
            _ if folder && unpacked > 0 => Some(EntryFault::FolderWithContent),
            _ if unpacked > limits.file_bytes => Some(EntryFault::TooLarge),
            _ if unpacked >= RATIO_COUNTS_FROM && unpacked / packed.max(1) > limits.ratio => {
                Some(EntryFault::Ratio)
            }
            CompressionMethod::Stored | CompressionMethod::Deflated => None,
            _ => Some(EntryFault::Method),
        };
        if let Some(fault) = fault {
            return Err(refuse(fault));
        }
        remaining =
            remaining.checked_sub(unpacked).ok_or(PackageError::TooLarge { limit: limits.total_bytes })?;
        drop(entry);
        if !folder {
            let content = unpack(&mut archive, index, unpacked).map_err(|_| refuse(EntryFault::Content))?;
            files.push((name, content));
        }
    }
    Ok(files)
}

/// Inflates one entry to exactly the size it declares; the zip crate compares the checksum at the end of the data.
fn unpack(archive: &mut ZipArchive<Cursor<&[u8]>>, index: usize, size: u64) -> Result<Vec<u8>, ZipError> {
    let wrong_size = || ZipError::InvalidArchive("declared size and content differ".into());
    let capacity = usize::try_from(size).map_err(|_| wrong_size())?;
    let mut content = Vec::with_capacity(capacity);
    let mut entry = archive.by_index(index)?.take(size.saturating_add(1));
    entry.read_to_end(&mut content)?;
    if content.len() == capacity { Ok(content) } else { Err(wrong_size()) }
}

/// Whether a path stays inside the package on every system and in every reader.
fn is_safe(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !path.chars().any(|character| matches!(character, '\\' | ':') || character.is_control())
}

/// What the last 22 bytes say: an archive with a comment, with trailing bytes or with more than 65,534 entries is not
/// a package.
struct EndRecord {
    entries: usize,
    directory: usize,
}

impl EndRecord {
    fn find(bytes: &[u8]) -> Option<Self> {
        let (body, record) = bytes.split_at_checked(bytes.len().checked_sub(END_RECORD_LENGTH)?)?;
        let two = |at: usize| -> Option<u16> { Some(u16::from_le_bytes(*record.get(at..)?.first_chunk()?)) };
        let four = |at: usize| -> Option<u32> { Some(u32::from_le_bytes(*record.get(at..)?.first_chunk()?)) };
        let entries = usize::from(two(10)?);
        let size = usize::try_from(four(12)?).ok()?;
        let directory = usize::try_from(four(16)?).ok()?;
        let whole =
            record.starts_with(END_RECORD_SIGNATURE) && four(4)? == 0 && two(8)? == two(10)? && two(20)? == 0;
        let ends_here = directory.checked_add(size)? == body.len();
        (whole && ends_here && entries < 0xFFFF).then_some(Self { entries, directory })
    }
}

#[cfg(test)]
mod tests;
