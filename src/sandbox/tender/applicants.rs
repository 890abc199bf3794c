//! Applications as the platform knows them: the truth behind the ciphertext, and made-up ones that look like real ones.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::crypto::second_opinion::{Objection, sm4_ecb_encrypt};

/// One application with its project in plaintext, which the institution sees only after the opening.
#[derive(Clone, Serialize, Deserialize)]
pub struct Application {
    pub applyno: String,
    pub biddername: String,
    pub biddercode: String,
    pub jbrname: String,
    pub jbrphone: String,
    /// 标段编号
    pub section_number: String,
    /// 标段名称
    pub section_name: String,
    /// 保证金金额, yuan with two places.
    pub bond: String,
    /// 招标人
    pub beneficiary: String,
    /// 招标人统一社会信用代码, which the specification lets a platform leave out.
    pub beneficiary_code: Option<String>,
    /// The SM4 key of this application's project fields, sent at the opening, or agreed on.
    #[serde(skip, default = "fresh_key")]
    pub key: [u8; 16],
}

/// The project fields as they go over the wire: SM4-ECB with PKCS#7, as Base64.
#[derive(Clone, Debug, Serialize)]
pub struct Sealed {
    pub biaoduanno: String,
    pub biaoduanname: String,
    pub zbr: String,
    pub zbrorgnum: Option<String>,
}

/// A random SM4 key.
pub fn fresh_key() -> [u8; 16] {
    rand::random()
}

/// One project field under an application's key.
pub fn encrypt_field(key: &[u8; 16], plaintext: &str) -> Result<String, Objection> {
    Ok(BASE64.encode(sm4_ecb_encrypt(key, plaintext.as_bytes())?))
}

impl Application {
    /// The project fields under this application's key.
    ///
    /// # Errors
    /// Never in practice: libsm declares its encryption fallible.
    pub fn sealed(&self) -> Result<Sealed, Objection> {
        let encrypt = |text: &str| encrypt_field(&self.key, text);
        Ok(Sealed {
            biaoduanno: encrypt(&self.section_number)?,
            biaoduanname: encrypt(&self.section_name)?,
            zbr: encrypt(&self.beneficiary)?,
            zbrorgnum: self.beneficiary_code.as_deref().map(encrypt).transpose()?,
        })
    }

    /// The `n`th made-up application; its numbers contain `now`, so that two runs against one gateway don't meet.
    pub fn generated(prefix: &str, n: u32, now: Timestamp) -> Self {
        let moment: String = clock::to_wire(now).chars().filter(char::is_ascii_digit).collect();
        let year = moment.get(..4).unwrap_or("2024");
        let place = pick(PLACES, n);
        let (work, kind) = pick(WORKS, n / 3);
        let region = pick(REGIONS, n);
        Self {
            applyno: format!("{prefix}{moment}{n:04}"),
            biddername: format!(
                "{}{}{}有限公司",
                pick(CITIES, n),
                pick(FIRST_NAMES, n / 7 + n),
                pick(TRADES, n / 2)
            ),
            biddercode: credit_code("91", region, n),
            jbrname: format!("{}{}", pick(SURNAMES, n), pick(GIVEN_NAMES, n / 5)),
            jbrphone: format!("138{:08}", (u64::from(n) * 7_919 + 10_007) % 100_000_000),
            section_number: format!("HNGZ{year}-{kind}-{:05}-{:03}", n + 1, n % 3 + 1),
            section_name: format!("{place}{work}（第{}期）施工{}标段", n + 1, pick(ORDINALS, n)),
            bond: format!("{}.00", pick(BONDS, n)),
            beneficiary: format!("{place}{}", pick(OFFICES, n / 2)),
            beneficiary_code: Some(credit_code("11", "460000", n)),
            key: fresh_key(),
        }
    }
}

pub fn pick<T: Copy + Default>(list: &[T], n: u32) -> T {
    let index = usize::try_from(n).unwrap_or(0) % list.len().max(1);
    list.get(index).copied().unwrap_or_default()
}

