//! Every document that the database names, page by page: what the archive has to have.

use diesel::prelude::*;

use super::connection::{Connection, on};
use super::error::StoreError;
use super::schema::uploads::{self, dsl};
use super::{documents, evidence, guarantees};
use crate::domain::Guarantee;
use crate::domain::identity::{DocumentDigest, GuaranteeId};

/// A document and who needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub digest: DocumentDigest,
    pub owner: Owner,
    /// In bytes; None where it was never noted.
    pub size: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owner {
    /// A guarantee, its number if it has one, and what the document is to it: `ciphertext letter (ofd)`, `paper`.
    Guarantee { id: GuaranteeId, number: Option<String>, what: String },
    /// The core system has handed it in; a guarantee may name it, or will.
    Upload,
}

/// How far a listing has come. Guarantees come first, in the order in which they were applied for, then files that were
/// handed in: so what comes new while somebody lists is mostly listed too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Bookmark {
    #[default]
    Start,
    Guarantee(GuaranteeId),
    Upload(Option<DocumentDigest>),
}

/// The documents behind a bookmark, of so many guarantees or files at most, and where to go on; None at the end.
///
/// # Errors
/// When the database fails or a row can't be read.
pub fn page(
    connection: &mut Connection,
    behind: &Bookmark,
    limit: u32,
) -> Result<(Vec<Named>, Option<Bookmark>), StoreError> {
    let behind = match behind {
        Bookmark::Start => None,
        Bookmark::Guarantee(id) => Some(id),
        Bookmark::Upload(digest) => return files(connection, digest.as_ref(), limit),
    };
    let mut named = Vec::new();
    let found = guarantees::behind(connection, behind, limit)?;
    let next = found.last().map(|last| Bookmark::Guarantee(last.id.clone()));
    for guarantee in found {
        of_guarantee(connection, &guarantee, &mut named)?;
    }
    Ok((named, Some(next.unwrap_or(Bookmark::Upload(None)))))
}

fn of_guarantee(
    connection: &mut Connection,
    guarantee: &Guarantee,
    named: &mut Vec<Named>,
) -> Result<(), StoreError> {
    let number = guarantee.number().map(ToString::to_string);
    let owner = |what| Owner::Guarantee { id: guarantee.id.clone(), number: number.clone(), what };
    for letter in documents::for_guarantee(connection, &guarantee.id)? {
        let what = format!("{} letter ({})", letter.letter.name(), letter.format);
        named.push(Named { digest: letter.digest, owner: owner(what), size: Some(letter.size) });
    }
    for evidence in evidence::of_guarantee(connection, &guarantee.id)? {
        named.extend(evidence.file.map(|file| Named {
            digest: file.document,
            owner: owner("evidence of a claim".to_owned()),
            size: Some(file.size),
        }));
    }
    let papers = guarantee.papers();
    named.extend(papers.map(|paper| Named {
        digest: paper.document.clone(),
        owner: owner("paper".to_owned()),
        size: None,
    }));
    Ok(())
}

fn files(
    connection: &mut Connection,
    behind: Option<&DocumentDigest>,
    limit: u32,
) -> Result<(Vec<Named>, Option<Bookmark>), StoreError> {
    let behind = behind.map_or("", DocumentDigest::as_str);
    let query = uploads::table.filter(dsl::digest.gt(behind)).order(dsl::digest).limit(i64::from(limit));
    let query = query.select((dsl::digest, dsl::size));
    let rows: Vec<(String, i64)> = on!(connection, |link| query.load(link))?;
    let named: Vec<Named> = rows
        .into_iter()
        .map(|(digest, size)| Named {
            digest: DocumentDigest::new(digest),
            owner: Owner::Upload,
            size: u64::try_from(size).ok(),
        })
        .collect();
    let next = named.last().map(|last| Bookmark::Upload(Some(last.digest.clone())));
    Ok((named, next))
}
