//! Applications for an advance-payment guarantee: the 26 fields of PREP101, and made-up ones that look real.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::sandbox::tender::{credit_code, pick};

/// One application, with the names of 10.1 in our spelling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Application {
    /// 申请编号; 64 characters here, 32 in PREP102 and PREP103.
    pub application_id: String,
    /// 企业名称; 256 characters here, 50 in PREP102.
    pub supplier: String,
    pub social_credit_code: String,
    pub legal_name: String,
    pub legal_id_no: String,
    pub supplier_address: Option<String>,
    /// 预付款申请金额, yuan with two places.
    pub advance_amount: String,
    /// 经办人
    pub contacts: String,
    pub contacts_way: String,
    pub contract_cer_no: String,
    pub project_code: String,
    pub project_name: String,
    pub bid_code: String,
    pub bid_name: String,
    /// 服务类, 货物类 or 工程类
    pub purchase_nature: String,
    /// 中标日期, `yyyyMMdd`
    pub bid_date: String,
    /// 中标金额, yuan with two places.
    pub bid_amount: String,
    /// 采购人名称, the beneficiary.
    pub purchase_name: String,
    pub purchase_soc_code: String,
    /// 担保期限, in months.
    pub guarantee_date: String,
    /// 合同期限, in months.
    pub contract_date: Option<String>,
    /// 担保时间起期; the table prints `yyyyMMd`, which is taken for `yyyyMMdd`.
    pub guarantee_start_date: Option<String>,
    /// 担保时间止期, in the same form.
    pub guarantee_end_date: Option<String>,
    pub ext1: Option<String>,
    pub ext2: Option<String>,
    pub ext3: Option<String>,
}

