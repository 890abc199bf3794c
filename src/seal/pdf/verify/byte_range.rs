//! ByteRange (ISO 32000-1, 12.8.1): which bytes a signature covers. It must be all from the beginning to some end, but
//! for the digits of the signature itself; anything else leaves room for bytes that nobody vouches for.

use lopdf::{Dictionary, Object};

/// What a signature covers, and the signature.
pub struct Covered<'a> {
    pub parts: [&'a [u8]; 2],
    /// The length of the file when it was signed.
    pub end: usize,
    /// The decoded `Contents` without the zeros that fill its slot.
    pub container: Vec<u8>,
}

/// Reads the range and what it leaves out.
///
/// # Errors
/// Says what is wrong with the range.
pub fn read<'a>(pdf: &'a [u8], signature: &Dictionary) -> Result<Covered<'a>, String> {
    let range = signature.get(b"ByteRange").and_then(Object::as_array).map(Vec::as_slice).unwrap_or_default();
    let number = |value: &Object| usize::try_from(value.as_i64().ok()?).ok();
    let [start, first, second, last] = range else {
        return Err(format!("expected four numbers, found {}", range.len()));
    };
    let numbers = (number(start), number(first), number(second), number(last));
    let (Some(start), Some(first), Some(second), Some(last)) = numbers else {
        return Err("expected four numbers that are not negative".to_owned());
    };
    let stated = format!("[{start} {first} {second} {last}]");
    if start != 0 {
        return Err(format!("{stated} does not begin at the beginning of the file"));
    }
    if second < first {
        return Err(format!("{stated} covers bytes twice"));
    }
    let Some(end) = second.checked_add(last).filter(|end| *end <= pdf.len()) else {
        return Err(format!("{stated} leads out of the file of {} bytes", pdf.len()));
    };
    let (Some(before), Some(gap), Some(behind)) =
        (pdf.get(..first), pdf.get(first..second), pdf.get(second..end))
    else {
        return Err(format!("{stated} leads out of the file"));
    };
    let contents = hexadecimal(gap).ok_or_else(|| format!("{stated} leaves out more than the signature"))?;
    let named = signature.get(b"Contents").and_then(Object::as_str).unwrap_or_default();
    if contents != named {
        return Err(format!("{stated} leaves out something else than the signature"));
    }
    Ok(Covered { parts: [before, behind], end, container: unpadded(contents)? })
}

/// A hexadecimal string and nothing else.
fn hexadecimal(text: &[u8]) -> Option<Vec<u8>> {
    let digits = text.strip_prefix(b"<")?.strip_suffix(b">")?;
    let compact: Vec<u8> = digits.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    hex::decode(compact).ok()
}

/// Cuts off what stands behind the DER value, which must be zeros.
fn unpadded(mut contents: Vec<u8>) -> Result<Vec<u8>, String> {
    use der::{Reader, SliceReader};
    let measured = SliceReader::new(&contents).and_then(|mut reader| reader.tlv_bytes().map(<[u8]>::len));
    let length = measured.map_err(|fault| format!("the signature is not DER: {fault}"))?;
    if contents.iter().skip(length).any(|byte| *byte != 0) {
        return Err("behind the signature stands something else than zeros".to_owned());
    }
    contents.truncate(length);
    Ok(contents)
}
