//! Links under which platforms fetch documents.
//!
//! What opens a link is its token, which is derived and never stored: the keyring's mark of guarantee, document and
//! name. So the same document of the same guarantee always has the same link, and whoever has the database but not the
//! master key has none. After the master key was replaced, documents get new links, and the old ones open until they
//! expire.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel::prelude::*;
use jiff::Timestamp;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::guarantees;
use super::schema::links::{self, dsl};
use super::time::{from_micros, optional_from_micros, to_micros};
use crate::crypto::sm3;
use crate::domain::identity::{DocumentDigest, GuaranteeId, PlatformId};
use crate::secret::Secret;

const TABLE: &str = "links";

/// 256 bits in Base64 without padding.
const TOKEN_LENGTH: usize = 43;

/// What opens a link: 256 bits that nobody can guess, as a URL carries them. Debug prints nothing of them.
#[derive(Clone, Debug, zeroize::ZeroizeOnDrop)]
pub struct Token(Secret);

impl Token {
    /// `None` where the text can't be a token, whichever links there are.
    pub fn parse(text: &str) -> Option<Self> {
        let decoded = (text.len() == TOKEN_LENGTH).then(|| URL_SAFE_NO_PAD.decode(text));
        decoded?.is_ok().then(|| Self(Secret::new(text)))
    }

    /// For the one URL that it is part of.
    pub fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The link's key in the table, from which the token can't be found.
    fn id(&self) -> String {
        hex::encode(sm3::digest(self.expose().as_bytes()))
    }
}

/// A link that is to open from now on.
#[derive(Clone, Debug)]
pub struct NewLink {
    pub guarantee: GuaranteeId,
    pub document: DocumentDigest,
    /// The file's name, as the platform will see it in the URL: it names no person and nothing that is sealed.
    pub name: String,
    pub content_type: String,
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub id: String,
    pub guarantee: GuaranteeId,
    /// Whose guarantee it is; `None` where the guarantee is not there any more.
    pub platform: Option<PlatformId>,
    pub document: DocumentDigest,
    pub name: String,
    pub content_type: String,
    pub created_at: Timestamp,
    pub expires_at: Timestamp,
    /// How many answers carried bytes of the document.
    pub fetched: u64,
    pub last_fetched_at: Option<Timestamp>,
}

/// What a token leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Open(Link),
    /// To be told from `Unknown` by operators only.
    Expired(Link),
    Unknown,
}

/// Makes a link open until it expires. Issuing it again yields the same token and moves the end on, never back.
///
/// # Errors
/// When the database fails.
pub fn issue(connection: &mut Connection, new: &NewLink, at: Timestamp) -> Result<Token, StoreError> {
    let mark = connection.mark(TABLE, &[new.guarantee.as_str(), new.document.as_str(), &new.name]);
    let token = Token(Secret::new(URL_SAFE_NO_PAD.encode(mark)));
    let (id, expires_at) = (token.id(), to_micros(new.expires_at));
    let kept = links::table.find(&id);
    let known = kept.select(dsl::expires_at);
    match on!(connection, |link| known.first::<i64>(link).optional())? {
        Some(known) if known >= expires_at => {}
        Some(_) => {
            let moved = dsl::expires_at.eq(expires_at);
            on!(connection, |link| diesel::update(kept).set(moved).execute(link))?;
        }
        None => {
            let row = (
                dsl::id.eq(&id),
                dsl::guarantee_id.eq(new.guarantee.as_str()),
                dsl::document.eq(new.document.as_str()),
                dsl::name.eq(&new.name),
                dsl::content_type.eq(&new.content_type),
                dsl::created_at.eq(to_micros(at)),
                dsl::expires_at.eq(expires_at),
                dsl::fetched.eq(0_i64),
            );
            on!(connection, |link| diesel::insert_into(links::table).values(&row).execute(link))?;
        }
    }
    Ok(token)
}

/// What the token leads to at a time.
///
/// # Errors
/// When the database fails or the row can't be read.
pub fn find(connection: &mut Connection, token: &Token, at: Timestamp) -> Result<Found, StoreError> {
    let query = links::table.find(token.id());
    let row: Option<Row> = on!(connection, |link| query.first(link).optional())?;
    let Some(row) = row else { return Ok(Found::Unknown) };
    let owner = guarantees::table.find(&row.guarantee_id).select(guarantees::platform);
    let platform: Option<String> = on!(connection, |link| owner.first(link).optional())?;
    let link = link_of(row, platform.map(PlatformId::new))?;
    Ok(if link.expires_at > at { Found::Open(link) } else { Found::Expired(link) })
}

/// Counts an answer that carried bytes of the link's document.
///
/// # Errors
/// When the database fails.
pub fn count_fetch(connection: &mut Connection, id: &str, at: Timestamp) -> Result<(), StoreError> {
    let counted = (dsl::fetched.eq(dsl::fetched + 1), dsl::last_fetched_at.eq(to_micros(at)));
    let kept = links::table.find(id);
    on!(connection, |link| diesel::update(kept).set(counted).execute(link))?;
    Ok(())
}

#[derive(Queryable)]
struct Row {
    id: String,
    guarantee_id: String,
    document: String,
    name: String,
    content_type: String,
    created_at: i64,
    expires_at: i64,
    fetched: i64,
    last_fetched_at: Option<i64>,
}

fn link_of(row: Row, platform: Option<PlatformId>) -> Result<Link, StoreError> {
    Ok(Link {
        created_at: from_micros(TABLE, &row.id, row.created_at)?,
        expires_at: from_micros(TABLE, &row.id, row.expires_at)?,
        last_fetched_at: optional_from_micros(TABLE, &row.id, row.last_fetched_at)?,
        fetched: u64::try_from(row.fetched).unwrap_or(0),
        id: row.id,
        guarantee: GuaranteeId::new(row.guarantee_id),
        platform,
        document: DocumentDigest::new(row.document),
        name: row.name,
        content_type: row.content_type,
    })
}
