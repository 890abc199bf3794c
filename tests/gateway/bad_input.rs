//! Pushes that can't be taken: each is answered in the platform's own way, put on record, and changes nothing.

use crate::house::{House, on_both_databases};
use crate::operator::MANUAL;
use crate::pushes::{
    self, APPLICATION, JSON, RESTORATION, SUCCESS, WAIVER, altered, client, filled, reply_to,
};

/// Name of the case, interface, body, the outcome on record, the reason told.
type Case = (&'static str, &'static str, Vec<u8>, &'static str, &'static str);

fn unreadable() -> Vec<Case> {
    const APPLY: &str = "baohanapply";
    let (no_json, not_sound) = ("报文不是 JSON 对象", "报文不是有效的 JSON 对象");
    let deep = format!("{{\"appkey\":{}{}}}", "[".repeat(300_000), "]".repeat(300_000));
    let broken = [&APPLICATION.as_bytes()[..200], b"\xff\xfe", &APPLICATION.as_bytes()[200..]].concat();
    vec![
        ("no JSON", APPLY, b"hello".to_vec(), "not-json", no_json),
        ("nothing", APPLY, Vec::new(), "not-json", no_json),
        ("an array", APPLY, b"[]".to_vec(), "not-json", no_json),
        ("half an object", APPLY, APPLICATION.as_bytes()[..300].to_vec(), "not-json", not_sound),
        ("two objects", APPLY, APPLICATION.repeat(2).into_bytes(), "not-json", not_sound),
        ("brackets without end", APPLY, deep.into_bytes(), "not-json", not_sound),
        ("no UTF-8", APPLY, broken, "not-json", no_json),
        ("a page of HTML", APPLY, b"<html><body>{}</body></html>".to_vec(), "not-json", no_json),
    ]
}

