//! What spreadsheets make of the files.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use jiff::Timestamp;

use super::*;

const COLUMNS: [Column<'static>; 6] = [
    Column::new("编号", 30),
    Column::new("名称", 30),
    Column::new("次数", 8),
    Column::new("金额", 16),
    Column::new("时间", 20),
    Column::new("日期", 12),
];

fn now() -> Timestamp {
    "2026-11-22T15:59:59.999Z".parse().unwrap()
}

fn row(number: &str, name: &str) -> Vec<Cell> {
    vec![
        Cell::identifier(number),
        Cell::text(name),
        Cell::count(12_u64),
        Cell::Amount("3200.05".parse().unwrap()),
        now().into(),
        Cell::Date("2026-11-23".parse().unwrap()),
    ]
}

fn sheet(rows: Vec<Vec<Cell>>) -> Sheet<'static> {
    let mut sheet = Sheet::new("队列", COLUMNS);
    rows.into_iter().for_each(|row| assert!(sheet.push(row)));
    sheet
}

fn csv_of(sheet: &Sheet<'_>) -> String {
    String::from_utf8(sheet.write(Format::Csv, now()).unwrap()).unwrap()
}

#[test]
fn a_csv_file_has_a_mark_for_its_encoding_and_lines_that_end_as_spreadsheets_want_them() {
    let expected = "\u{feff}编号,名称,次数,金额,时间,日期\r\n\
                    BH1,\"甲,乙\",12,3200.05,2026-11-22 23:59:59,2026-11-23\r\n";
    assert_eq!(csv_of(&sheet(vec![row("BH1", "甲,乙")])), expected);
}

#[test]
fn no_cell_begins_a_formula_in_csv_whatever_it_is() {
    for text in
        ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "'=1", "=\"a,b\""]
    {
        let csv = csv_of(&sheet(vec![row(text, text)]));
        let mut reader = csv::ReaderBuilder::new().from_reader(csv.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        for column in [0, 1] {
            assert_eq!(record.get(column), Some(format!("'{text}").as_str()), "{text:?}");
        }
    }
    assert!(csv_of(&sheet(vec![row("BH-1", "甲=乙")])).contains("BH-1,甲=乙,"), "only beginnings matter");
}

#[test]
fn a_workbook_keeps_identifiers_and_formulas_as_text_and_the_rest_as_what_it_is() {
    let bytes = sheet(vec![row("46000120240603000001", "=1+1")]).write(Format::Xlsx, now()).unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["队列"]);
    let cells = book.worksheet_range("队列").unwrap();
    let cell = |column| cells.get((1, column)).cloned().unwrap();
    assert_eq!(cell(0), Data::String("46000120240603000001".to_owned()));
    assert_eq!(cell(1), Data::String("=1+1".to_owned()));
    assert_eq!((cell(2), cell(3)), (Data::Float(12.0), Data::Float(3200.05)));
    let shown = |data: Data| match data {
        Data::DateTime(at) => at.to_ymd_hms_milli(),
        other => panic!("expected a time, found {other:?}"),
    };
    assert_eq!(shown(cell(4)), (2026, 11, 22, 23, 59, 59, 0));
    assert_eq!(shown(cell(5)), (2026, 11, 23, 0, 0, 0, 0));
    assert!(book.worksheet_formula("队列").unwrap().is_empty());
}

#[test]
fn the_same_list_gives_the_same_workbook() {
    let one = || sheet(vec![row("BH1", "甲")]).write(Format::Xlsx, now()).unwrap();
    assert_eq!(one(), one());
}

#[test]
fn a_list_that_is_too_long_says_in_its_last_line_that_it_is_cut() {
    let mut sheet = Sheet::new("队列", COLUMNS);
    for number in 0..MOST_ROWS {
        assert!(sheet.push(vec![Cell::count(number)]));
    }
    assert!(!sheet.is_cut() && !csv_of(&sheet).contains("仅导出"));
    assert!(!sheet.push(vec![Cell::count(MOST_ROWS)]));
    assert!(sheet.is_cut() && sheet.len() == MOST_ROWS);
    let text = csv_of(&sheet);
    assert_eq!(text.lines().count(), MOST_ROWS + 2);
    assert!(text.lines().last().unwrap().starts_with("仅导出前 50000 行"));
}
