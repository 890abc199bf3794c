//! Reading the structure of PDF files that anybody may have made.

use lopdf::{Document, LoadOptions};

use super::MAGIC;

/// A letter is a few hundred kilobytes; scanned annexes may make it some megabytes.
const LARGEST: usize = 64 << 20;
/// What one compressed stream of the structure may unpack to, where there are few streams.
const LARGEST_STREAM: usize = 16 << 20;
/// What all of them may unpack to together. Any stream may claim to be one of the structure.
const UNPACKED: usize = 256 << 20;
/// More streams than a letter of hundreds of pages has.
const MOST_STREAMS: usize = 8_192;
/// The parser descends a hundred levels into nested values, which takes more than an ordinary thread's stack.
const STACK: usize = 16 << 20;

/// Why the structure of a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("expected `%PDF-` at the beginning")]
    Magic,
    #[error("expected at most {LARGEST} bytes, found {0}")]
    TooLarge(usize),
    #[error("expected at most {MOST_STREAMS} streams, found {0}")]
    Streams(usize),
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
    let streams = streams(bytes);
    if streams > MOST_STREAMS {
        return Err(Unreadable::Streams(streams));
    }
    let largest = largest_of(streams);
    let document = std::thread::scope(|scope| {
        let load =
            || Document::load_mem_with_options(bytes, LoadOptions::with_max_decompressed_size(largest));
        let parser = std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, load)?;
        parser.join().map_err(|_| Unreadable::Panicked)?.map_err(Unreadable::from)
    })?;
    if document.trailer.has(b"Encrypt") || document.encryption_state.is_some() {
        return Err(Unreadable::Encrypted);
    }
    Ok(document)
}

/// What each of so many streams may unpack to.
fn largest_of(streams: usize) -> usize {
    LARGEST_STREAM.min(UNPACKED / streams.max(1))
}

/// How many streams there are at most: none begins without the keyword (ISO 32000-1, 7.3.8), and its end bears it too.
fn streams(bytes: &[u8]) -> usize {
    const KEYWORD: &[u8] = b"stream";
    let mut count = 0;
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|byte| *byte == b's') {
        let found = rest.get(at..).unwrap_or_default();
        if found.starts_with(KEYWORD) && !rest.get(..at).is_some_and(|before| before.ends_with(b"end")) {
            count += 1;
        }
        rest = found.get(1..).unwrap_or_default();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_streams_there_are_they_unpack_to_no_more_together() {
        for streams in [0, 1, 15, 16, 17, 1_000, MOST_STREAMS] {
            assert!(largest_of(streams) * streams <= UNPACKED, "{streams}");
        }
        assert_eq!((largest_of(3), largest_of(MOST_STREAMS)), (LARGEST_STREAM, 32 << 10));
        assert_eq!(streams(b"stream endstream sstream\nend stream restreamed"), 4);
        assert_eq!(streams(b"strea"), 0);
        let many = [MAGIC, &b"stream ".repeat(MOST_STREAMS + 1)].concat();
        assert!(matches!(read(&many), Err(Unreadable::Streams(_))));
    }
}