fn unverified() -> Vec<Case> {
    const APPLY: &str = "baohanapply";
    let wrong = "sign 校验失败：报文摘要与报文内容不一致";
    let stranger = altered(APPLICATION, &[("appkey", "HN_DEMO_0002")]);
    let twice = APPLICATION.replacen('{', r#"{"applyno": "X", "#, 1);
    let unsigned = APPLICATION.replace("\"sign\"", "\"sing\"");
    vec![
        ("changed amount", APPLY, APPLICATION.replace("800000.00", "1.00").into(), "bad-digest", wrong),
        ("no digest", APPLY, unsigned.into(), "bad-digest", "sign 为必填项"),
        ("unknown appkey", APPLY, stranger.into(), "unknown-app-key", "appkey 未登记"),
        ("field twice", APPLY, twice.into(), "duplicate-field", "applyno 重复出现"),
        ("unknown interface", "nothing", APPLICATION.into(), "unknown-interface", "接口不存在"),
        ("our own interface", "baohannotice", APPLICATION.into(), "unknown-interface", "接口不存在"),
        (
            "the interface of another push",
            "giveupapply",
            APPLICATION.into(),
            "unknown-field",
            "biddername 不是该接口的字段（A.14）",
        ),
    ]
}

fn broken_rules() -> Vec<Case> {
    let long = "长".repeat(201);
    let application = |name, field, value: &str, reason| -> Case {
        let kind = if field == "reason" { "unknown-field" } else { "malformed" };
        (name, "baohanapply", altered(APPLICATION, &[(field, value)]).into(), kind, reason)
    };
    let key = |name, value, reason| -> Case {
        let body = filled(&altered(RESTORATION, &[("key", value)]), "BH1");
        (name, "baohanrestore", body.into(), "malformed", reason)
    };
    let ciphertext = "biaoduanname 应为 SM4 密文的 Base64 文本（A.1）";
    vec![
        application("missing field", "biddername", "-", "biddername 为必填项（A.1）"),
        application("empty field", "biddercode", "", "biddercode 为必填项（A.1）"),
        application("long field", "biddername", &long, "biddername 超过规定长度 200（A.1）"),
        application("another interface's field", "reason", "1", "reason 不是该接口的字段（A.1）"),
        application("plain text", "biaoduanname", "某标段", ciphertext),
        application("ciphertext of odd length", "biaoduanname", "AAAA", ciphertext),
        application(
            "amount in words",
            "bzjamount",
            "八十万",
            "bzjamount 应为以元为单位的数字，例如 800000.00（A.1）",
        ),
        application("nothing guaranteed", "bzjamount", "0.00", "bzjamount 应大于 0（A.1）"),
        application(
            "other platform's code",
            "platformcode",
            "350000",
            "platformcode 不是本机构接入的平台编码（A.1）",
        ),
        application("a number that breaks lines", "applyno", "1\n2", "applyno 不得包含控制字符（A.1）"),
        key("unreadable key", "c2VjcmV0", "key 不是约定格式的 SM4 密钥（A.6）"),
        key("no key", "", "key 为必填项（A.6）"),
    ]
}

async fn assert_serving(house: &House) {
    let base = format!("http://{}", house.gateway.address);
    let ready = reply_to(client().get(format!("{base}/readyz"))).await;
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert_eq!(house.post("baohanapply", APPLICATION).await.body, SUCCESS);
}

on_both_databases! {
    async fn what_cannot_be_taken_is_refused_by_name_and_rule_and_changes_nothing(database: Database) {
        let house = House::open_with(database, MANUAL).await;
        let cases: Vec<Case> = [unreadable(), unverified(), broken_rules()].into_iter().flatten().collect();
        for (case, interface, body, outcome, message) in &cases {
            let reply = house.post(interface, body.clone()).await;
            house.assert_refused(case, &reply, outcome, message).await;
            assert_eq!(house.record(&reply.request_id).await.body.as_slice(), body, "{case}");
            assert!(house.ledger().state().is_empty(), "{case}");
        }
        assert_eq!(house.ledger().outcomes().len(), cases.len());
        assert_serving(&house).await;
    }

    async fn a_push_that_does_not_fit_what_is_stored_is_refused_and_changes_nothing(database: Database) {
        let house = House::open_with(database, MANUAL).await;
        let unknown = house.post("giveupapply", WAIVER).await;
        house.assert_refused("no application", &unknown, "refused", "业务流水号未找到对应的申请").await;
        assert!(house.ledger().state().is_empty());
        assert_serving(&house).await;
        house.at_rest().await;
        let before = house.ledger().state();
        let early = house.post("baohanrestore", filled(RESTORATION, "BH1")).await;
        house.assert_refused("not issued", &early, "refused", "保函尚未出具").await;
        let other = house.post("baohanapply", altered(APPLICATION, &[("bzjamount", "1.00")])).await;
        let conflict = "同一业务已收到过不同内容的请求，本次内容未受理";
        house.assert_refused("other amount", &other, "conflict", conflict).await;
        assert_eq!(house.ledger().state(), before);
    }

    async fn a_push_to_a_wrong_address_is_told_so(database: Database) {
        let house = House::open_with(database, MANUAL).await;
        let base = format!("http://{}/platforms", house.gateway.address);
        let post = |path: &str| client().post(format!("{base}/{path}")).body(APPLICATION);
        let stranger = reply_to(post("nowhere/baohanapply")).await;
        house.assert_refused("unknown platform", &stranger, "unknown-platform", "平台未接入").await;
        let long = reply_to(post(&format!("{}/baohanapply", "x".repeat(5000)))).await;
        house.assert_refused("long platform", &long, "unknown-platform", "平台未接入").await;
        let unnamed = reply_to(post("hainan")).await;
        house.assert_refused("no interface", &unnamed, "unknown-interface", "接口不存在").await;
        for method in [reqwest::Method::GET, reqwest::Method::PUT, reqwest::Method::DELETE] {
            let name = method.to_string();
            let request = client().request(method, house.address("baohanapply")).header("content-type", JSON);
            let reply = reply_to(request.body(APPLICATION)).await;
            house.assert_refused(&name, &reply, "not-posted", "请求方式应为 POST").await;
        }
        // What is no platform's address at all is nobody's push.
        let elsewhere = reply_to(client().get(format!("http://{}/admin", house.gateway.address))).await;
        assert_eq!((elsewhere.status, elsewhere.body), (404, pushes::failure("接口地址不存在")));
        assert!(house.ledger().messages(&elsewhere.request_id).is_empty());
        assert!(house.ledger().state().is_empty());
        assert_serving(&house).await;
    }
}
