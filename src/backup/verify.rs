//! Whether a snapshot could be restored from: every byte is read, and everything that is sealed is opened.

use std::sync::Arc;

use futures_util::stream::{self, StreamExt as _};

use super::data::survey_copy;
use super::durable;
use super::manifest::{Manifest, SealCheck};
use super::place::{Place, Snapshot};
use super::postgres::Programs;
use crate::crypto::keyring::Keyring;
use crate::store::archive::Archive;
use crate::store::survey::{Depth, Survey};

/// Documents that are read at the same time.
const AT_ONCE: usize = 8;

/// What was looked at, and what is wrong.
#[derive(Debug)]
pub struct Verdict {
    pub manifest: Manifest,
    pub sound: Vec<String>,
    pub findings: Vec<String>,
}

/// Reads all of a snapshot. Without a keyring, its seal is not checked and nothing sealed is opened.
///
/// # Errors
/// When it can't be read at all: no manifest, or one that this program does not understand.
pub async fn verify(
    place: &Place,
    snapshot: &Snapshot,
    keyring: Option<Arc<Keyring>>,
    programs: &Programs,
) -> anyhow::Result<Verdict> {
    let (manifest, seal) = snapshot.manifest(keyring.as_deref())?;
    let mut verdict = Verdict { manifest, sound: Vec::new(), findings: Vec::new() };
    // A value does not say more about a key that is not the right one than the manifest does.
    let keyring = keyring.filter(|_| !matches!(seal, Some(SealCheck::OtherKey(_))));
    verdict.examine_seal(seal);
    verdict.examine_database(snapshot, keyring.clone(), programs).await;
    let opened = keyring.is_some();
    verdict.examine_documents(&place.documents(keyring)?, snapshot, opened).await;
    Ok(verdict)
}

impl Verdict {
    fn examine_seal(&mut self, seal: Option<SealCheck>) {
        match seal {
            Some(SealCheck::Holds) => self.sound.push("manifest: sealed under this master key".to_owned()),
            None => self.sound.push("manifest: no master key at hand, so its seal is not checked".to_owned()),
            Some(SealCheck::OtherKey(id)) => self.findings.push(format!(
                "wrong master key: this backup is sealed under the master key {id}, which is not in the file"
            )),
            Some(SealCheck::Broken) => {
                self.findings.push("the manifest was changed, or belongs to another snapshot".to_owned());
            }
        }
    }

    async fn examine_database(
        &mut self,
        snapshot: &Snapshot,
        keyring: Option<Arc<Keyring>>,
        programs: &Programs,
    ) {
        let file = snapshot.database(self.manifest.engine);
        match durable::digest(&file) {
            Ok((bytes, sm3)) if sm3 == self.manifest.database.sm3 => {
                self.sound.push(format!("database: {bytes} bytes, SM3 as in the manifest"));
            }
            Ok((_, sm3)) => self.findings.push(format!(
                "the database was changed: expected the SM3 {}, found {sm3}",
                self.manifest.database.sm3
            )),
            Err(error) => self.findings.push(format!("{error:#}")),
        }
        let opened = keyring.is_some();
        let survey = survey_copy(self.manifest.engine, &file, programs, keyring, Depth::Everything).await;
        match survey {
            Ok(survey) => self.compare(snapshot, survey, opened),
            Err(error) => self.findings.push(format!("the database can't be read: {error:#}")),
        }
    }

    fn compare(&mut self, snapshot: &Snapshot, survey: Survey, opened: bool) {
        if survey.rows != self.manifest.rows || survey.schema != self.manifest.schema {
            self.findings.push(format!(
                "the database has other tables or rows than the manifest says: expected {:?}, found {:?}",
                self.manifest.rows, survey.rows
            ));
        }
        if survey.sealing_keys != self.manifest.keys.sealing {
            self.findings.push("the database is sealed under other keys than the manifest says".to_owned());
        }
        let values: u64 = survey.sealing_keys.values().sum();
        match opened {
            true => self.sound.push(format!("sealed values: {} of {values} open", survey.opened)),
            false => self.sound.push(format!("sealed values: {values}, not opened without the master key")),
        }
        self.findings.extend(survey.faults);
        if survey.further_faults > 0 {
            self.findings.push(format!("and {} faults more", survey.further_faults));
        }
        let lacking = &self.manifest.documents.lacking;
        let unlisted = snapshot.list().map_or(0, |(list, _)| {
            let unlisted = survey.documents.keys().filter(|digest| !list.contains_key(digest));
            unlisted.filter(|digest| !lacking.iter().any(|it| it == digest.as_str())).count()
        });
        if unlisted > 0 {
            self.findings
                .push(format!("the database names {unlisted} documents that the list does not have"));
        }
    }

    async fn examine_documents(&mut self, documents: &Archive, snapshot: &Snapshot, opened: bool) {
        let lacking = self.manifest.documents.lacking.iter();
        self.findings
            .extend(lacking.map(|it| format!("document `{it}` was not in the archive when this was made")));
        let (list, sm3) = match snapshot.list() {
            Ok(found) => found,
            Err(error) => return self.findings.push(format!("{error:#}")),
        };
        if sm3 != self.manifest.documents.list_sm3 {
            self.findings.push(format!(
                "the list of documents was changed: expected the SM3 {}, found {sm3}",
                self.manifest.documents.list_sm3
            ));
        }
        let reads = stream::iter(list.keys()).map(|digest| async move {
            if opened {
                documents.get(digest).await?;
            }
            documents.examine(digest).await
        });
        let mut reads = reads.buffer_unordered(AT_ONCE);
        let (mut sealed, mut clear) = (0_u64, 0_u64);
        while let Some(read) = reads.next().await {
            match read {
                Ok(Some(_)) => sealed += 1,
                Ok(None) => clear += 1,
                Err(error) => self.findings.push(error.to_string()),
            }
        }
        let (sound, all) = (sealed + clear, list.len());
        self.sound.push(match opened {
            true => format!("documents: {sound} of {all} open and have the SM3 that they are named by"),
            false => format!(
                "documents: {sound} of {all} are as they were written; {sealed} are sealed, and not opened without the \
                 master key"
            ),
        });
        if clear > 0 {
            let advice = "the next `baohan backup create` seals those that it needs";
            self.sound
                .push(format!("documents: {clear} lie in the clear, from an earlier version; {advice}"));
        }
    }
}
