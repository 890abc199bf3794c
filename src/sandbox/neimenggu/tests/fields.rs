//! Every field of every notice: missing, too long, malformed, in the wrong state. The lists are a transcription of the
//! tables of 10.2, 10.6 and 10.8 of their own, so that a row that is lost in the platform is missed here.

use super::institution::{Fields, Scene, number, with, without};
use crate::sandbox::neimenggu::Application;

/// A scene in which each notice of the lists could be accepted next: a case for each state.
struct Cases {
    scene: Scene,
    fresh: Application,
    approved: Application,
    paid: Application,
    claimed: Application,
}

impl Cases {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let fresh = scene.applied().await;
        let approved = scene.applied().await;
        scene.accepted("PREP102", scene.status(&approved, "01")).await;
        let paid = scene.applied().await;
        scene.accepted("PREP102", scene.status(&paid, "01")).await;
        scene.accepted("PREP102", scene.status(&paid, "05")).await;
        let claimed = scene.issued().await;
        assert!(scene.sandbox.claim(&claimed.application_id).await.unwrap().is_accepted());
        Self { scene, fresh, approved, paid, claimed }
    }

    /// A right notice: `PREP102/03`, `PREP106/01`, `PREP108`.
    fn notice(&self, kind: &str) -> (&'static str, Fields) {
        let scene = &self.scene;
        match kind.split_once('/') {
            Some(("PREP102", state @ ("01" | "02"))) => ("PREP102", scene.status(&self.fresh, state)),
            Some(("PREP102", state @ "03")) => ("PREP102", scene.status(&self.paid, state)),
            Some(("PREP102", state)) => ("PREP102", scene.status(&self.approved, state)),
            Some((_, status)) => ("PREP106", scene.claim_result(&self.claimed, status)),
            None => ("PREP108", scene.cancellation(&self.claimed)),
        }
    }

    async fn refused(&self, kind: &str, change: impl FnOnce(Fields) -> Fields) -> String {
        let (transcode, fields) = self.notice(kind);
        self.scene.refused(transcode, change(fields)).await
    }

    /// Each notice of the lists was right but for the one field: it is accepted now.
    async fn all_are_right(&self) {
        for kind in ["PREP102/01", "PREP102/03", "PREP102/05", "PREP106/00", "PREP106/01"] {
            let (transcode, fields) = self.notice(kind);
            self.scene.accepted(transcode, fields).await;
        }
        for state in ["02", "04"] {
            let application = self.scene.applied().await;
            if state == "04" {
                self.scene.accepted("PREP102", self.scene.status(&application, "01")).await;
            }
            self.scene.accepted("PREP102", self.scene.status(&application, state)).await;
        }
        let kind = crate::sandbox::neimenggu::Invalidation::Fulfilled;
        self.scene.sandbox.invalidate(&self.claimed.application_id, kind).await.unwrap();
        self.scene.accepted("PREP108", self.scene.cancellation(&self.claimed)).await;
    }
}

#[tokio::test]
async fn a_necessary_field_may_not_be_missing_or_empty() {
    let cases = Cases::new().await;
    let necessary = [
        ("PREP102/01", "applicationId", "applicationId不能为空（10.2）"),
        ("PREP102/01", "applicationStatus", "applicationStatus不能为空（10.2）"),
        ("PREP102/02", "failReason", "applicationStatus为02时failReason不能为空（10.2）"),
        ("PREP102/04", "failReason", "applicationStatus为04时failReason不能为空（10.2）"),
        ("PREP102/03", "guaranteeId", "applicationStatus为03时guaranteeId不能为空（10.2）"),
        ("PREP102/03", "guaranteeAmt", "applicationStatus为03时guaranteeAmt不能为空（10.2）"),
        ("PREP102/03", "validTimeStart", "applicationStatus为03时validTimeStart不能为空（10.2）"),
        ("PREP102/03", "validTimeEnd", "applicationStatus为03时validTimeEnd不能为空（10.2）"),
        ("PREP102/03", "letterOfTime", "applicationStatus为03时letterOfTime不能为空（10.2）"),
        ("PREP102/03", "companyName", "applicationStatus为03时companyName不能为空（10.2）"),
        ("PREP102/05", "payTime", "applicationStatus为05时payTime不能为空（10.2）"),
        ("PREP102/05", "payAmt", "applicationStatus为05时payAmt不能为空（10.2）"),
        ("PREP102/05", "payType", "applicationStatus为05时payType不能为空（10.2）"),
        ("PREP106/00", "guaranteeId", "guaranteeId不能为空（10.6）"),
        ("PREP106/00", "status", "status不能为空（10.6）"),
        ("PREP106/01", "paymentMoney", "status为01时paymentMoney不能为空（10.6）"),
        ("PREP106/01", "paymentTime", "status为01时paymentTime不能为空（10.6）"),
        ("PREP108", "guaranteeId", "guaranteeId不能为空（10.8）"),
        ("PREP108", "cancelDate", "cancelDate不能为空（10.8）"),
    ];
    for (kind, name, reason) in necessary {
        let reason = format!("103 {reason}");
        assert_eq!(cases.refused(kind, |fields| without(fields, name)).await, reason);
        assert_eq!(cases.refused(kind, |fields| with(fields, name, "")).await, reason);
    }
    cases.all_are_right().await;
}

