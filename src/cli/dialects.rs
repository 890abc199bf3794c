//! `baohan dialects`: the dialects' tables as text that a person can hold against the published specification.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;

use crate::dialect::table::{AnswerField, Direction, Field, FieldType, Group, Interface};
use crate::dialect::{Registry, Table};

/// List the dialects, or print one as Markdown to compare with its specification.
#[derive(clap::Args, Clone, Debug)]
pub struct Args {
    /// The dialect to print, interface by interface; without it, all are listed
    #[arg(value_name = "ID")]
    id: Option<String>,
    /// A folder of dialect tables (*.toml) beside the built-in ones
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// # Errors
/// When the folder holds an unsound table, or no dialect has the id.
pub fn run(args: &Args, out: &mut dyn Write) -> anyhow::Result<()> {
    let registry = match &args.folder {
        Some(folder) => Registry::with_folder(folder).context("--folder")?,
        None => Registry::built_in()?,
    };
    let Some(id) = &args.id else { return list(&registry, out) };
    let table = registry.table(id).with_context(|| {
        let known: Vec<&str> = registry.tables().map(|table| table.id.as_str()).collect();
        format!("expected one of {}, found `{id}`", known.join(", "))
    })?;
    print(table, out)
}

fn list(registry: &Registry, out: &mut dyn Write) -> anyhow::Result<()> {
    let width = registry.tables().map(|table| table.id.len()).max().unwrap_or_default();
    for table in registry.tables() {
        let Table { id, title, version, interfaces, .. } = table;
        let count = interfaces.len();
        let pushes = interfaces.iter().filter(|it| it.direction == Direction::In).count();
        writeln!(
            out,
            "{id:width$}  {count:2} interfaces, {pushes} of them called by the platform  {title} {version}"
        )?;
    }
    Ok(())
}

fn print(table: &Table, out: &mut dyn Write) -> anyhow::Result<()> {
    writeln!(out, "# {} {}\n\nDialect `{}`", table.title, table.version, table.id)?;
    if let Some(wrapper) = &table.wrapper {
        writeln!(out, "\n## {} Round every message\n\nRequest:", wrapper.clause)?;
        let columns = Columns::of(table);
        columns.write(out, wrapper.fields.iter().map(asked))?;
        writeln!(out, "\nAnswer:")?;
        columns.write(out, wrapper.answer.iter().map(answered))?;
    }
    for interface in &table.interfaces {
        print_interface(interface, &Columns::of(table), out)?;
    }
    Ok(())
}

fn print_interface(interface: &Interface, columns: &Columns, out: &mut dyn Write) -> anyhow::Result<()> {
    let caller = match interface.direction {
        Direction::In => "the platform calls the gateway",
        Direction::Out => "the gateway calls the platform",
    };
    let Interface { clause, title, name, does, .. } = interface;
    writeln!(out, "\n## {clause} {title}\n\n`{name}`, {caller}: `{}`", does.name())?;
    if interface.enveloped {
        writeln!(out, "in a digital envelope")?;
    }
    writeln!(out, "\nRequest:")?;
    columns.write(out, interface.fields.iter().map(asked))?;
    writeln!(out, "\nAnswer:")?;
    let mut groups = interface.groups.iter().peekable();
    let mut rows = Vec::new();
    for row in &interface.answer {
        let group = groups.next_if(|group| row.within.as_ref() == Some(&group.name));
        rows.extend(group.map(grouped));
        rows.push(answered(row));
    }
    columns.write(out, rows.into_iter())
}

/// The columns of a specification's tables; not each prints all of them.
struct Columns {
    label: bool,
    kind: bool,
    length: bool,
    example: bool,
}

/// One line of a table, as in the specification, and what we make of it.
struct Row<'t> {
    name: String,
    label: &'t str,
    kind: Option<FieldType>,
    length: Option<usize>,
    required: Option<bool>,
    note: &'t str,
    example: &'t str,
    ours: String,
}

impl Columns {
    fn of(table: &Table) -> Self {
        let inner = table.interfaces.iter().flat_map(|interface| &interface.fields);
        let fields: Vec<&Field> = table.wrapper.iter().flat_map(|it| &it.fields).chain(inner).collect();
        let any = |has: fn(&Field) -> bool| fields.iter().any(|field| has(field));
        Self {
            label: any(|field| !field.label.is_empty()),
            kind: any(|field| field.kind.is_some()),
            length: any(|field| field.length.is_some()),
            example: any(|field| !field.example.is_empty()),
        }
    }

    fn write<'t>(&self, out: &mut dyn Write, rows: impl Iterator<Item = Row<'t>>) -> anyhow::Result<()> {
        let heads = ["参数", "参数名称", "类型", "长度", "必填", "说明", "示例值", "meaning"];
        let heads: Vec<&str> = self.chosen(heads);
        writeln!(out, "\n| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()))?;
        for row in rows {
            let length = row.length.map(|length| length.to_string()).unwrap_or_default();
            let necessity = row.required.map_or("", |required| if required { "是" } else { "否" });
            let kind = row.kind.map_or("", FieldType::name);
            let cells: [&str; 8] =
                [&row.name, row.label, kind, &length, necessity, row.note, row.example, &row.ours];
            let cells: Vec<String> = self.chosen(cells).into_iter().map(escaped).collect();
            writeln!(out, "| {} |", cells.join(" | "))?;
        }
        Ok(())
    }

    fn chosen<'c>(&self, cells: [&'c str; 8]) -> Vec<&'c str> {
        let shown = [true, self.label, self.kind, self.length, true, true, self.example, true];
        cells.into_iter().zip(shown).filter(|(_, shown)| *shown).map(|(cell, _)| cell).collect()
    }
}

/// What would end the cell.
fn escaped(cell: &str) -> String {
    cell.replace('|', "\\|")
}

fn asked(field: &Field) -> Row<'_> {
    let mut ours = field.is.map(|meaning| meaning.to_string()).unwrap_or_default();
    if let Some(constant) = &field.constant {
        ours = format!("always `{constant}`");
    }
    if field.cipher {
        ours.push_str(", ciphertext");
    }
    if let Some(when) = &field.when {
        ours.push_str(&format!(", must be there where {} is {}", when.field, when.is.join(" or ")));
    }
    ours.push_str(&words(&field.values));
    Row {
        name: field.name.clone(),
        label: &field.label,
        kind: field.kind,
        length: field.length,
        required: Some(field.required),
        note: &field.note,
        example: &field.example,
        ours,
    }
}

fn answered(row: &AnswerField) -> Row<'_> {
    Row {
        name: row.within.as_ref().map_or(row.name.clone(), |within| format!("{within}.{}", row.name)),
        label: &row.label,
        kind: row.kind,
        length: row.length,
        required: Some(row.required),
        note: &row.note,
        example: &row.example,
        ours: format!("{}{}", row.is, words(&row.values)),
    }
}

fn grouped(group: &Group) -> Row<'_> {
    Row {
        name: group.name.clone(),
        label: "",
        kind: None,
        length: None,
        required: group.required,
        note: &group.note,
        example: "",
        ours: String::new(),
    }
}

/// `: refused 0, approved 1`, in the order of the platform's words.
fn words(values: &std::collections::BTreeMap<String, String>) -> String {
    let mut words: Vec<(&String, &String)> = values.iter().map(|(ours, theirs)| (theirs, ours)).collect();
    words.sort_unstable();
    let words: Vec<String> = words.iter().map(|(theirs, ours)| format!("{ours} {theirs}")).collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}
