//! Where a page of a list ended. A cursor says so to the gateway alone: callers hand it back as it is, with the filters that
//! it was given for.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;

use crate::crypto::sm3;
use crate::domain::identity::GuaranteeId;
use crate::store::guarantees::Place;

/// Which filters a cursor was made for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fingerprint(String);

impl Fingerprint {
    /// Of sorted parameters.
    pub(super) fn of(parameters: &[(String, String)]) -> Self {
        let mut said = String::new();
        for (name, value) in parameters {
            said.push_str(&format!("{}:{name}={}:{value}\n", name.len(), value.len()));
        }
        let mut digest = hex::encode(sm3::digest(said.as_bytes()));
        digest.truncate(16);
        Self(digest)
    }
}

/// Why a cursor leads nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CursorError {
    NoCursor,
    OtherFilters,
}

pub(super) fn write(place: &Place, of: &Fingerprint) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {} {}", place.at.as_microsecond(), place.id, of.0))
}

/// # Errors
/// When the text is no cursor, or one for other filters.
pub(super) fn read(text: &str, of: &Fingerprint) -> Result<Place, CursorError> {
    let decoded = URL_SAFE_NO_PAD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let decoded = decoded.ok_or(CursorError::NoCursor)?;
    let mut parts = decoded.split(' ');
    let (Some(at), Some(id), Some(made_for), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(CursorError::NoCursor);
    };
    let at = at.parse().ok().and_then(|micros| Timestamp::from_microsecond(micros).ok());
    let (Some(at), Some(id)) = (at, GuaranteeId::parse(id)) else { return Err(CursorError::NoCursor) };
    if made_for != of.0 {
        return Err(CursorError::OtherFilters);
    }
    Ok(Place { at, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pairs: &[(&str, &str)]) -> Fingerprint {
        let pairs: Vec<_> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Fingerprint::of(&pairs)
    }

    #[test]
    fn a_cursor_leads_back_to_its_place_under_its_filters_alone() {
        let at = "2026-11-22T09:00:00.123456Z".parse().unwrap();
        let place = Place { at, id: GuaranteeId::generate() };
        let filters = of(&[("platform", "a"), ("stage", "issued")]);
        let cursor = write(&place, &filters);
        assert_eq!(read(&cursor, &filters), Ok(place));
        for other in [of(&[]), of(&[("platform", "a"), ("stage", "opened")]), of(&[("platform", "astage=")])]
        {
            assert_eq!(read(&cursor, &other), Err(CursorError::OtherFilters));
        }
        let half = &cursor[..cursor.len() / 2];
        for wrong in ["", "x", "MQ", half, &URL_SAFE_NO_PAD.encode("1 2 3"), &URL_SAFE_NO_PAD.encode([0xff])]
        {
            assert_eq!(read(wrong, &filters), Err(CursorError::NoCursor), "{wrong}");
        }
    }
}
