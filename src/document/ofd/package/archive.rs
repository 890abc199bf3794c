//! The zip archive around a package: written reproducibly, read with suspicion.

mod directory;
mod name;

use std::io::{Cursor, Write};

use flate2::{Crc, Decompress, FlushDecompress, Status};
use zip::result::ZipError;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, System, ZipWriter};

use self::directory::{Entry, Method};

/// Content that deflate cannot shrink: pictures, and the seal files, which consist of a picture.
const STORED_EXTENSIONS: [&str; 5] = ["png", "jpg", "jpeg", "esl", "dat"];

/// Below this size a high ratio is harmless, and short repetitive XML reaches it honestly.
const RATIO_COUNTS_FROM: u64 = 1 << 20;

/// What deflate adds to nothing.
const EMPTY_DEFLATED: usize = 2;

/// What a package from outside may cost us. All of it is known before the first byte is unpacked.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Of the archive.
    pub archive_bytes: usize,
    pub entries: usize,
    /// Unpacked bytes of one file.
    pub file_bytes: u64,
    /// Unpacked bytes of all files together.
    pub total_bytes: u64,
    /// Unpacked bytes per packed byte, for files of a mebibyte and more, and for archives that unpack to as much.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            archive_bytes: 64 << 20,
            entries: 4_096,
            file_bytes: 64 << 20,
            total_bytes: 256 << 20,
            ratio: 200,
        }
    }
}

/// Why a package cannot be zipped, or why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    #[error("the package cannot be zipped: {0}")]
    Zip(#[from] ZipError),
    #[error("the archive has {found} bytes, at most {limit} are allowed")]
    TooLong { found: usize, limit: usize },
    #[error(
        "not one zip archive: it must end with its end record and its directory must end there; other readers see \
         another archive"
    )]
    Ambiguous,
    #[error("the directory of the archive is damaged at entry {entry}")]
    Directory { entry: usize },
    #[error("bytes {from} to {to} of the archive belong to no entry")]
    Hidden { from: usize, to: usize },
    #[error("the archive has {found} entries, at most {limit} are allowed")]
    TooManyEntries { found: usize, limit: usize },
    #[error("entry `{name}`: {fault}", name = shown(name))]
    Entry { name: String, fault: EntryFault },
    #[error("the archive unpacks to more than {limit} bytes")]
    TooLarge { limit: u64 },
    #[error("the archive is packed more tightly than allowed")]
    Ratio,
}

/// A name from outside, fit to be shown.
fn shown(name: &str) -> String {
    name.chars()
        .take(128)
        .map(|letter| if name::is_invisible(letter) { '\u{fffd}' } else { letter })
        .collect()
}

/// What is wrong with one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    #[error("the name is not UTF-8, or not marked as such")]
    NotUtf8,
    #[error(
        "the name must be a relative path of at most 512 bytes without `..`, `.`, empty parts, backslashes, colons, \
         invisible characters, and dots or blanks at the end of a part"
    )]
    UnsafePath,
    #[error("another entry has the same name (letter case and the composition of characters aside)")]
    Duplicate,
    #[error("it is both a file and a folder")]
    FileAsFolder,
    #[error("it is a symbolic link")]
    SymbolicLink,
    #[error("it is a device, a pipe or a socket")]
    SpecialFile,
    #[error("it is encrypted")]
    Encrypted,
    #[error("it has a comment, lies on another disk, or has flags that are not understood")]
    Flags,
    #[error("it claims sizes that only ZIP64 can say")]
    Zip64,
    #[error("its extra fields are too long, damaged, or give it another name")]
    ExtraField,
    #[error("the directory and the header before its data say different things")]
    Headers,
    #[error("its data overlap another entry's, or the directory")]
    Overlap,
    #[error("its compression method is neither stored nor deflated")]
    Method,
    #[error("it is a folder with content")]
    FolderWithContent,
    #[error("it unpacks to more bytes than allowed")]
    TooLarge,
    #[error("it is packed more tightly than allowed")]
    Ratio,
    #[error("its content does not unpack to the declared size and checksum, all of it and nothing behind")]
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
    if bytes.len() > limits.archive_bytes {
        return Err(PackageError::TooLong { found: bytes.len(), limit: limits.archive_bytes });
    }
    let entries = directory::read(bytes, limits.entries)?;
    within(&entries, limits)?;
    let files = entries.iter().filter(|entry| !entry.is_folder());
    files
        .map(|entry| {
            let refused = || refuse(entry, EntryFault::Content);
            Ok((entry.name.to_owned(), unpack(entry).ok_or_else(refused)?))
        })
        .collect()
}

fn refuse(entry: &Entry<'_>, fault: EntryFault) -> PackageError {
    PackageError::Entry { name: entry.name.to_owned(), fault }
}

/// Compares what the entries declare with the limits. Unpacking holds them to what they declare.
fn within(entries: &[Entry<'_>], limits: &Limits) -> Result<(), PackageError> {
    let bytes = |length: usize| u64::try_from(length).unwrap_or(u64::MAX);
    let too_tight =
        |packed: u64, unpacked: u64| unpacked >= RATIO_COUNTS_FROM && unpacked / packed.max(1) > limits.ratio;
    let (mut packed, mut unpacked) = (0_u64, 0_u64);
    for entry in entries {
        let (from, to) = (bytes(entry.data.len()), u64::from(entry.size));
        let fault = match entry.method {
            _ if entry.is_folder() && (to > 0 || entry.data.len() > EMPTY_DEFLATED) => {
                Some(EntryFault::FolderWithContent)
            }
            _ if to > limits.file_bytes => Some(EntryFault::TooLarge),
            _ if too_tight(from, to) => Some(EntryFault::Ratio),
            Method::Stored if from != to => Some(EntryFault::Content),
            Method::Stored | Method::Deflated => None,
        };
        if let Some(fault) = fault {
            return Err(refuse(entry, fault));
        }
        packed = packed.saturating_add(from);
        unpacked = unpacked.saturating_add(to);
    }
    if unpacked > limits.total_bytes {
        return Err(PackageError::TooLarge { limit: limits.total_bytes });
    }
    if too_tight(packed, unpacked) { Err(PackageError::Ratio) } else { Ok(()) }
}

/// The content, if the data are exactly that and have the checksum.
fn unpack(entry: &Entry<'_>) -> Option<Vec<u8>> {
    let size = usize::try_from(entry.size).ok()?;
    let content = match entry.method {
        Method::Stored => entry.data.to_vec(),
        Method::Deflated => {
            // One byte more than declared, so that a longer content shows.
            let mut content = Vec::with_capacity(size.checked_add(1)?);
            let mut inflater = Decompress::new(false);
            let status = inflater.decompress_vec(entry.data, &mut content, FlushDecompress::Finish).ok()?;
            let all = usize::try_from(inflater.total_in()) == Ok(entry.data.len());
            (status == Status::StreamEnd && all).then_some(content)?
        }
    };
    let mut checksum = Crc::new();
    checksum.update(&content);
    (content.len() == size && checksum.sum() == entry.checksum).then_some(content)
}

#[cfg(test)]
mod tests;
