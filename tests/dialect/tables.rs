//! The built-in tables against transcriptions of their specifications, field for field.

use baohan_gateway::dialect::table::FieldType;
use baohan_gateway::dialect::{Registry, Table};

fn transcription(text: &str) -> Vec<String> {
    text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
}

/// A table's rows in the form of a transcription: clause, direction, interface, request or answer, name, type,
/// length, necessity, note.
fn rows(table: &Table) -> Vec<String> {
    let necessity = |required| if required { "是" } else { "否" };
    let mut rows = Vec::new();
    for interface in &table.interfaces {
        let head = format!("{}\t{}\t{}", interface.clause, interface.direction.name(), interface.name);
        for field in &interface.fields {
            let length = field.length.map(|it| it.to_string()).unwrap_or_default();
            rows.push(format!(
                "{head}\trequest\t{}\t{}\t{length}\t{}\t{}",
                field.name,
                field.kind.map_or("", FieldType::name),
                necessity(field.required),
                field.note
            ));
        }
        for row in &interface.answer {
            let within = row.within.as_ref().map(|it| format!("{it}.")).unwrap_or_default();
            let (name, note) = (&row.name, &row.note);
            rows.push(format!("{head}\tanswer\t{within}{name}\t\t\t{}\t{note}", necessity(row.required)));
        }
    }
    rows
}

#[test]
fn the_hainan_table_is_the_specification_field_for_field() {
    let registry = Registry::built_in().unwrap();
    let table = registry.table("hainan-2024").unwrap();
    assert_eq!(table.interfaces.len(), 15);
    let (ours, theirs) = (rows(table), transcription(include_str!("hainan-2024.tsv")));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(ours.len(), theirs.len());
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
