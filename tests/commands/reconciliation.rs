//! `baohan reconcile`, on what a demonstration has left.

use std::io::Cursor;

use baohan_gateway::clock::{self, Clock};
use calamine::{Data, Reader, Xlsx};

use crate::demonstration::House;

/// The movements of the demonstration as its CSV tells them, without the apostrophes that are there for spreadsheets.
fn movements(house: &House) -> Vec<Vec<String>> {
    let today = clock::china_date(Clock::system().now());
    let (first, last) = (today.yesterday().unwrap().to_string(), today.to_string());
    let said = ["reconcile", "statement", "--platform", "hainan", "--date", &first, "--until", &last];
    let csv = house.run(&said).succeeded();
    let lines = csv.strip_prefix('\u{feff}').unwrap().split_terminator("\r\n").skip(1);
    lines.map(|line| line.split(',').map(|cell| cell.trim_start_matches('\'').to_owned()).collect()).collect()
}

/// The platform's file that agrees with us on the day of the first issue, and that day.
fn agreeing(house: &House) -> (String, String) {
    let movements = movements(house);
    let issued: Vec<_> = movements.iter().filter(|line| line[1] == "出函").collect();
    let day = issued[0][0].clone();
    let mut text = "业务流水号;保函编号;保证金金额(元);保费;保函状态\n".to_owned();
    for line in issued.iter().filter(|line| line[0] == day) {
        text.push_str(&format!("{};{};{};{};{}\n", line[2], line[3], line[6], line[7], line[9]));
    }
    (text, day)
}

fn import(house: &House, day: &str, name: &str, text: &str) -> crate::program::Ran {
    let path = house.path(name);
    std::fs::write(&path, text).unwrap();
    let (date, file) = (["--date", day], path.to_str().unwrap());
    house.run(&[&["reconcile", "import", "-p", "hainan", file, "--by", "张三"][..], &date].concat())
}

#[test]
fn a_statement_is_written_to_a_file_with_its_sums() {
    let house = House::new();
    let (_, day) = agreeing(&house);
    let (csv, book) = (house.path("day.csv"), house.path("day.xlsx"));
    for path in [&csv, &book] {
        let (file, date) = (path.to_str().unwrap(), ["--date", &day]);
        let said = house
            .run(&[&["reconcile", "statement", "-p", "hainan", "-o", file][..], &date].concat())
            .succeeded();
        assert!(said.contains("出函 5 笔：保证金") && said.contains("退保 1 笔"), "{said}");
    }
    assert!(std::fs::read(&csv).unwrap().starts_with(b"\xEF\xBB\xBF"));
    let book = std::fs::read(&book).unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(book)).unwrap();
    let sums = book.worksheet_range("汇总").unwrap();
    let issued = sums.rows().find(|row| row[0] == Data::String("出函".to_owned())).unwrap();
    assert_eq!(issued[1], Data::Float(5.0));

    let tomorrow =
        clock::china_date(Clock::system().now()).tomorrow().unwrap().tomorrow().unwrap().to_string();
    for (date, platform, complaint) in [
        (&tomorrow, "hainan", "a day that has begun"),
        (&day, "hinan", "expected one of hainan, found `hinan`"),
    ] {
        let refused = house.run(&["reconcile", "statement", "-p", platform, "--date", date]);
        assert!(refused.code == 2 && refused.complaint.contains(complaint), "{refused:?}");
    }
    let nowhere = house.run(&["reconcile", "statement", "-p", "hainan", "--date", &day, "--format", "xlsx"]);
    assert!(nowhere.code == 2 && nowhere.complaint.contains("--out"), "{nowhere:?}");
}

#[test]
fn a_file_that_differs_ends_with_1_until_somebody_signs() {
    let house = House::new();
    let (text, day) = agreeing(&house);
    let agreed = import(&house, &day, "agreed.csv", &text);
    assert_eq!(agreed.code, 0, "{agreed:?}");
    assert!(agreed.out.contains("差异 0 笔  待签认"), "{}", agreed.out);

    let short: Vec<&str> = text.lines().collect();
    let short = format!("{}\nX1;BH-X;1;1;已出函\n", short[..short.len() - 1].join("\n"));
    let differing = import(&house, &day, "short.csv", &short);
    assert_eq!(differing.code, 1, "{differing:?}");
    assert!(
        differing.out.contains("仅我方有 1 笔") && differing.out.contains("仅对方有 1 笔"),
        "{}",
        differing.out
    );
    let again = import(&house, &day, "renamed.csv", &short);
    assert!(again.code == 1 && again.out.starts_with("该文件此前已导入"), "{again:?}");

    let id = differing.out.split_whitespace().next().unwrap().to_owned();
    let current = house.run(&["reconcile", "show", "-p", "hainan", "--date", &day]);
    assert_eq!((current.code, &current.out), (1, &differing.out));
    let unsigned = house.run(&["reconcile", "sign-off", &id, "--by", "王五"]);
    assert!(
        unsigned.code == 1 && unsigned.out.contains("未执行：2 differences are unexplained"),
        "{unsigned:?}"
    );
    let wrong = house.run(&["reconcile", "remark", &id, "-d", "9", "--by", "李四", "--remark", "x"]);
    assert!(wrong.code == 1 && wrong.out.contains("#9 未登记"), "{wrong:?}");
    let said = ["reconcile", "remark", &id, "-d", "1", "-d", "2", "--by", "李四", "--remark", "平台漏报"];
    let explained = house.run(&said).succeeded();
    assert!(explained.contains("待签认") && explained.contains("李四 于"), "{explained}");
    let signed = house.run(&["reconcile", "sign-off", &id, "--by", "王五"]).succeeded();
    assert!(signed.contains("王五 已签认"), "{signed}");
    let twice = house.run(&["reconcile", "sign-off", &id, "--by", "赵六"]);
    assert!(twice.code == 1 && twice.out.contains("未执行：signed by 王五"), "{twice:?}");
    let list = house.run(&["reconcile", "list", "-p", "hainan"]).succeeded();
    assert!(list.contains("已被新文件取代") && list.ends_with("共 2 条\n"), "{list}");
}

#[test]
fn a_file_that_cannot_be_understood_is_refused_with_its_lines() {
    let house = House::new();
    let (text, day) = agreeing(&house);
    let refused = import(&house, &day, "bad.csv", &format!("{text}X1;BH-X;one;1;已出函\n;;1;1;已出函\n"));
    assert_eq!(refused.code, 2, "{refused:?}");
    for expected in ["nothing was compared", "column `保证金金额`", "found `one`", "found neither"] {
        assert!(refused.complaint.contains(expected), "{expected}: {}", refused.complaint);
    }
    let none = house.run(&["reconcile", "show", "-p", "hainan", "--date", &day]);
    assert!(none.code == 2 && none.complaint.contains("no statement"), "{none:?}");
    let unknown = house.run(&["reconcile", "show", "R0"]);
    assert!(unknown.code == 2 && unknown.complaint.contains("`R0`"), "{unknown:?}");
}
