//! Each form of letter in each of its kinds: what is printed and what the structured data say of it, and that it stays
//! on the page.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;

/// Every form in every kind that it has.
pub(super) fn samples() -> impl Iterator<Item = Letter> {
    Form::ALL.into_iter().flat_map(|form| {
        let kinds = [LetterKind::Ciphertext, LetterKind::Plaintext];
        kinds.into_iter().filter(move |kind| form.has(*kind)).map(move |kind| Letter::sample(form, kind))
    })
}

fn document(letter: &Letter) -> OfdDocument {
    press().document(&[letter], &metadata()).unwrap()
}

/// The names of elements with text, with the path to them, and the text.
pub(super) fn leaves(xml: &[u8]) -> Vec<(String, String)> {
    let mut reader = Reader::from_str(std::str::from_utf8(xml).unwrap());
    let (mut path, mut leaves) = (Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => path.push(tag.name().as_ref().to_owned()),
            Event::Text(text) => leaves.push((path[1..].join("/"), text.to_string())),
            Event::End(_) => drop(path.pop()),
            Event::Eof => return leaves,
            other => assert!(matches!(other, Event::Decl(_)), "{other:?}"),
        }
    }
}

/// All strings and numbers in a JSON value, but for the form and the kind.
fn values_of(value: &serde_json::Value) -> Vec<String> {
    match value {
        serde_json::Value::String(text) => vec![text.clone()],
        serde_json::Value::Number(number) => vec![number.to_string()],
        serde_json::Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !matches!(name.as_str(), "form" | "kind"))
            .flat_map(|(_, value)| values_of(value))
            .collect(),
        _ => Vec::new(),
    }
}

/// A value of the structured data as the page shows it, without spaces.
pub(super) fn printed(path: &str, value: &str) -> String {
    match path.rsplit('/').next().unwrap() {
        "LatestDate" | "IssuedOn" | "From" | "To" | "Date" => {
            let date: jiff::civil::Date = value.parse().unwrap();
            format!("{}年{}月{}日", date.year(), date.month(), date.day())
        }
        "Amount" => {
            let (yuan, fen) = value.split_once('.').unwrap();
            let groups: Vec<&str> =
                yuan.as_bytes().rchunks(3).rev().map(|digits| std::str::from_utf8(digits).unwrap()).collect();
            format!("¥{}.{fen}", groups.join(","))
        }
        "Months" => format!("（{value}个月）"),
        "ContractMonths" => format!("合同期限{value}个月"),
        "DaysAfterBidValidity" => format!("投标有效期届满后{value}日"),
        "DaysToPay" => format!("之日起{value}日内"),
        "Court" => format!("由{value}管辖"),
        "AmountInWords" => format!("人民币{value}"),
        _ => value.replace(' ', ""),
    }
}

#[test]
fn every_value_of_the_structured_data_is_printed_and_nothing_else_is_known() {
    for letter in samples() {
        let document = document(&letter);
        let text = OfdReader::of(&document).text();
        let leaves = leaves(&data_xml::letter_xml(&letter));
        for (path, value) in &leaves {
            let printed = printed(path, value);
            assert!(text.contains(&printed), "{letter:?}: {path}: {printed}\n{text}");
        }
        let mut told: Vec<String> = leaves.into_iter().map(|(_, value)| value).collect();
        let mut known = values_of(&serde_json::to_value(&letter).unwrap());
        for amount in &mut known {
            if amount.ends_with(".00") {
                *amount = amount.replace(',', "");
            }
        }
        told.sort();
        known.sort();
        assert!(known.len() >= 20, "{known:?}");
        assert_eq!(told, known, "{letter:?}");
    }
}