impl Application {
    /// The message of PREP101: names as the specification has them, in its order, what is missing left out.
    pub fn fields(&self) -> Vec<(String, String)> {
        let optional = |value: &Option<String>| value.clone();
        let fields = [
            ("applicationId", Some(self.application_id.clone())),
            ("supplier", Some(self.supplier.clone())),
            ("socialCreditCode", Some(self.social_credit_code.clone())),
            ("legalName", Some(self.legal_name.clone())),
            ("legalIdNo", Some(self.legal_id_no.clone())),
            ("supplierAddress", optional(&self.supplier_address)),
            ("advanceAmount", Some(self.advance_amount.clone())),
            ("contacts", Some(self.contacts.clone())),
            ("contactsWay", Some(self.contacts_way.clone())),
            ("contractCerNo", Some(self.contract_cer_no.clone())),
            ("projectCode", Some(self.project_code.clone())),
            ("projectName", Some(self.project_name.clone())),
            ("bidCode", Some(self.bid_code.clone())),
            ("bidName", Some(self.bid_name.clone())),
            ("purchaseNature", Some(self.purchase_nature.clone())),
            ("bidDate", Some(self.bid_date.clone())),
            ("bidAmount", Some(self.bid_amount.clone())),
            ("purchaseName", Some(self.purchase_name.clone())),
            ("purchaseSocCode", Some(self.purchase_soc_code.clone())),
            ("guaranteeDate", Some(self.guarantee_date.clone())),
            ("contractDate", optional(&self.contract_date)),
            ("guaranteeStartDate", optional(&self.guarantee_start_date)),
            ("guaranteeEndDate", optional(&self.guarantee_end_date)),
            ("ext1", optional(&self.ext1)),
            ("ext2", optional(&self.ext2)),
            ("ext3", optional(&self.ext3)),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
    }

    /// The `n`th made-up application: every other one with all fields, the rest with the necessary ones only. Its
    /// number contains `now`, so that two runs against one gateway don't meet.
    pub fn generated(n: u32, now: Timestamp) -> Self {
        let moment: String = clock::to_wire(now).chars().filter(char::is_ascii_digit).collect();
        let date = clock::china_date(now);
        let day = |date: jiff::civil::Date| date.strftime("%Y%m%d").to_string();
        let place = pick(PLACES, n);
        let (subject, nature) = pick(SUBJECTS, n / 2);
        let thousands = u64::from(n) * 17 % 900 + 100;
        let months = pick(&[12_i32, 24, 6, 18], n);
        let project_code = format!("NMGZC-G-{}-{}{:04}", pick(&["F", "H", "C"], n), date.strftime("%y"), n);
        let extra = |value: String| n.is_multiple_of(2).then_some(value);
        let end = date.checked_add(jiff::Span::new().months(months)).unwrap_or(jiff::civil::Date::MAX);
        Self {
            application_id: format!("YFK{moment}{n:04}"),
            supplier: format!("{}{}{}有限公司", pick(CITIES, n), pick(NAMES, n / 3 + n), pick(TRADES, n / 2)),
            social_credit_code: credit_code("91", pick(REGIONS, n), n),
            legal_name: format!("{}{}", pick(SURNAMES, n), pick(GIVEN_NAMES, n / 2)),
            legal_id_no: identity_number(pick(REGIONS, n), 1968 + n % 30, n),
            supplier_address: extra(format!("{}新华东街{}号", pick(PLACES, n), n % 200 + 1)),
            advance_amount: format!("{}.00", thousands * 300),
            contacts: format!("{}{}", pick(SURNAMES, n + 3), pick(GIVEN_NAMES, n)),
            contacts_way: format!("156{:08}", (u64::from(n) * 7_919 + 10_007) % 100_000_000),
            contract_cer_no: identity_number("150102", 1980 + n % 20, n + 7),
            bid_code: format!("{project_code}-{}", n % 3 + 1),
            project_code,
            project_name: format!("{place}{subject}项目"),
            bid_name: format!("{subject}（第{}包）", pick(ORDINALS, n)),
            purchase_nature: nature.to_owned(),
            bid_date: day(date.checked_sub(jiff::Span::new().days(10)).unwrap_or(date)),
            bid_amount: format!("{}.00", thousands * 1_000),
            purchase_name: pick(PURCHASERS, n).to_owned(),
            purchase_soc_code: credit_code("11", "150000", n),
            guarantee_date: months.to_string(),
            contract_date: extra(months.to_string()),
            guarantee_start_date: extra(day(date)),
            guarantee_end_date: extra(day(end)),
            ext1: extra("一次性支付".to_owned()),
            ext2: extra(String::from("30%")),
            ext3: extra("无".to_owned()),
        }
    }
}

/// 公民身份号码 with its check character (GB 11643-1999).
fn identity_number(region: &str, year: u32, n: u32) -> String {
    let body = format!("{region}{year}{:02}{:02}{:03}", n % 12 + 1, n % 28 + 1, n % 999 + 1);
    let check = identity_check(&body);
    format!("{body}{check}")
}

fn identity_check(body: &str) -> char {
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let digits = body.chars().map(|digit| digit.to_digit(10).unwrap_or(0));
    let sum: u32 = digits.zip(weights).map(|(digit, weight)| digit * weight).sum();
    match (12 - sum % 11) % 11 {
        10 => 'X',
        check => char::from_digit(check, 10).unwrap_or('0'),
    }
}

const CITIES: &[&str] = &["内蒙古", "呼和浩特", "包头", "鄂尔多斯", "北京", "赤峰", "辽宁", "呼伦贝尔"];
const REGIONS: &[&str] = &["150000", "150100", "150200", "150600", "110108", "150400", "210100", "150700"];
const NAMES: &[&str] = &["敕勒川", "蒙晟", "云中", "阿尔山", "昕鑫", "塞上", "骏驰", "青城", "䶮泰"];
const TRADES: &[&str] = &["信息技术", "办公设备", "物业服务", "建筑安装", "医疗器械", "勘测规划"];
const SURNAMES: &[&str] = &["巴", "苏", "王", "包", "李", "白", "欧阳", "韩"];
const GIVEN_NAMES: &[&str] = &["特尔", "建军", "其木格", "日娜", "志远", "海霞", "䶮"];
const PLACES: &[&str] = &[
    "呼和浩特市赛罕区",
    "包头市昆都仑区",
    "鄂尔多斯市康巴什区",
    "锡林浩特市",
    "通辽市科尔沁区",
    "阿拉善左旗",
    "乌兰察布市集宁区",
];
const SUBJECTS: &[(&str, &str)] = &[
    ("数据中心运维服务", "服务类"),
    ("教学用计算机采购", "货物类"),
    ("旗级医院门诊楼维修改造", "工程类"),
    ("草原生态监测服务", "服务类"),
    ("雪地应急车辆采购", "货物类"),
];
const ORDINALS: &[&str] = &["一", "二", "三"];
/// The fifth is longer than the 25 characters that PREP106 has for a beneficiary.
const PURCHASERS: &[&str] = &[
    "内蒙古自治区公安厅",
    "呼和浩特市教育局",
    "锡林郭勒盟行政公署机关事务服务中心",
    "包头市卫生健康委员会",
    "内蒙古自治区呼伦贝尔市莫力达瓦达斡尔族自治旗教育体育局",
    "阿拉善盟林业和草原局",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// 参数长度 of 10.1, and the shorter ones of other tables where the same value goes.
    const LENGTHS: &[(&str, usize)] = &[
        ("applicationId", 32),
        ("supplier", 50),
        ("socialCreditCode", 18),
        ("legalName", 20),
        ("legalIdNo", 18),
        ("supplierAddress", 256),
        ("contacts", 20),
        ("contactsWay", 20),
        ("contractCerNo", 18),
        ("projectCode", 50),
        ("projectName", 128),
        ("bidCode", 128),
        ("bidName", 256),
        ("purchaseNature", 10),
        ("bidDate", 8),
        ("purchaseName", 256),
        ("purchaseSocCode", 64),
        ("guaranteeDate", 10),
        ("contractDate", 10),
        ("guaranteeStartDate", 20),
        ("guaranteeEndDate", 20),
        ("ext1", 256),
    ];

    #[test]
    fn made_up_applications_differ_and_fit_the_table_of_10_1() {
        let now = clock::from_wire("2024-11-18 09:30:00").unwrap();
        let mut numbers = std::collections::BTreeSet::new();
        for n in 0..200 {
            let application = Application::generated(n, now);
            assert!(numbers.insert(application.application_id.clone()));
            let fields = application.fields();
            assert_eq!(fields.len(), if n % 2 == 0 { 26 } else { 19 });
            for (name, value) in &fields {
                let longest = LENGTHS.iter().find(|(known, _)| known == name).map_or(usize::MAX, |(_, l)| *l);
                assert!(!value.is_empty() && value.chars().count() <= longest, "{name}: {value}");
            }
            for code in [&application.social_credit_code, &application.purchase_soc_code] {
                assert_eq!(code.len(), 18);
            }
        }
        assert_eq!(Application::generated(7, now).application_id, "YFK202411180930000007");
    }

    #[test]
    fn an_identity_number_has_the_check_character_of_the_standard() {
        // The two examples that are printed with GB 11643-1999.
        assert_eq!(identity_check("11010519491231002"), 'X');
        assert_eq!(identity_check("44052418800101001"), '4');
    }
}
