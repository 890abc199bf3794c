//! Signing a finished PDF.

use std::io::Write;
use std::ops::Range;

use anyhow::{Context, bail, ensure};
use jiff::Timestamp;
use jiff::tz::{Offset, offset};
use lopdf::ObjectId;

use super::appearance::SealPicture;
use super::container::{self, Signed};
use super::form::{self, text_string};
use super::profile::PdfSignatureProfile;
use super::reading;
use super::signer::PdfSigner;
use super::update::{Update, write_name};
use crate::crypto::digest::DigestAlgorithm;
use crate::document::SealPlace;

/// Room for three numbers of a ByteRange, whose first is zero.
const RANGE_WIDTH: usize = 32;
/// China has one time.
const BEIJING: Offset = offset(8);

/// Signs a PDF and shows the seal's picture at each of the places.
///
/// The bytes as given are the beginning of the result, so that signatures already there stay valid.
///
/// # Errors
/// When the file cannot be read, the places are not on its pages, the signer's certificate or seal is not valid at that
/// time, its key does not go with the profile's container, or the signature does not fit into the profile's slot.
pub fn sign(
    pdf: Vec<u8>,
    signer: &PdfSigner,
    picture: &SealPicture,
    places: &[SealPlace],
    profile: &PdfSignatureProfile,
    at: Timestamp,
) -> anyhow::Result<Vec<u8>> {
    let (from, until) = signer.validity();
    ensure!(
        from <= at && at <= until,
        "the seal and its signer are valid from {from} until {until}, not at {at}"
    );
    press(pdf, signer, picture, places, profile, at)
}

/// Signs at any time.
pub(super) fn press(
    pdf: Vec<u8>,
    signer: &PdfSigner,
    picture: &SealPicture,
    places: &[SealPlace],
    profile: &PdfSignatureProfile,
    at: Timestamp,
) -> anyhow::Result<Vec<u8>> {
    let document = reading::read(&pdf).context("the PDF to sign")?;
    let identity = DigestAlgorithm::Sm3.digest(&[&pdf, at.to_string().as_bytes()]);
    let revision = identity.first_chunk().context("SM3 has 32 bytes")?;

    let mut update = Update::new(pdf, document)?;
    let appearance = picture.write(&mut update)?;
    let signature = update.allocate()?;
    let slot = write_signature(&mut update, signature, profile, profile.slot_bytes(signer), at)?;
    form::add_signature_field(&mut update, signature, appearance, places, picture.size_mm())?;
    let mut signed = update.finish(revision)?;

    fill(&mut signed, &slot, profile, signer, at)?;
    Ok(signed)
}

/// Where the parts of a signature dictionary stand that are known last.
struct Slot {
    /// The room for three numbers.
    range: Range<usize>,
    /// `Contents` with its angle brackets.
    contents: Range<usize>,
}

/// Writes the signature dictionary (12.8.1, table 252) with room for ByteRange and Contents.
fn write_signature(
    update: &mut Update,
    id: ObjectId,
    profile: &PdfSignatureProfile,
    slot_bytes: usize,
    at: Timestamp,
) -> anyhow::Result<Slot> {
    let mut text = b"<< /Type /Sig /Filter ".to_vec();
    write_name(&mut text, profile.filter().as_bytes())?;
    text.extend_from_slice(b" /SubFilter ");
    write_name(&mut text, profile.sub_filter().as_bytes())?;
    let time = BEIJING.to_datetime(at).strftime("%Y%m%d%H%M%S");
    write!(text, " /M (D:{time}+08'00')")?;
    for (key, value) in
        [("Name", &profile.name), ("Reason", &profile.reason), ("Location", &profile.location)]
    {
        if let Some(value) = value {
            write!(text, " /{key} {}", text_string(value))?;
        }
    }
    text.extend_from_slice(b" /ByteRange [0 ");
    let range = text.len()..text.len() + RANGE_WIDTH;
    text.resize(range.end, b' ');
    text.extend_from_slice(b"] /Contents ");
    let contents = text.len()..text.len() + 2 * slot_bytes + 2;
    text.push(b'<');
    text.resize(contents.end - 1, b'0');
    text.extend_from_slice(b"> >>");

    let start = update.put_bytes(id, &text)?;
    let moved = |range: Range<usize>| range.start + start..range.end + start;
    Ok(Slot { range: moved(range), contents: moved(contents) })
}

/// Fills in ByteRange, signs what it names, and fills in Contents.
fn fill(
    file: &mut [u8],
    slot: &Slot,
    profile: &PdfSignatureProfile,
    signer: &PdfSigner,
    at: Timestamp,
) -> anyhow::Result<()> {
    let lost = "the place of the signature is not in the file";
    let Range { start, end } = slot.contents.clone();
    let range = [0, start, end, file.len().saturating_sub(end)];
    let [_, first, second, last] = range;
    let numbers = format!("{first} {second} {last}");
    let room =
        file.get_mut(slot.range.clone()).and_then(|room| room.get_mut(..numbers.len())).context(lost)?;
    room.copy_from_slice(numbers.as_bytes());

    let parts = [file.get(..start).context(lost)?, file.get(end..).context(lost)?];
    let container = container::make(profile, signer, &Signed { parts, range, at })?;
    let room = file.get_mut(start + 1..end - 1).context(lost)?;
    let Some(digits) = room.get_mut(..2 * container.len()) else {
        bail!(
            "the signature takes {} bytes, but the profile's `slot_bytes` leaves room for {}",
            container.len(),
            room.len() / 2
        );
    };
    hex::encode_to_slice(&container, digits).context(lost)
}