#[test]
fn the_structured_data_are_attached_to_the_document_as_they_are_told_alone() {
    for letter in samples() {
        let kind = if letter.kind == LetterKind::Plaintext { "plaintext" } else { "ciphertext" };
        let attached = OfdReader::of(&document(&letter)).string(&format!("Doc_0/Attachs/{kind}_letter.xml"));
        assert_eq!(attached.as_bytes(), data_xml::letter_xml(&letter));
        let root = format!(r#"<Guarantee version="1" form="{}" kind="{kind}">"#, letter.form.name());
        assert!(attached.contains(&root), "{attached}");
    }
}

#[test]
fn a_letter_promises_what_its_form_may_promise() {
    let text = |form| OfdReader::of(&document(&Letter::sample(form, LetterKind::Plaintext))).text();
    let on_demand = ["见索即付", "无条件付款", "不以上述关系产生的任何抗辩"];
    let independent = text(Form::BidBond);
    assert!(on_demand.iter().all(|promise| independent.contains(promise)), "{independent}");
    for (form, promises) in [
        (Form::ConditionalBidBond, ["连带责任保证", "不是独立保函", "申请人放弃抗辩的，我方仍可以主张"]),
        (Form::BidBondInsurance, ["投标保证保险凭证", "零时起至2024年10月31日二十四时止", "代位求偿"]),
        (Form::AdvancePayment, ["随预付款的抵扣和返还而减少", "预付款支付至申请人账户之日起生效", "货物类"]),
    ] {
        let text = text(form);
        assert!(promises.iter().all(|promise| text.contains(promise)), "{text}");
        assert!(!on_demand.iter().any(|promise| text.contains(promise)), "{text}");
        assert!(text.starts_with(form.title()), "{text}");
    }
}

/// Without dates, a guarantee runs from its issue, or from the payment of the advance.
#[test]
fn the_time_is_told_with_dates_or_without() {
    let text = |form, change: fn(&mut Letter)| {
        let mut letter = Letter::sample(form, LetterKind::Plaintext);
        change(&mut letter);
        OfdReader::of(&document(&letter)).text()
    };
    let bid = text(Form::BidBond, |letter| letter.after_days = None);
    assert!(bid.contains("自开立之日起至2024年11月30日止"), "{bid}");
    assert!(bid.contains("有效期自本保函开立之日起，至2024年11月30日止；投标有效期延长的"), "{bid}");
    let bid = text(Form::BidBond, |_| ());
    assert!(bid.contains("有效期自本保函开立之日起，至投标有效期届满之日后第30日止；"), "{bid}");
    let insurance = text(Form::BidBondInsurance, |letter| letter.period = None);
    assert!(insurance.contains("保险期间自本凭证签发之日起，至投标有效期届满之日后第30日止"), "{insurance}");
    let advance = text(Form::AdvancePayment, |letter| letter.period = None);
    assert!(
        advance.contains("自预付款支付之日起至预付款全部抵扣或者返还之日止（24个月）最迟至"),
        "{advance}"
    );
    assert!(!advance.contains("年11月19日"), "{advance}");
}

#[test]
fn a_plaintext_letter_speaks_of_ciphertext_only_after_a_restoration() {
    for form in Form::ALL {
        let plaintext = Letter::sample(form, LetterKind::Plaintext);
        let alone = OfdReader::of(&document(&plaintext)).text();
        assert!(!alone.contains("密文") && !alone.contains("明文"), "{alone}");
        if form.has(LetterKind::Ciphertext) {
            let ciphertext = Letter::sample(form, LetterKind::Ciphertext);
            let merged = press().merged(&plaintext, &ciphertext).unwrap().to_ofd(&metadata()).unwrap();
            let merged = OfdReader::of(&merged).text();
            assert!(merged.contains("明文说明") && merged.contains("密文说明"), "{merged}");
        }
    }
}

#[test]
fn a_merged_document_has_both_texts_numbered_through_and_a_place_for_each_seal() {
    for form in Form::ALL.into_iter().filter(|form| form.has(LetterKind::Ciphertext)) {
        let plaintext = Letter::sample(form, LetterKind::Plaintext);
        let ciphertext = Letter::sample(form, LetterKind::Ciphertext);
        let document = press().merged(&plaintext, &ciphertext).unwrap().to_ofd(&metadata()).unwrap();
        let pages = document.page_ids.len();
        assert_eq!(pages, 4, "{form:?}");
        let text = OfdReader::of(&document).text();
        let place_of = |letter: &Letter| text.find(&letter.section.as_ref().unwrap().name).unwrap();
        assert!(place_of(&plaintext) < place_of(&ciphertext));
        for page in 1..=pages {
            assert!(text.contains(&format!("第{page}页共{pages}页")), "{text}");
        }
        assert_eq!(document.seal_places.len(), 2);
        assert_eq!(document.seal_places[1].page_index + 1, pages);
    }
}

#[test]
fn the_seal_has_room_on_the_last_page_of_its_letter() {
    for letter in samples() {
        let document = document(&letter);
        let [place] = document.seal_places[..] else { panic!("{:?}", document.seal_places) };
        let (width, height) = document.page_size_mm;
        assert_eq!(document.page_ids.len(), 2, "{letter:?}");
        assert_eq!(place.page_index + 1, document.page_ids.len());
        assert!(place.x_mm > 21.0 && place.x_mm < width - 21.0, "{place:?}");
        assert!(place.y_mm > 21.0 && place.y_mm < height - 21.0, "{place:?}");
    }
}

/// A page with a seal and no text could be put behind any other.
#[test]
fn the_last_clause_stands_on_the_page_of_the_seal() {
    let mut pages = Vec::new();
    for lines in 0..8 {
        let mut letter = Letter::sample(Form::ConditionalBidBond, LetterKind::Plaintext);
        letter.applicant.address =
            Some("示例省示例市西湖区建设路示例大厦东侧示例街道办事处".repeat(1 + lines));
        let document = document(&letter);
        let [place] = document.seal_places[..] else { panic!("{:?}", document.seal_places) };
        let text = OfdReader::of(&document).text_of_page(place.page_index);
        assert!(text.contains("具有同等效力"), "{lines}: {text}");
        pages.push(document.page_ids.len());
    }
    assert!(pages.contains(&2) && pages.contains(&3), "the text never met the end of a page: {pages:?}");
}

/// 200 characters are more than a platform's longest field has for a name, and a number without a break is the worst.
#[test]
fn long_values_stay_within_the_page() {
    for mut letter in samples() {
        let name = "示例骉𬭎建设工程咨询（集团）".chars().cycle().take(200).collect::<String>();
        let run = "qW9+/Zk1".repeat(25);
        letter.applicant.name.clone_from(&name);
        letter.applicant.address = Some(run.clone());
        letter.issuer.name.clone_from(&name);
        letter.number = "N".repeat(64);
        letter.application_number = "0".repeat(64);
        letter.verification_url = format!("https://verify.example.com/{run}");
        let secret = letter.kind == LetterKind::Ciphertext;
        letter.beneficiary.name = if secret { run.repeat(4) } else { name };
        letter.section = Some(Section { number: run.clone(), name: run.repeat(4) });
        letter.project = Some(Project { number: run.clone(), name: run.clone() });
        let reader = OfdReader::of(&document(&letter));
        reader.check_glyphs();
        let text = reader.text();
        for value in [&letter.applicant.name, &letter.issuer.name, &letter.beneficiary.name, &run.repeat(4)] {
            assert!(text.contains(value.as_str()), "{value}\n{text}");
        }
        for object in reader.objects() {
            let [x, y, width, height] = object.boundary;
            // The box of a bracket at the start of a line begins half a character before its ink.
            assert!(x >= 21.0 && x + width <= 210.0 - 22.0, "{letter:?}: {x} {width} {}", object.text);
            assert!(y >= 5.0 && y + height <= 292.0, "{letter:?}: {y} {height} {}", object.text);
        }
    }
}