#[tokio::test]
async fn no_field_is_longer_than_its_column_says() {
    let cases = Cases::new().await;
    let lengths = [
        ("PREP102/01", "applicationId", 32),
        ("PREP102/01", "applicationStatus", 2),
        ("PREP102/01", "failReason", 255),
        ("PREP102/03", "guaranteeId", 64),
        ("PREP102/03", "guaranteeAmt", 64),
        ("PREP102/03", "validTimeStart", 20),
        ("PREP102/03", "validTimeEnd", 20),
        ("PREP102/03", "letterOfTime", 20),
        ("PREP102/03", "companyName", 50),
        ("PREP102/05", "payTime", 20),
        ("PREP102/05", "payAmt", 64),
        ("PREP102/05", "payType", 2),
        ("PREP106/01", "guaranteeId", 64),
        ("PREP106/01", "status", 10),
        ("PREP106/01", "paymentMoney", 64),
        ("PREP106/01", "paymentBeneficiary", 25),
        ("PREP106/01", "paymentBeneficiarySocial", 64),
        ("PREP106/01", "paymentTime", 20),
        ("PREP108", "guaranteeId", 64),
        ("PREP108", "cancelDate", 20),
        ("PREP108", "cancelNotice", 200),
    ];
    for (kind, name, longest) in lengths {
        let refused = cases.refused(kind, |fields| with(fields, name, "长".repeat(longest + 1))).await;
        assert!(refused.starts_with(&format!("103 {name}长度超过{longest}（")), "{name}: {refused}");
    }
    cases.all_are_right().await;
}

#[tokio::test]
async fn a_field_may_be_as_long_as_its_column_says_and_a_chinese_character_counts_once() {
    let scene = Scene::new().await;
    let application = Application { supplier: "长".repeat(50), ..scene.sandbox.generate() };
    assert!(scene.sandbox.apply(application.clone()).await.unwrap().is_accepted());
    let guarantee_id = "号".repeat(64);
    let reason = |fields| with(fields, "failReason", "因".repeat(255));
    scene.accepted("PREP102", reason(scene.status(&application, "01"))).await;
    scene.accepted("PREP102", reason(scene.status(&application, "05"))).await;
    let issue = with(scene.status(&application, "03"), "guaranteeId", guarantee_id.clone());
    scene.accepted("PREP102", issue).await;
    let kind = crate::sandbox::neimenggu::Invalidation::WrongFile;
    assert!(scene.sandbox.invalidate(&application.application_id, kind).await.unwrap().is_accepted());
    let cancellation = with(scene.cancellation(&application), "guaranteeId", guarantee_id);
    scene.accepted("PREP108", with(cancellation, "cancelNotice", "销".repeat(200))).await;
}

#[tokio::test]
async fn a_field_of_one_state_has_no_value_in_another() {
    let cases = Cases::new().await;
    let barred = [
        ("PREP102/01", "guaranteeId", "BH1"),
        ("PREP102/01", "guaranteeAmt", "1.00"),
        ("PREP102/05", "validTimeStart", "2024-11-18 00:00:00"),
        ("PREP102/05", "validTimeEnd", "2024-11-18 00:00:00"),
        ("PREP102/04", "letterOfTime", "2024-11-18 00:00:00"),
        ("PREP102/02", "companyName", "甲"),
        ("PREP102/03", "payTime", "2024-11-18 00:00:00"),
        ("PREP102/03", "payAmt", "1.00"),
        ("PREP102/03", "payType", "01"),
        ("PREP106/00", "paymentMoney", "1.00"),
        ("PREP106/02", "paymentTime", "2024-11-18 00:00:00"),
    ];
    for (kind, name, value) in barred {
        let refused = cases.refused(kind, |fields| with(fields, name, value)).await;
        assert!(refused.contains(&format!("时{name}不应有值（")), "{kind} {name}: {refused}");
        // An empty value is none.
        assert!(!cases.refused(kind, |fields| with(with(fields, name, ""), "x", "x")).await.contains(name));
    }
    cases.all_are_right().await;
}

