//! Reading a dump without a server: `pg_restore` prints its rows in the text form of `COPY`.

use std::borrow::Cow;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, bail};

use super::programs::Programs;
use crate::crypto::keyring::{StoredKek, StoredKey};
use crate::domain::identity::DocumentDigest;
use crate::store::key_hierarchy;
use crate::store::sealed::{DOCUMENTS, SEALED};
use crate::store::survey::{Survey, Surveyor};

const MIGRATIONS_TABLE: &str = "__diesel_schema_migrations";

/// Looks through a dump.
///
/// # Errors
/// When it can't be read: the program is missing, or the dump damaged.
pub fn survey_dump(programs: &Programs, file: &Path, mut surveyor: Surveyor) -> anyhow::Result<Survey> {
    // Tables come in the order of their names, and keys are needed before what they open.
    let mut keys = Keys::default();
    read_dump(programs, file, &["--table=key_encryption_keys", "--table=data_keys"], &mut keys)?;
    surveyor.unlock(&keys.keks, &keys.keys);
    read_dump(programs, file, &[], &mut surveyor)?;
    Ok(surveyor.finish())
}

/// What looks at the rows of a dump, one after the other.
trait Reader {
    fn see(&mut self, table: &Table, values: &[Option<Vec<u8>>]);
    fn end(&mut self, table: &Table);
}

/// The wrapped keys that a dump holds.
#[derive(Default)]
struct Keys {
    keks: Vec<StoredKek>,
    keys: Vec<StoredKey>,
}

impl Reader for Keys {
    fn see(&mut self, table: &Table, values: &[Option<Vec<u8>>]) {
        let text = |column: &str| table.text(values, column).unwrap_or_default();
        if table.name == "key_encryption_keys" {
            let texts = ["version", "master_id", "wrapped", "destroyed_at"].map(text);
            self.keks.extend(key_hierarchy::kek_of_texts(texts.each_ref().map(AsRef::as_ref)));
        } else {
            let columns = ["purpose", "id", "kek_version", "wrapped", "activates_at", "destroyed_at"];
            let texts = columns.map(text);
            self.keys.extend(key_hierarchy::key_of_texts(texts.each_ref().map(AsRef::as_ref)));
        }
    }

    fn end(&mut self, _: &Table) {}
}

fn read_dump(
    programs: &Programs,
    file: &Path,
    only: &[&str],
    reader: &mut impl Reader,
) -> anyhow::Result<()> {
    let name = "pg_restore";
    let mut command = programs.command(name);
    command
        .args(["--data-only", "--file=-"])
        .args(only)
        .arg(file)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().map_err(|error| programs.unusable(name, error))?;
    let rows = process.stdout.take().context("pg_restore has no output")?;
    let read = read_rows(BufReader::new(rows), reader);
    let mut said = String::new();
    if let Some(mut complaints) = process.stderr.take() {
        complaints.read_to_string(&mut said).context("pg_restore")?;
    }
    let status = process.wait().context("pg_restore")?;
    if !status.success() {
        bail!("`{name}` can't read `{}` ({status}): {}", file.display(), said.trim());
    }
    read.with_context(|| format!("`{}`", file.display()))
}

fn read_rows(mut text: impl BufRead, reader: &mut impl Reader) -> anyhow::Result<()> {
    let mut line = Vec::new();
    let mut table: Option<Table> = None;
    loop {
        line.clear();
        if text.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let row = line.strip_suffix(b"\n").unwrap_or(&line);
        match table.take() {
            None => table = Table::begun_by(row),
            Some(ended) if row == b"\\." => reader.end(&ended),
            Some(mut going_on) => {
                let values = going_on.values(row)?;
                reader.see(&going_on, &values);
                table = Some(going_on);
            }
        }
    }
    if table.is_some() {
        bail!("expected `\\.` at the end of a table, found the end of the dump");
    }
    Ok(())
}

/// A table of the dump, while its rows are read.
struct Table {
    name: String,
    columns: Vec<String>,
    rows: u64,
}

impl Table {
    /// `COPY public.jobs (id, platform, "position") FROM stdin;`
    fn begun_by(line: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(line).ok()?.strip_prefix("COPY ")?.strip_suffix(") FROM stdin;")?;
        let (name, columns) = text.split_once(" (")?;
        let name = name.rsplit_once('.').map_or(name, |(_, name)| name).trim_matches('"').to_owned();
        let columns = columns.split(", ").map(|column| column.trim_matches('"').to_owned()).collect();
        Some(Self { name, columns, rows: 0 })
    }

