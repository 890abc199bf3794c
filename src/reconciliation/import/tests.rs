//! Files as platforms hand them out, and as they must not be.

use encoding_rs::GBK;
use rust_xlsxwriter::{Format, Workbook};

use super::*;
use crate::reconciliation::movement::Movement;
use crate::reconciliation::options::Meaning;

const DIGITS: &str = "46000120240603000001";

const PLAIN: &str = "保函编号,保证金金额,保费,状态,出函日期\nBH1,800000.00,3200.50,已出函,2026-11-22\n";

fn read_with(file: &[u8], options: &StatementOptions) -> Result<TheirStatement, ImportError> {
    read(file, options, &ReconciliationOptions::default())
}

fn read_plainly(file: &[u8]) -> Result<TheirStatement, ImportError> {
    read_with(file, &StatementOptions::default())
}

fn rows(file: &[u8]) -> Vec<Theirs> {
    read_plainly(file).unwrap().rows
}

fn problems(file: &str) -> Vec<String> {
    match read_plainly(file.as_bytes()).unwrap_err() {
        ImportError::Unsound(problems) => problems.first.iter().map(ToString::to_string).collect(),
        other => panic!("{other}"),
    }
}

fn first() -> Theirs {
    Theirs {
        line: 2,
        number: Some(GuaranteeNumber::new("BH1")),
        application: None,
        amount: Some("800000".parse().unwrap()),
        premium: Some("3200.50".parse().unwrap()),
        state: Some(Stated { word: "已出函".to_owned(), meant: vec![Standing::Issued] }),
        date: Some("2026-11-22".parse().unwrap()),
    }
}

