//! Reading the structure of PDF files that anybody may have made.

use lopdf::{Document, LoadOptions};

use super::MAGIC;

/// A letter is a few hundred kilobytes; scanned annexes may make it some megabytes.
const LARGEST: usize = 64 << 20;
/// What one compressed stream of the structure may unpack to.
const LARGEST_STREAM: usize = 16 << 20;
/// The parser descends a hundred levels into nested values, which takes more than an ordinary thread's stack.
const STACK: usize = 16 << 20;

/// Why the structure of a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("expected `%PDF-` at the beginning")]
    Magic,
    #[error("expected at most {LARGEST} bytes, found {0}")]
    TooLarge(usize),
    #[error("the file is encrypted")]
    Encrypted,
    #[error("the structure is damaged: {0}")]
    Damaged(#[from] lopdf::Error),
    #[error("the parser gave up on the structure")]
    Panicked,
    #[error("no thread for the parser: {0}")]
    Thread(#[from] std::io::Error),
}

/// Reads the objects of the newest revision. What the parser does not survive is an error like any other: it was not
/// written for hostile files, and runs in a thread of its own.
pub fn read(bytes: &[u8]) -> Result<Document, Unreadable> {
    if !bytes.starts_with(MAGIC) {
        return Err(Unreadable::Magic);
    }
    if bytes.len() > LARGEST {
        return Err(Unreadable::TooLarge(bytes.len()));
    }
    let document = std::thread::scope(|scope| {
        let load = || {
            Document::load_mem_with_options(bytes, LoadOptions::with_max_decompressed_size(LARGEST_STREAM))
        };
        let parser = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, load)?;
        parser.join().map_err(|_| Unreadable::Panicked)?.map_err(Unreadable::from)
    })?;
    if document.trailer.has(b"Encrypt") || document.encryption_state.is_some() {
        return Err(Unreadable::Encrypted);
    }
    Ok(document)
}
