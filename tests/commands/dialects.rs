//! `baohan dialects`.

use crate::program::baohan;

#[test]
fn the_dialects_are_listed() {
    let listed = baohan(&["dialects"]).succeeded();
    let ids: Vec<&str> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(ids, ["hainan-2024", "jilin-2.0.3", "zhangzhou-2.3", "ggzy", "neimenggu-2024"]);
    assert!(listed.contains("jilin-2.0.3     12 interfaces, 7 of them called by the platform"), "{listed}");
}

#[test]
fn a_dialect_is_printed_with_the_columns_of_its_specification() {
    let printed = baohan(&["dialects", "jilin-2.0.3"]).succeeded();
    for line in [
        "# 吉林省公共资源交易一体化平台电子保函平台对接规范 V2.0.3",
        "## 4.10 理赔通知",
        "`claimsnotice`, the platform calls the gateway: `claim`",
        "| 参数 | 类型 | 长度 | 必填 | 说明 | meaning |",
        "| Reason | string | 500 | 否 | 理赔原因 | reason |",
        "| zbr | string | 500 | 是 | 招标人（密文） | beneficiary-name, ciphertext |",
        "| data.redirecturl |  |  | 否 | 需要引导客户跳转时提供 | redirect-url |",
    ] {
        assert!(printed.lines().any(|it| it == line), "{line}\n{printed}");
    }
    assert_eq!(printed.matches("\n## ").count(), 12);
}

#[test]
fn what_a_specification_does_not_print_has_no_column_and_what_it_adds_has_one() {
    let exchanges = baohan(&["dialects", "ggzy"]).succeeded();
    assert!(exchanges.contains("\n| 参数 | 必填 | 说明 | meaning |\n"), "{exchanges}");
    assert!(exchanges.contains("| data.baohanlist[] |  | 保函明细 |  |\n"), "{exchanges}");
    assert!(
        exchanges.contains("| data.baohanlist[].status | 是 | 0：已出函 1：已退保 | guarantee-status: issued 0, surrendered 1 |"),
        "{exchanges}"
    );
    let wrapped = baohan(&["dialects", "neimenggu-2024"]).succeeded();
    for line in [
        "| 参数 | 参数名称 | 类型 | 长度 | 必填 | 说明 | 示例值 | meaning |",
        "| version | 接口版本 | string | 10 | 是 |  | v1.0 | always `v1.0` |",
        "| guaranteeDate | 担保期限 | string | 10 | 是 | 月 | 24 | guarantee-months |",
    ] {
        assert!(wrapped.lines().any(|it| it == line), "{line}\n{wrapped}");
    }
}

#[test]
fn an_own_dialect_is_printed_and_an_unknown_one_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let text = include_str!("../../src/dialect/tables/ggzy.toml").replace("id = \"ggzy\"", "id = \"own\"");
    std::fs::write(folder.path().join("own.toml"), text).unwrap();
    let folder = folder.path().to_str().unwrap();
    assert!(baohan(&["dialects", "own", "--folder", folder]).succeeded().contains("Dialect `own`"));
    let unknown = baohan(&["dialects", "own"]);
    assert!(unknown.code == 2 && unknown.complaint.contains("neimenggu-2024, found `own`"), "{unknown:?}");
}
