//! The dialects that this gateway speaks: those that are built in and those in a settings folder.

use std::fs;
use std::path::{Path, PathBuf};

use super::table::{Table, TableError};

/// Dialects that come with the gateway.
const BUILT_IN: [(&str, &str); 5] = [
    ("tables/hainan-2024.toml", include_str!("tables/hainan-2024.toml")),
    ("tables/jilin-2.0.3.toml", include_str!("tables/jilin-2.0.3.toml")),
    ("tables/zhangzhou-2.3.toml", include_str!("tables/zhangzhou-2.3.toml")),
    ("tables/ggzy.toml", include_str!("tables/ggzy.toml")),
    ("tables/neimenggu-2024.toml", include_str!("tables/neimenggu-2024.toml")),
];

/// Why the dialects can't be loaded.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("{path}: expected a readable folder of dialect files (*.toml), found: {error}")]
    Unreadable { path: PathBuf, error: std::io::Error },
    #[error("{file}: expected an `id` of its own, found `{id}`, which is the id of {other} too")]
    SameId { file: String, id: String, other: String },
}

/// All dialects, by id.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// Each with the file it came from.
    tables: Vec<(String, Table)>,
}

impl Registry {
    /// # Errors
    /// When a built-in table is unsound, which the tests exclude.
    pub fn built_in() -> Result<Self, RegistryError> {
        let mut registry = Self::default();
        for (file, text) in BUILT_IN {
            registry.add(file, text)?;
        }
        Ok(registry)
    }

    /// The built-in dialects and every `*.toml` in `folder`, which are as good as built in.
    ///
    /// # Errors
    /// When the folder or a file in it can't be read, a table is unsound, or two have the same id.
    pub fn with_folder(folder: &Path) -> Result<Self, RegistryError> {
        let mut registry = Self::built_in()?;
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |error| RegistryError::Unreadable { path, error }
        };
        let entries = fs::read_dir(folder).map_err(unreadable(folder))?;
        let mut files = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(unreadable(folder))?;
        files.retain(|file| file.extension().is_some_and(|it| it == "toml"));
        files.sort();
        for file in files {
            let text = fs::read_to_string(&file).map_err(unreadable(&file))?;
            registry.add(&file.display().to_string(), &text)?;
        }
        Ok(registry)
    }

    /// Adds the dialect that `text` describes; `file` is used in errors.
    ///
    /// # Errors
    /// When the table is unsound or its id is taken.
    pub fn add(&mut self, file: &str, text: &str) -> Result<(), RegistryError> {
        let table = Table::parse(file, text)?;
        if let Some((other, _)) = self.tables.iter().find(|(_, known)| known.id == table.id) {
            return Err(RegistryError::SameId { file: file.to_owned(), id: table.id, other: other.clone() });
        }
        self.tables.push((file.to_owned(), table));
        Ok(())
    }

    pub fn table(&self, id: &str) -> Option<&Table> {
        self.tables().find(|table| table.id == id)
    }

    pub fn tables(&self) -> impl Iterator<Item = &Table> {
        self.tables.iter().map(|(_, table)| table)
    }
}
