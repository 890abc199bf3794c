//! Every rule of every table, broken in a push that was made from the table: each gets the platform's own failure.

use baohan_gateway::dialect::meaning::Meaning;
use baohan_gateway::dialect::table::Field;
use serde_json::json;

use crate::speaker::{Change, Speaker, formed};
use crate::tables::TRANSCRIPTIONS;

/// The failure codes of 内蒙古 11.1; the other platforms know but one.
fn code<'c>(speaker: &Speaker, of_many: &'c str) -> &'c str {
    if speaker.table.wrapper.is_some() { of_many } else { "0" }
}

/// Fields that are looked at before all others, and with other words.
fn first(field: &Field) -> bool {
    matches!(field.is, Some(Meaning::AppKey | Meaning::Digest))
}

/// The requests' rows of what platforms call, as the specifications print them: name, length, necessity.
fn printed() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let lines = TRANSCRIPTIONS.iter().flat_map(|(_, _, text)| text.lines());
    let rows = lines.filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect::<Vec<_>>());
    let asked = rows.filter(|row| row[1] == "in" && row[3] == "request");
    asked.map(|row| (row[4], row[6], row[7])).filter(|(name, _, _)| !["appkey", "sign"].contains(name))
}

#[test]
fn a_push_with_a_value_in_every_field_is_opened() {
    let mut opened = 0;
    for speaker in Speaker::all() {
        for interface in speaker.pushes() {
            let push = speaker.open(interface, &speaker.push(interface, &[])).unwrap();
            assert_eq!((push.interface.as_str(), &push.tolerances[..]), (interface.name.as_str(), &[][..]));
            opened += 1;
        }
    }
    assert_eq!(opened, 7 + 7 + 5 + 7 + 6);
}

#[test]
fn a_push_without_a_necessary_field_is_refused_and_one_without_any_other_is_not() {
    let (mut necessary, mut others) = (0, 0);
    for speaker in Speaker::all() {
        for interface in speaker.pushes() {
            for field in interface.fields.iter().filter(|field| !first(field)) {
                let push = speaker.push(interface, &[(&field.name, None)]);
                let conditional = field.when.is_some();
                if field.required {
                    let (answer, _) = speaker.refusal(interface, &push);
                    let message = format!("{} 为必填项（{}）", field.name, interface.clause);
                    assert_eq!(answer, json!({"code": code(&speaker, "103"), "message": message}));
                    necessary += 1;
                } else if !conditional {
                    assert!(speaker.open(interface, &push).is_ok(), "{} {}", interface.name, field.name);
                    others += 1;
                }
            }
        }
    }
    assert_eq!(necessary, printed().filter(|(_, _, necessity)| *necessity == "是").count());
    assert!(others > 10);
}

