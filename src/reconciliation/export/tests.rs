//! What spreadsheets make of the files.

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};

use super::*;
use crate::domain::Stage;
use crate::domain::identity::{ApplicationNumber, GuaranteeId, GuaranteeNumber};
use crate::domain::money::Fen;
use crate::domain::party::Party;
use crate::reconciliation::movement::Movement;

const DIGITS: &str = "46000120240603000001";

fn line(applicant: &str, number: &str) -> Line {
    Line {
        guarantee: GuaranteeId::new("g1"),
        movement: Movement::ClaimPaid,
        at: "2026-11-22T15:59:59Z".parse().unwrap(),
        date: "2026-11-22".parse().unwrap(),
        application: ApplicationNumber::new("0012"),
        number: Some(GuaranteeNumber::new(number)),
        applicant: Party { name: applicant.to_owned(), code: "91460000MA0EXAMP7X".to_owned() },
        amount: "800000".parse().unwrap(),
        premium: Some("3200.05".parse().unwrap()),
        paid: None,
        stage: Some(Stage::Restored),
    }
}

fn period() -> Period {
    Period::day("2026-11-22".parse().unwrap())
}

fn csv_of(lines: &[Line]) -> String {
    let mut out = Vec::new();
    let mut file = CsvWriter::new(&mut out, &COLUMNS).unwrap();
    lines.iter().for_each(|line| file.row(&cells(line)).unwrap());
    file.finish().unwrap();
    String::from_utf8(out).unwrap()
}

fn workbook_of(lines: &[Line]) -> Vec<u8> {
    let mut totals = Totals::default();
    lines.iter().for_each(|line| totals.add(line));
    let mut book = StatementBook::new(period()).unwrap();
    book.write(lines).unwrap();
    book.finish(&PlatformId::new("somewhere"), &totals).unwrap()
}

#[test]
fn a_csv_file_has_a_mark_for_its_encoding_headings_and_lines_that_end_as_spreadsheets_want_them() {
    let text = csv_of(&[line("海峡示例建设有限公司", "BH1")]);
    let expected = "\u{feff}日期,业务类型,业务流水号,保函编号,投标人名称,统一社会信用代码,保证金金额,保费,赔付金额,日终状态,发生时间\r\n\
         2026-11-22,赔付,'0012,BH1,海峡示例建设有限公司,91460000MA0EXAMP7X,800000.00,3200.05,,明文保函已出具,2026-11-22 23:59:59\r\n";
    assert_eq!(text, expected);
}

#[test]
fn no_cell_begins_a_formula_in_csv_whoever_the_applicant_says_to_be() {
    for name in
        ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "'=1", "=\"a,b\""]
    {
        let text = csv_of(&[line(name, name)]);
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let record = reader.records().next().unwrap().unwrap();
        for column in [3, 4] {
            assert_eq!(record.get(column), Some(format!("'{name}").as_str()), "{name:?}");
        }
    }
    assert!(csv_of(&[line("甲=乙", "BH-1")]).contains(",BH-1,甲=乙,"), "only beginnings matter");
}

#[test]
fn an_identifier_that_a_spreadsheet_would_shorten_is_marked_as_text_in_csv() {
    for (number, written) in [
        (DIGITS, "'46000120240603000001"),
        ("123456789012", "'123456789012"),
        ("12345678901", "12345678901"),
        ("007", "'007"),
        ("460001E12", "'460001E12"),
        ("BH46000120240603000001", "BH46000120240603000001"),
        ("1E", "1E"),
    ] {
        assert!(csv_of(&[line("甲", number)]).contains(&format!(",{written},甲,")), "{number}");
    }
}

#[test]
fn a_workbook_keeps_identifiers_as_text_and_amounts_as_numbers() {
    let bytes = workbook_of(&[line("=cmd|' /C calc'!A0", DIGITS), line("乙", "BH2")]);
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["汇总", "明细"]);
    let movements = book.worksheet_range("明细").unwrap();
    let cell = |column| movements.get((1, column)).cloned().unwrap();
    let headings: Vec<String> = movements.rows().next().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(headings, COLUMNS.map(|column| column.heading));
    assert_eq!(cell(2), Data::String("0012".to_owned()));
    assert_eq!(cell(3), Data::String(DIGITS.to_owned()));
    assert_eq!(cell(4), Data::String("=cmd|' /C calc'!A0".to_owned()));
    assert_eq!(cell(7), Data::Float(3200.05));
    assert_eq!(cell(8), Data::Empty);
    assert!(book.worksheet_formula("明细").unwrap().is_empty());
    let sums = book.worksheet_range("汇总").unwrap();
    let row = sums.rows().find(|row| row[0] == Data::String("赔付".to_owned())).unwrap();
    assert_eq!(row[1..4], [Data::Float(2.0), Data::Float(1_600_000.0), Data::Float(6400.1)]);
}

#[test]
fn the_same_statement_gives_the_same_workbook() {
    let lines = [line("甲", "BH1")];
    assert_eq!(workbook_of(&lines), workbook_of(&lines));
}

#[test]
fn sums_beyond_the_largest_amount_are_exact() {
    let mut totals = Totals::default();
    let mut rich = line("甲", "BH1");
    rich.amount = Fen::new(99_999_999_999_999).unwrap();
    for _ in 0..3 {
        totals.add(&rich);
    }
    assert_eq!(totals.of(Movement::ClaimPaid).amount.to_string(), "2999999999999.97");
    assert_eq!(totals.of(Movement::Issued).premium.to_string(), "0.00");
}
