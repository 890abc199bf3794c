//! What an application of Zhangzhou says about the project beside its section (4.1).

use super::super::tender::{Application, pick};

/// The further fields of `baohanapply` in plaintext, made up from the application's number.
pub fn particulars(application: &Application) -> Vec<(&'static str, String)> {
    let digits: String = application.applyno.chars().filter(char::is_ascii_digit).collect();
    let tail = digits.len().checked_sub(4).and_then(|at| digits.get(at..)).unwrap_or_default();
    let n: u32 = tail.parse().unwrap_or_default();
    let year = digits.get(..4).unwrap_or("2024");
    let month = digits.get(4..6).unwrap_or("06");
    let section = &application.section_number;
    let project = section.rsplit_once('-').map_or(section.as_str(), |(project, _)| project);
    let name = &application.section_name;
    let project_name = name.split_once("施工").map_or(name.as_str(), |(project, _)| project);
    let page = format!("https://tender.example.com/{}", application.applyno);
    vec![
        ("approvalcode", format!("漳发改审〔{year}〕{}号", n % 300 + 1)),
        ("projectcode", format!("{year}-350603-48-01-{:06}", n + 100_000)),
        ("projectno", project.to_owned()),
        ("projectname", project_name.to_owned()),
        ("reckonprice", format!("{}.88", 1_000_000 + u64::from(n) * 7_919)),
        ("tendererbankcode", format!("35050164{:012}", u64::from(n) + 1)),
        ("tendereropenbank", "中国建设银行漳州龙文支行".to_owned()),
        ("tendererbankaccount", application.beneficiary.clone()),
        ("tenderercontact", pick(&["林某", "陈某", "蔡某"], n).to_owned()),
        ("tenderercontacttel", format!("0596-2{:06}", n % 1_000_000)),
        ("citycode", "350603".to_owned()),
        ("projecttype", pick(&["施工", "监理", "勘察设计"], n).to_owned()),
        ("bzjendtime", format!("{year}-{month}-27 17:00:00")),
        ("kaibiaotime", format!("{year}-{month}-28 09:00:00")),
        ("tbyxq", pick(&["90", "120", "60"], n).to_owned()),
        ("tendernoticeurl", format!("{page}/notice.html")),
        ("tenderfileurl", format!("{page}/tender.pdf?v=1&n={n}")),
    ]
}