#[tokio::test]
async fn a_value_has_the_form_that_its_note_prints() {
    let cases = Cases::new().await;
    let (time, amount, choice) =
        ("格式应为yyyy-MM-dd hh:mm:ss", "应为大于零、保留两位小数的金额", "取值不在规定范围内");
    let forms = [
        ("PREP102/01", "applicationStatus", "10", choice),
        ("PREP102/01", "applicationStatus", "1", choice),
        ("PREP102/03", "guaranteeAmt", "468000", amount),
        ("PREP102/03", "validTimeStart", "20241118000000", time),
        ("PREP102/03", "validTimeEnd", "2024-11-18", time),
        ("PREP102/03", "letterOfTime", "2024/11/18 00:00:00", time),
        ("PREP102/05", "payTime", "2024-11-18 25:00:00", time),
        ("PREP102/05", "payAmt", "12.5", amount),
        ("PREP102/05", "payType", "05", choice),
        ("PREP106/00", "status", "03", choice),
        ("PREP106/01", "paymentMoney", "0.00", amount),
        ("PREP106/01", "paymentTime", "2024-11-18", time),
        ("PREP108", "cancelDate", "2024-11-18", time),
    ];
    for (kind, name, value, reason) in forms {
        let refused = cases.refused(kind, |fields| with(fields, name, value)).await;
        assert!(refused.starts_with(&format!("103 {name}{reason}（")), "{name}: {refused}");
    }
    for kind in ["PREP102/01", "PREP106/00", "PREP108"] {
        let refused = cases.refused(kind, |fields| with(fields, "remark", "x")).await;
        assert!(refused.starts_with("103 未定义的字段remark（"), "{refused}");
    }
    cases.all_are_right().await;
}

#[tokio::test]
async fn a_number_that_the_platform_never_gave_or_got_is_unknown() {
    let cases = Cases::new().await;
    assert_eq!(cases.refused("PREP102/01", |fields| with(fields, "applicationId", "YFK0")).await, "203 YFK0");
    assert_eq!(cases.refused("PREP106/00", |fields| with(fields, "guaranteeId", "BH0")).await, "203 BH0");
    let unissued = number(&cases.fresh);
    let refused = cases.refused("PREP108", |fields| with(fields, "guaranteeId", unissued.clone())).await;
    assert_eq!(refused, format!("203 {unissued}"));
    cases.all_are_right().await;
}

#[tokio::test]
async fn what_a_notice_says_must_go_together_with_the_application() {
    let cases = Cases::new().await;
    let anothers = number(&cases.claimed);
    let contradictions = [
        ("PREP102/03", "guaranteeId", anothers.as_str(), "保函唯一标识已被其他申请使用"),
        ("PREP102/03", "companyName", "另一家公司", "companyName与申请企业不一致"),
        ("PREP102/03", "guaranteeAmt", "9999999999.00", "guaranteeAmt大于预付款申请金额"),
        ("PREP102/03", "validTimeEnd", "2001-01-01 00:00:00", "validTimeEnd不晚于validTimeStart"),
        ("PREP102/03", "letterOfTime", "2099-01-01 00:00:00", "letterOfTime晚于当前时间"),
        ("PREP102/05", "payTime", "2099-01-01 00:00:00", "payTime晚于当前时间"),
        ("PREP106/01", "paymentBeneficiary", "另一家单位", "理赔受益人不是采购人"),
        ("PREP106/00", "paymentBeneficiarySocial", "11150000011510123A", "理赔受益人不是采购人"),
        ("PREP106/01", "paymentMoney", "9999999999.00", "paymentMoney大于索赔金额"),
        ("PREP106/01", "paymentTime", "2099-01-01 00:00:00", "paymentTime晚于当前时间"),
    ];
    for (kind, name, value, reason) in contradictions {
        let refused = cases.refused(kind, |fields| with(fields, name, value)).await;
        assert_eq!(refused, format!("103 {reason}"));
    }
    let kind = crate::sandbox::neimenggu::Invalidation::Fulfilled;
    cases.scene.sandbox.invalidate(&cases.claimed.application_id, kind).await.unwrap();
    let late = cases.refused("PREP108", |fields| with(fields, "cancelDate", "2099-01-01 00:00:00")).await;
    assert_eq!(late, "103 cancelDate晚于当前时间");
    cases.all_are_right().await;
}
