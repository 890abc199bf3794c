//! Removing old snapshots, and the documents that no kept one names.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use anyhow::Context as _;

use super::place::Place;
use crate::domain::identity::DocumentDigest;

/// Keeps the newest snapshots and names those that were removed. Where it is not certain which documents a kept one
/// names, no document is removed.
pub fn prune(place: &Place, keep: NonZeroUsize) -> anyhow::Result<Vec<String>> {
    let snapshots = place.snapshots()?;
    let old = snapshots.len().saturating_sub(keep.get());
    let (old, kept) = snapshots.split_at_checked(old).unwrap_or_default();
    let mut named = BTreeSet::new();
    for snapshot in kept {
        named.extend(snapshot.list().context("nothing was removed")?.0.into_keys());
    }
    for snapshot in old {
        place.remove(snapshot)?;
    }
    if !old.is_empty() {
        remove_documents(place, &named)?;
    }
    Ok(old.iter().map(|snapshot| snapshot.name.clone()).collect())
}

fn remove_documents(place: &Place, named: &BTreeSet<DocumentDigest>) -> anyhow::Result<()> {
    let folder = place.documents_folder();
    let cannot = || format!("cannot clear `{}`", folder.display());
    for group in std::fs::read_dir(&folder).with_context(cannot)? {
        for file in std::fs::read_dir(group.with_context(cannot)?.path()).with_context(cannot)? {
            let file = file.with_context(cannot)?;
            let name = file.file_name();
            let is_named = name.to_str().is_some_and(|name| named.contains(&DocumentDigest::new(name)));
            if !is_named {
                std::fs::remove_file(file.path()).with_context(cannot)?;
            }
        }
    }
    Ok(())
}
