//! What sections are called, once the institution may read it.
//!
//! A name is read from the sealed body of one of the section's guarantees, and then kept in memory, since it does not
//! change and boards are asked for every second.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use crate::casework::{Platforms, sections};
use crate::domain::identity::PlatformId;
use crate::institution::rules::judgement::planned_opening;
use crate::store::abnormal_sections::SectionMark;
use crate::store::{Connection, StoreError, guarantees};

/// More are not kept: some months of a busy institution.
const MOST: usize = 5_000;

/// A section on its platform.
pub(in crate::console) type Key = (PlatformId, SectionMark);

/// A section as the institution may read it.
pub(in crate::console) struct Name {
    pub number: String,
    pub name: String,
    /// When it is to be opened, where the platform told it with the application.
    pub opens_at: Option<Timestamp>,
}

/// The names that were read so far.
#[derive(Default)]
pub struct SectionNames(Mutex<BTreeMap<Key, Arc<Name>>>);

impl SectionNames {
    /// The names of some sections; those that can't be read are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub(in crate::console) fn of(
        &self,
        connection: &mut Connection,
        platforms: &Platforms,
        sections: impl IntoIterator<Item = Key>,
    ) -> Result<BTreeMap<Key, Arc<Name>>, StoreError> {
        let mut names = BTreeMap::new();
        for key in sections {
            let known = self.known().get(&key).cloned();
            let name = match known {
                Some(name) => Some(name),
                None => self.read(connection, platforms, &key)?,
            };
            names.extend(name.map(|name| (key, name)));
        }
        Ok(names)
    }

    fn read(
        &self,
        connection: &mut Connection,
        platforms: &Platforms,
        key: &Key,
    ) -> Result<Option<Arc<Name>>, StoreError> {
        let (id, section) = key;
        let Some(platform) = platforms.find(id) else { return Ok(None) };
        let example = guarantees::in_section(connection, id, section, None, 1)?.pop();
        let Some(example) = example else { return Ok(None) };
        let Some(mut readable) = sections::revealed(connection, &platform, &example.guarantee)? else {
            return Ok(None);
        };
        let opens_at = planned_opening(&readable.particulars);
        let (number, name) = (mem::take(&mut readable.number), mem::take(&mut readable.name));
        let name = Arc::new(Name { number, name, opens_at });
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(key.clone(), Arc::clone(&name));
        Ok(Some(name))
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<Key, Arc<Name>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