/// Rows as a sheet of a workbook, as text.
fn workbook(sheet: &[&[&str]]) -> Vec<u8> {
    let mut book = Workbook::new();
    let out = book.add_worksheet();
    for (row, cells) in (0..).zip(sheet) {
        for (column, cell) in (0..).zip(*cells) {
            out.write_string(row, column, *cell).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

#[test]
fn a_statement_is_read_in_every_encoding_and_with_every_separator() {
    let encoded = |text: &str| GBK.encode(text).0.into_owned();
    let utf_16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(PLAIN.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (name, file) in [
        ("UTF-8", PLAIN.as_bytes().to_vec()),
        ("UTF-8 with a mark", format!("\u{feff}{PLAIN}").into_bytes()),
        ("GBK", encoded(PLAIN)),
        ("UTF-16", utf_16),
        ("semicolons", PLAIN.replace(',', ";").into_bytes()),
        ("tabs in GBK", encoded(&PLAIN.replace(',', "\t"))),
        ("CRLF", PLAIN.replace('\n', "\r\n").into_bytes()),
        ("CR", PLAIN.replace('\n', "\r").into_bytes()),
    ] {
        assert_eq!(rows(&file), [first()], "{name}");
    }
}

#[test]
fn a_character_that_only_gb_18030_has_is_read() {
    let text = PLAIN.replace("保费", "保费,备注㐂").replace("3200.50", "3200.50,𠀀");
    let file = encoding_rs::GB18030.encode(&text).0.into_owned();
    assert_eq!(rows(&file), [first()]);
}

#[test]
fn a_workbook_is_read_with_texts_numbers_and_dates() {
    let mut book = Workbook::new();
    book.add_worksheet().write_string(0, 0, "说明").unwrap();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "某平台保函明细表").unwrap();
    for (column, heading) in (0..).zip(["保函编号", "保证金金额（元）", "保费", "状态", "出函日期"])
    {
        sheet.write_string(2, column, heading).unwrap();
    }
    sheet.write_string(3, 0, DIGITS).unwrap();
    sheet.write_number(3, 1, 800_000.0).unwrap();
    sheet.write_formula(3, 2, "=1600.25+1600.25").unwrap().set_formula_result(3, 2, "3200.5");
    sheet.write_string(3, 3, "已出函").unwrap();
    let date = Format::new().set_num_format("yyyy-mm-dd hh:mm");
    sheet.write_with_format(3, 4, &jiff::civil::date(2026, 11, 22).at(9, 30, 0, 0), &date).unwrap();
    sheet.write_string(6, 0, "合计").unwrap().write_number(6, 1, 800_000.0).unwrap();
    let read = read_plainly(&book.save_to_buffer().unwrap()).unwrap();
    let expected = Theirs { line: 4, number: Some(GuaranteeNumber::new(DIGITS)), ..first() };
    assert_eq!(read.rows, [expected]);
    assert_eq!(read.columns, ["guarantee_number", "amount", "premium", "state", "date"]);
}

#[test]
fn a_number_that_a_spreadsheet_has_rounded_is_refused() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "保函编号").unwrap().write_string(0, 1, "保额").unwrap();
    sheet.write_number(1, 0, 46_000_120_240_603_000_000.0).unwrap().write_number(1, 1, 1).unwrap();
    let refused = read_plainly(&book.save_to_buffer().unwrap()).unwrap_err().to_string();
    assert!(refused.contains("line 2, column `保函编号`") && refused.contains("as text"), "{refused}");
    let csv = problems("保函编号,保额\n4.60001E+19,1\n");
    assert!(csv[0].contains("with all its digits"), "{csv:?}");
}

#[test]
fn settings_name_other_columns_and_words() {
    let options = StatementOptions {
        guarantee_number: Vec::new(),
        application_number: vec!["单号".to_owned()],
        amount: vec!["金额".to_owned()],
        state: vec!["进度".to_owned()],
        states: [
            ("办结".to_owned(), Meaning::AnyOf(vec![Standing::Issued, Standing::Expired])),
            ("已出函".to_owned(), Meaning::One(Standing::NotIssued)),
        ]
        .into(),
        lists: vec![Movement::Issued],
        ..StatementOptions::default()
    };
    let read =
        read_with("单 号,金额,进度,保函编号\nA1,1,办结,X\nA2,2,已出函,Y\n".as_bytes(), &options).unwrap();
    let meant: Vec<_> = read.rows.iter().map(|row| row.state.clone().unwrap().meant).collect();
    assert_eq!(meant, [vec![Standing::Issued, Standing::Expired], vec![Standing::NotIssued]]);
    assert_eq!(read.rows[0].application, Some(ApplicationNumber::new("A1")));
    assert_eq!(read.rows[0].number, None);
}

#[test]
fn what_our_own_statement_marks_as_text_is_read_back() {
    let file = format!("业务流水号,保函编号,保证金金额\n'0012,'{DIGITS},1.00\n''x,'=y,1\n");
    let read = rows(file.as_bytes());
    assert_eq!(read[0].application, Some(ApplicationNumber::new("0012")));
    assert_eq!(read[0].number, Some(GuaranteeNumber::new(DIGITS)));
    assert_eq!(read[1].application, Some(ApplicationNumber::new("'x")));
    assert_eq!(read[1].number, Some(GuaranteeNumber::new("=y")));
}

#[test]
fn blank_rows_titles_and_sums_are_no_guarantees() {
    let file = "某平台对账单\n\n保函编号,保额,保费\nBH1,1,1\n,,\n合计：1笔,1,1\n";
    assert_eq!(rows(file.as_bytes()).len(), 1);
    // A row with a number is a guarantee, whatever else it says.
    assert_eq!(rows("保函编号,保额,备注\nBH1,1,合计\n".as_bytes()).len(), 1);
}

#[test]
fn every_bad_row_is_told_with_its_line_and_column_and_what_was_expected() {
    let told = problems(
        "保函编号,保证金金额,保费,状态,出函日期\nBH1,80万,x,已出函,2026-11-22\n,1,1,已出函,2026-13-01\nBH3,1,1,随便,\n",
    );
    assert_eq!(
        told[..4],
        [
            "line 2, column `保证金金额`: expected yuan with at most two places, such as 800000.00, found `80万`",
            "line 2, column `保费`: expected yuan with at most two places, such as 800000.00, found `x`",
            "line 3: expected the number of a guarantee or an application, found neither",
            "line 3, column `出函日期`: expected a day such as 2026-11-22, 2026/11/22 or 20261122, found `2026-13-01`",
        ]
    );
    assert!(told[4].starts_with("line 4, column `状态`: expected one of") && told[4].contains("`随便`"));
    assert_eq!(told.len(), 5);
}

#[test]
fn a_line_is_told_as_an_editor_counts_it() {
    let file = "标题\n\n\n保函编号,保额,备注\n\nBH1,1,\"两\n行\"\n\nBH2,x,\n";
    for end in ["\n", "\r\n", "\r"] {
        assert!(problems(&file.replace('\n', end))[0].starts_with("line 9, column `保额`"), "{end:?}");
    }
}

#[test]
fn of_many_problems_the_first_are_told_and_the_others_counted() {
    let file = format!("保函编号,保额\n{}", "BH1,x\n".repeat(33));
    let ImportError::Unsound(problems) = read_plainly(file.as_bytes()).unwrap_err() else { panic!() };
    assert_eq!((problems.first.len(), problems.count), (20, 33));
    assert!(problems.to_string().ends_with("and 13 more"));
}

#[test]
fn a_table_without_the_columns_that_are_needed_is_refused() {
    let no_number = problems("序号,金额\n1,2\n");
    assert!(
        no_number[0].contains("保函编号") && no_number[0].contains("found `序号、金额`"),
        "{no_number:?}"
    );
    let no_amount = problems("保函编号,保证金金额(万元)\nBH1,80\n");
    assert!(no_amount[0].contains("a heading for the amount"), "{no_amount:?}");
    let twice = problems("保函编号,保额,保额\nBH1,1,2\n");
    assert!(twice[0].contains("column `保额`: expected one column"), "{twice:?}");
    assert!(problems("")[0].contains("found nothing"));
}

#[test]
fn what_is_no_table_is_told_from_one() {
    for (file, word) in [
        (&b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"[..], ".xls"),
        (b"%PDF-1.7", "PDF"),
        (b"\xff\xff\xff\x00", "GB 18030"),
        (b"PK\x03\x04 and nothing", "workbook"),
    ] {
        let refused = read_plainly(file).unwrap_err();
        assert!(matches!(&refused, ImportError::NotATable(what) if what.contains(word)), "{refused}");
    }
}

#[test]
fn a_file_beyond_the_limits_is_refused() {
    let limits =
        ReconciliationOptions { file_bytes: PLAIN.len(), rows: 2, ..ReconciliationOptions::default() };
    let options = StatementOptions::default();
    assert!(read(PLAIN.as_bytes(), &options, &limits).is_ok());
    let longer = format!("{PLAIN} ");
    assert!(matches!(read(longer.as_bytes(), &options, &limits), Err(ImportError::TooLarge { .. })));
    let most = ReconciliationOptions { rows: 2, ..ReconciliationOptions::default() };
    let sheet = |count| [&[&["保函编号", "保额"][..]][..], &vec![&["BH1", "1"][..]; count]].concat();
    for count in [2, 3, 40] {
        let csv = format!("保函编号,保额\n{}", "BH1,1\n".repeat(count));
        for file in [csv.into_bytes(), workbook(&sheet(count))] {
            let read = read(&file, &options, &most);
            let refused = matches!(read, Err(ImportError::TooManyRows { limit: 2 }));
            assert_eq!(refused, count > 2, "{count}: {read:?}");
        }
    }
}

#[test]
fn a_workbook_that_claims_a_vast_extent_costs_nothing() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_string(0, 0, "保函编号").unwrap().write_string(0, 1, "保额").unwrap();
    sheet.write_string(1_048_575, 16_383, "x").unwrap();
    sheet.write_string(1, 0, "BH1").unwrap().write_string(1, 1, "1").unwrap();
    assert_eq!(rows(&book.save_to_buffer().unwrap()).len(), 1);
}

/// A sheet as no program writes it, inside a workbook as one does.
fn forged_sheet(rows: &str) -> Vec<u8> {
    use std::io::{Cursor, Read, Write};
    let mut book = Workbook::new();
    book.add_worksheet().write_string(0, 0, "保函编号").unwrap();
    let whole = book.save_to_buffer().unwrap();
    let mut old = zip::ZipArchive::new(Cursor::new(whole)).unwrap();
    let mut new = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..old.len() {
        let mut entry = old.by_index(index).unwrap();
        let name = entry.name().unwrap().into_owned();
        let mut content = String::new();
        entry.read_to_string(&mut content).unwrap();
        if name.ends_with("sheet1.xml") {
            let (start, end) = (content.find("<sheetData>").unwrap(), content.find("</sheetData>").unwrap());
            content = format!("{}{rows}{}", &content[..start + "<sheetData>".len()], &content[end..]);
        }
        new.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        new.write_all(content.as_bytes()).unwrap();
    }
    new.finish().unwrap().into_inner()
}

#[test]
fn a_cell_that_stands_twice_is_a_problem_and_not_another_column() {
    let cell =
        |place: &str, text: &str| format!("<c r=\"{place}\" t=\"inlineStr\"><is><t>{text}</t></is></c>");
    let headings = format!("<row r=\"1\">{}{}</row>", cell("A1", "保函编号"), cell("B1", "保额"));
    let row = |amounts: &str| format!("{headings}<row r=\"2\">{}{amounts}</row>", cell("A2", DIGITS));
    assert_eq!(read_plainly(&forged_sheet(&row(&cell("B2", "1.00")))).unwrap().rows.len(), 1);
    let twice = format!("{}{}", cell("B2", "1.00"), cell("B2", "900.00"));
    let refused = read_plainly(&forged_sheet(&row(&twice))).unwrap_err().to_string();
    assert!(
        refused.contains("line 2, column `保额`") && refused.contains("two values for one cell"),
        "{refused}"
    );
    // A row of many times the same cell is as long as the sheet is wide.
    let many = read_plainly(&forged_sheet(&row(&cell("B2", "1").repeat(100_000)))).unwrap_err().to_string();
    assert!(many.contains("two values for one cell"), "{many}");
}