    /// The values of the next row.
    fn values(&mut self, row: &[u8]) -> anyhow::Result<Vec<Option<Vec<u8>>>> {
        self.rows += 1;
        let values: Vec<Option<Vec<u8>>> = row.split(|byte| *byte == b'\t').map(unescaped).collect();
        if values.len() != self.columns.len() {
            bail!(
                "{}, row {}: expected {} values, found {}",
                self.name,
                self.rows,
                self.columns.len(),
                values.len()
            );
        }
        Ok(values)
    }

    fn bytes<'a>(&self, values: &'a [Option<Vec<u8>>], column: &str) -> Option<&'a [u8]> {
        let index = self.columns.iter().position(|it| it == column)?;
        values.get(index)?.as_deref()
    }

    fn text<'a>(&self, values: &'a [Option<Vec<u8>>], column: &str) -> Option<Cow<'a, str>> {
        self.bytes(values, column).map(String::from_utf8_lossy)
    }
}

impl Reader for Surveyor {
    fn see(&mut self, table: &Table, values: &[Option<Vec<u8>>]) {
        let text = |column: &str| table.text(values, column);
        if table.name == MIGRATIONS_TABLE {
            text("version").into_iter().for_each(|version| self.migrated(version.into_owned()));
        }
        for (_, column, size) in DOCUMENTS.iter().filter(|(name, ..)| *name == table.name) {
            let size = size.and_then(text).and_then(|size| size.parse().ok());
            text(column).into_iter().for_each(|digest| self.named(DocumentDigest::new(digest), size));
        }
        for sealed in SEALED.iter().filter(|sealed| sealed.table == table.name) {
            let Some(value) = table.bytes(values, sealed.column) else { continue };
            let key: Vec<_> = sealed.key.iter().filter_map(|column| text(column)).collect();
            let key: Vec<&str> = key.iter().map(AsRef::as_ref).collect();
            // A value of type BYTEA is printed as `\x` and hexadecimal digits.
            match value.strip_prefix(b"\\x").map(hex::decode) {
                Some(Ok(value)) => self.sealed(sealed, &key, &value),
                _ => self.fault(format!("{} `{}`: expected bytes", sealed.table, key.join("/"))),
            }
        }
    }

    fn end(&mut self, table: &Table) {
        if table.name != MIGRATIONS_TABLE {
            self.counted(&table.name, table.rows);
        }
    }
}

/// A value of `COPY`'s text form; None is NULL.
fn unescaped(text: &[u8]) -> Option<Vec<u8>> {
    if text == b"\\N" {
        return None;
    }
    let mut value = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        value.push(match byte {
            b'\\' => match bytes.next()? {
                b'b' => 8,
                b't' => b'\t',
                b'n' => b'\n',
                b'v' => 11,
                b'f' => 12,
                b'r' => b'\r',
                other => *other,
            },
            other => *other,
        });
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::survey::Depth;

    #[test]
    fn rows_are_read_with_all_that_copy_escapes() {
        assert_eq!(unescaped(b"a\\tb\\\\c\\nd").unwrap(), b"a\tb\\c\nd");
        assert_eq!(unescaped(b"\\N"), None);
        let text = "SET x = 1;\nCOPY public.documents (digest, guarantee_id, letter, format, size) FROM stdin;\n\
                    ab\tg1\tmerged\tofd\t12\ncd\tg1\tmerged\txml\t3\n\\.\n\n\
                    COPY public.__diesel_schema_migrations (version, run_on) FROM stdin;\n20261122000000\tx\n\\.\n";
        let mut surveyor = Surveyor::new(None, Depth::Everything);
        read_rows(text.as_bytes(), &mut surveyor).unwrap();
        let survey = surveyor.finish();
        assert_eq!(survey.rows["documents"], 2);
        assert_eq!(survey.rows.len(), 1);
        assert_eq!(survey.documents[&DocumentDigest::new("ab")], Some(12));
        assert!(survey.schema.contains("20261122000000"));
    }

    #[test]
    fn a_dump_that_was_cut_off_is_noticed() {
        let text = "COPY public.documents (digest, size) FROM stdin;\nab\t12\n";
        let mut surveyor = Surveyor::new(None, Depth::Everything);
        let complaint = read_rows(text.as_bytes(), &mut surveyor).unwrap_err().to_string();
        assert!(complaint.contains("the end of the dump"), "{complaint}");
        let narrow = "COPY public.documents (digest, size) FROM stdin;\nab\n\\.\n";
        assert!(read_rows(narrow.as_bytes(), &mut surveyor).is_err());
    }
}
