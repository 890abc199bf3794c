//! Reading an institution's answer to a push: the outer members in the clear, what they bring decrypted and checked.

use serde_json::{Map, Value};

use super::envelope::{is_enveloped, open_answer};
use super::fields;
use super::refusal::{FAILURES, SUCCESS};
use crate::crypto::second_opinion::KeyPair;
use crate::sandbox::answer::{Answer, Codes};
use crate::sandbox::message::Message;

const CODES: Codes = Codes { success: SUCCESS, failures: FAILURES };

/// Reads an answer once more, by this platform's specification. What departs from 9.2.2 or from the answer's own table
/// becomes its flaw.
pub fn read(keys: &KeyPair, transcode: &str, general: Answer) -> Answer {
    let Answer { status, body, .. } = general;
    let (code, message, data) = Default::default();
    let mut answer = Answer { status, code, message, data, body, flaw: None, codes: &CODES };
    answer.flaw = fill(keys, transcode, &mut answer).err();
    answer
}

fn fill(keys: &KeyPair, transcode: &str, answer: &mut Answer) -> Result<(), String> {
    let outer = Message::parse(answer.body.as_bytes()).map_err(|reason| reason.0)?;
    outer.text("code").clone_into(&mut answer.code);
    outer.text("message").clone_into(&mut answer.message);
    if outer.text("code") != SUCCESS && !FAILURES.contains(&outer.text("code")) {
        return Err("code不在错误码描述中（11.1）".to_owned());
    }
    if answer.message.chars().count() > 200 {
        return Err("message长度超过200（9.2.2）".to_owned());
    }
    let enveloped = is_enveloped(transcode);
    let known = |name: &str| matches!(name, "code" | "message" | "data") || name == "sign" && enveloped;
    if let Some((name, _)) = outer.fields().find(|(name, _)| !known(name)) {
        return Err(format!("应答中有未定义的参数{name}（9.2.2）"));
    }
    if answer.status != 200 {
        return Err(format!("HTTP状态为{}", answer.status));
    }
    let table = fields::answered(transcode);
    let successful = answer.code == SUCCESS;
    let Some(data) = outer.get("data") else {
        return match table {
            Some(table) if successful => Err(format!("应答中没有data（{}）", table.clause)),
            _ => Ok(()),
        };
    };
    let plain = open_answer(keys, data, outer.get("sign"))?;
    let inner = Message::parse(&plain).map_err(|reason| format!("应答的data：{reason}"))?;
    answer.data = inner
        .fields()
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect::<Map<_, _>>()
        .into();
    if inner.get("code").is_some_and(|code| code != outer.text("code")) {
        return Err("应答的data中的code与外层不一致".to_owned());
    }
    match table {
        Some(table) if successful => table.check(&inner),
        Some(_) => Ok(()),
        None => match inner.fields().find(|(name, _)| !matches!(*name, "code" | "message")) {
            Some((name, _)) => Err(format!("应答的data中有未定义的字段{name}")),
            None => Ok(()),
        },
    }
}
