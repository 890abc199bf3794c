//! The built-in tables against transcriptions of their specifications, field for field.

use baohan_gateway::dialect::table::{AnswerField, Field, FieldType, Group};
use baohan_gateway::dialect::{Registry, Table};

/// Each dialect with its number of interfaces and the transcription that was made of its specification.
pub const TRANSCRIPTIONS: [(&str, usize, &str); 5] = [
    ("hainan-2024", 15, include_str!("hainan-2024.tsv")),
    ("jilin-2.0.3", 12, include_str!("jilin-2.0.3.tsv")),
    ("zhangzhou-2.3", 7, include_str!("zhangzhou-2.3.tsv")),
    ("ggzy", 12, include_str!("ggzy.tsv")),
    ("neimenggu-2024", 9, include_str!("neimenggu-2024.tsv")),
];

fn transcription(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| line.trim_end_matches('\t').to_owned())
        .collect()
}

/// A table's rows in the form of a transcription: clause, direction, interface, request or answer, name, type,
/// length, necessity, note, label, example; empty ends of lines are left out.
fn rows(table: &Table) -> Vec<String> {
    let mut rows = Vec::new();
    if let Some(wrapper) = &table.wrapper {
        let head = format!("{}\t\t", wrapper.clause);
        rows.extend(wrapper.fields.iter().map(|field| asked(&head, field)));
        rows.extend(wrapper.answer.iter().map(|row| answered(&head, row)));
    }
    for interface in &table.interfaces {
        let head = format!("{}\t{}\t{}", interface.clause, interface.direction.name(), interface.name);
        rows.extend(interface.fields.iter().map(|field| asked(&head, field)));
        let mut groups = interface.groups.iter().peekable();
        for row in &interface.answer {
            if let Some(group) = groups.next_if(|group| row.within.as_ref() == Some(&group.name)) {
                rows.push(grouped(&head, group));
            }
            rows.push(answered(&head, row));
        }
        assert!(groups.next().is_none());
    }
    rows
}

fn asked(head: &str, field: &Field) -> String {
    let cells: [&str; 7] = [
        &field.name,
        kind(field.kind),
        &length(field.length),
        necessity(field.required),
        &field.note,
        &field.label,
        &field.example,
    ];
    line(head, "request", cells)
}

fn answered(head: &str, row: &AnswerField) -> String {
    let name = row.within.as_ref().map_or(row.name.clone(), |within| format!("{within}.{}", row.name));
    let cells: [&str; 7] = [
        &name,
        kind(row.kind),
        &length(row.length),
        necessity(row.required),
        &row.note,
        &row.label,
        &row.example,
    ];
    line(head, "answer", cells)
}

fn grouped(head: &str, group: &Group) -> String {
    let cells: [&str; 7] = [&group.name, "", "", group.required.map_or("", necessity), &group.note, "", ""];
    line(head, "answer", cells)
}

fn line(head: &str, row: &str, cells: [&str; 7]) -> String {
    format!("{head}\t{row}\t{}", cells.join("\t")).trim_end_matches('\t').to_owned()
}

fn kind(kind: Option<FieldType>) -> &'static str {
    kind.map_or("", FieldType::name)
}

fn length(length: Option<usize>) -> String {
    length.map(|it| it.to_string()).unwrap_or_default()
}

fn necessity(required: bool) -> &'static str {
    if required { "是" } else { "否" }
}

#[test]
fn every_table_is_its_specification_field_for_field() {
    let registry = Registry::built_in().unwrap();
    for (id, _, text) in TRANSCRIPTIONS {
        let (ours, theirs) = (rows(registry.table(id).unwrap()), transcription(text));
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(ours, theirs, "{id}");
        }
        assert_eq!(ours.len(), theirs.len(), "{id}");
    }
}

#[test]
fn five_specifications_have_fifty_five_interfaces() {
    let registry = Registry::built_in().unwrap();
    let ours: Vec<_> = registry.tables().map(|it| (it.id.as_str(), it.interfaces.len())).collect();
    let theirs: Vec<_> = TRANSCRIPTIONS.iter().map(|(id, interfaces, _)| (*id, *interfaces)).collect();
    assert_eq!(ours, theirs);
    assert_eq!(ours.iter().map(|(_, interfaces)| interfaces).sum::<usize>(), 55);
}

#[test]
fn every_ciphertext_field_is_marked_as_one() {
    let registry = Registry::built_in().unwrap();
    for table in registry.tables() {
        for field in table.interfaces.iter().flat_map(|interface| &interface.fields) {
            assert_eq!(field.cipher, field.note.contains("（密文）"), "{}", field.name);
        }
    }
}