/// 统一社会信用代码 with both of its check characters (GB 32100-2015, GB 11714-1997).
pub fn credit_code(kind: &str, region: &str, n: u32) -> String {
    let serial = format!("MA{:06}", (u64::from(n) * 48_611 + 271_828) % 1_000_000);
    let weights = [3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 =
        serial.chars().zip(weights).map(|(digit, weight)| digit.to_digit(36).unwrap_or(0) * weight).sum();
    let organisation = match 11 - sum % 11 {
        10 => 'X',
        11 => '0',
        check => char::from_digit(check, 10).unwrap_or('0'),
    };
    let body = format!("{kind}{region}{serial}{organisation}");
    format!("{body}{}", check_character(&body))
}

/// The last character of a credit code, from the seventeen before it.
fn check_character(body: &str) -> char {
    let (sum, _) = body.chars().fold((0, 1), |(sum, weight), character| {
        let value = CREDIT_ALPHABET.chars().position(|known| known == character).unwrap_or(0);
        (sum + value * weight, weight * 3 % 31)
    });
    CREDIT_ALPHABET.chars().nth((31 - sum % 31) % 31).unwrap_or('0')
}

const CREDIT_ALPHABET: &str = "0123456789ABCDEFGHJKLMNPQRTUWXY";
const CITIES: &[&str] =
    &["海南", "海口", "三亚", "广东", "福建", "湖南", "中铁", "江西", "广西", "四川", "浙江"];
const REGIONS: &[&str] = &[
    "460000", "460100", "460200", "440000", "350100", "430100", "110106", "360100", "450100", "510100",
    "330100",
];
const FIRST_NAMES: &[&str] = &[
    "海峡",
    "鲲鹏",
    "南渡江",
    "椰林",
    "天涯",
    "骏逸",
    "琼州",
    "堃泰",
    "鑫淼",
    "云帆",
    "博鳌",
    "弘毅",
    "五指山",
];
const TRADES: &[&str] = &["建设", "建筑工程", "市政园林", "水利水电工程", "路桥", "机电安装", "建设集团"];
const SURNAMES: &[&str] = &["林", "陈", "王", "符", "吴", "黎", "欧阳", "韩", "邢"];
const GIVEN_NAMES: &[&str] = &["建国", "海燕", "志强", "丽娟", "文昌", "䶮", "思远"];
const PLACES: &[&str] = &[
    "海口市美兰区",
    "海口市琼山区",
    "三亚市崖州区",
    "儋州市那大镇",
    "琼海市嘉积镇",
    "文昌市航天城",
    "万宁市兴隆",
    "东方市八所镇",
    "陵水黎族自治县",
    "澄迈县老城",
];
const WORKS: &[(&str, &str)] = &[
    ("市政道路改造工程", "SZ"),
    ("农村饮水安全巩固提升工程", "SL"),
    ("中心小学教学综合楼工程", "FJ"),
    ("污水处理厂提标改造工程", "SZ"),
    ("高标准农田建设项目", "NT"),
    ("国道G98连接线公路工程", "GL"),
    ("人民医院门诊住院楼机电安装工程", "JD"),
];
const ORDINALS: &[&str] = &["一", "二", "三"];
const OFFICES: &[&str] =
    &["住房和城乡建设局", "水务局", "教育局", "交通运输局", "城市建设投资有限公司", "农业农村局"];
const BONDS: &[&str] = &["800000", "500000", "350000", "120000", "60000", "180000", "20000"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_encrypted_as_the_known_answer_says() {
        let key = hex::decode("00112233445566778899aabbccddeeff").unwrap().try_into().unwrap();
        assert_eq!(
            encrypt_field(&key, "某市道路改造工程施工一标段").unwrap(),
            "VM6qyRqwiCfdMA2R21lKaap6Qtv1e7THddUcstWwuPfEe9twZnBBhYPDEUQhofOC"
        );
    }

    #[test]
    fn made_up_applications_differ_and_fit_the_tables() {
        let now = clock::from_wire("2024-06-03 09:15:27").unwrap();
        let mut sections = std::collections::BTreeSet::new();
        for n in 0..300 {
            let application = Application::generated("TBHN", n, now);
            assert!(sections.insert(application.section_name.clone()), "{}", application.section_name);
            assert_eq!(application.biddercode.len(), 18);
            assert_eq!(application.beneficiary_code.as_ref().map(String::len), Some(18));
            let sealed = application.sealed().unwrap();
            assert!(
                sealed.biaoduanno.len() <= 500
                    && sealed.biaoduanname.len() <= 1000
                    && sealed.zbr.len() <= 500
            );
        }
        assert_eq!(Application::generated("TBHN", 7, now).applyno, "TBHN202406030915270007");
    }

    #[test]
    fn a_credit_code_has_the_check_character_of_the_standard() {
        // 91350100M000100Y43 is the example that is printed with GB 32100-2015.
        assert_eq!(check_character("91350100M000100Y4"), '3');
    }
}