#[test]
fn a_field_that_is_necessary_on_a_condition_is_missed_only_then() {
    let mut checked = 0;
    for speaker in Speaker::all() {
        for interface in speaker.pushes() {
            for field in &interface.fields {
                let Some(when) = &field.when else { continue };
                let condition = interface.fields.iter().find(|it| it.name == when.field).unwrap();
                for value in condition.values.values() {
                    let changes: [Change<'_>; 2] = [(&when.field, Some(value)), (&field.name, None)];
                    let push = speaker.push(interface, &changes);
                    if !when.is.contains(value) {
                        assert!(speaker.open(interface, &push).is_ok(), "{}", field.name);
                        continue;
                    }
                    let (answer, _) = speaker.refusal(interface, &push);
                    let (name, other, clause) = (&field.name, &when.field, &interface.clause);
                    let message = format!("{name} 为必填项（{other} 为 {value} 时）（{clause}）");
                    assert_eq!(answer, json!({"code": code(&speaker, "103"), "message": message}));
                    checked += 1;
                }
            }
        }
    }
    // Address, phone, bank and account of a special invoice; mobile and recipient too but at ggzy.
    assert_eq!(checked, 7 + 7 + 4);
}

#[test]
fn a_field_as_long_as_it_may_be_is_accepted_and_one_character_more_is_refused() {
    let mut checked = 0;
    for speaker in Speaker::all() {
        for interface in speaker.pushes() {
            for field in interface.fields.iter().filter(|field| !first(field)) {
                let Some(length) = field.length.filter(|_| field.is != Some(Meaning::Timestamp)) else {
                    continue;
                };
                let (name, long) = (&field.name, "一".repeat(length + 1));
                let push = speaker.push(interface, &[(name, Some(&long))]);
                let (answer, _) = speaker.refusal(interface, &push);
                let message = format!("{name} 超过规定长度 {length}（{}）", interface.clause);
                assert_eq!(answer, json!({"code": code(&speaker, "103"), "message": message}));
                checked += 1;
                if !field.cipher && formed(field, "").is_none() {
                    let exact = "一".repeat(length);
                    let push = speaker.push(interface, &[(name, Some(&exact))]);
                    assert!(speaker.open(interface, &push).is_ok(), "{} {name}", interface.name);
                }
            }
        }
    }
    let printed = printed().filter(|(name, length, _)| *name != "timestamp" && !length.is_empty());
    assert_eq!(checked, printed.count());
}

#[test]
fn a_push_with_another_digest_is_refused() {
    for speaker in Speaker::all() {
        for interface in speaker.pushes() {
            let push = speaker.push_with_another_digest(interface);
            let (answer, rejection) = speaker.refusal(interface, &push);
            assert_eq!(rejection.kind.label(), "bad-digest");
            let message = "sign 校验失败：报文摘要与报文内容不一致";
            assert_eq!(answer, json!({"code": code(&speaker, "101"), "message": message}));
        }
    }
}

#[test]
fn a_push_with_a_field_twice_is_refused() {
    for speaker in Speaker::all() {
        for interface in speaker.pushes() {
            let (answer, rejection) = speaker.refusal(interface, &speaker.push_with_a_field_twice(interface));
            let name = &interface.fields.last().unwrap().name;
            // A digital envelope tells nothing of what is wrong inside of it.
            let (label, message, code) = if interface.enveloped {
                ("undecryptable", "data 解密失败".to_owned(), "102")
            } else {
                ("duplicate-field", format!("{name} 重复出现"), code(&speaker, "103"))
            };
            assert_eq!(rejection.kind.label(), label);
            assert_eq!(answer, json!({"code": code, "message": message}));
        }
    }
}

#[test]
fn a_push_with_a_field_of_no_specification_is_opened_and_the_field_is_recorded() {
    for speaker in Speaker::all() {
        for interface in speaker.pushes() {
            let opened = |value| {
                let push = speaker.push(interface, &[("biaoduan", Some(value))]);
                speaker.open(interface, &push).unwrap()
            };
            let (first, again) = (opened("1"), opened("2"));
            let recorded: Vec<String> = first.tolerances.iter().map(ToString::to_string).collect();
            assert_eq!(recorded, ["unknown-field:biaoduan"]);
            assert_eq!(first.content, again.content, "{} comes again", interface.name);
        }
    }
}

#[test]
fn a_push_that_was_made_for_another_interface_is_refused() {
    let mut refused = 0;
    for speaker in Speaker::all().iter().filter(|speaker| speaker.table.wrapper.is_none()) {
        for made_for in speaker.pushes() {
            let push = speaker.push(made_for, &[]);
            for interface in speaker.pushes().filter(|it| it.fields != made_for.fields) {
                let rejection = speaker.open(interface, &push).unwrap_err();
                assert_ne!(rejection.kind.label(), "bad-digest");
                refused += 1;
            }
        }
    }
    assert!(refused > 100, "{refused}");
}

#[test]
fn a_value_that_is_none_of_the_printed_ones_is_refused() {
    let mut checked = 0;
    for speaker in Speaker::all() {
        for interface in speaker.pushes() {
            for field in interface.fields.iter().filter(|field| !field.values.is_empty()) {
                let push = speaker.push(interface, &[(&field.name, Some("x"))]);
                let (answer, _) = speaker.refusal(interface, &push);
                let known: Vec<_> = field.values.values().map(String::as_str).collect();
                let (name, known, clause) = (&field.name, known.join("、"), &interface.clause);
                let message = format!("{name} 应为 {known} 之一（{clause}）");
                assert_eq!(answer, json!({"code": code(&speaker, "103"), "message": message}));
                checked += 1;
            }
        }
    }
    // The kind of an invoice at three platforms; of a cancellation and of a withdrawal.
    assert_eq!(checked, 3 + 2);
}

#[test]
fn what_stands_round_a_message_has_rules_of_its_own() {
    let speakers = Speaker::all();
    let speaker = speakers.iter().find(|speaker| speaker.table.wrapper.is_some()).unwrap();
    let wrapper = speaker.table.wrapper.as_ref().unwrap();
    for interface in speaker.pushes() {
        for field in wrapper.fields.iter().filter(|field| field.is != Some(Meaning::Digest)) {
            let told = |changes: &[Change<'_>]| {
                speaker.refusal(interface, &speaker.push_in_another_wrapper(interface, changes)).0
            };
            let Field { name, .. } = field;
            let answer = told(&[(name, None)]);
            let expected = match field.is {
                Some(Meaning::AppKey) => json!({"code": "101", "message": "appid 未登记"}),
                // The digest is over these two.
                Some(Meaning::Timestamp | Meaning::Payload) if !interface.enveloped => {
                    json!({"code": "101", "message": "sign 校验失败：报文摘要与报文内容不一致"})
                }
                _ => json!({"code": "103", "message": format!("{name} 为必填项（9.2）")}),
            };
            assert_eq!(answer, expected, "{}", interface.name);
            let formed =
                matches!(field.is, Some(Meaning::AppKey | Meaning::Timestamp | Meaning::Transaction));
            if let Some(length) = field.length.filter(|_| !formed) {
                let message = format!("{name} 超过规定长度 {length}（9.2）");
                let long = "1".repeat(length + 1);
                assert_eq!(told(&[(name, Some(&long))]), json!({"code": "103", "message": message}));
            }
        }
    }
}
