//! Rules and explanations in Chinese, for people.

use std::io::Write;

use jiff::civil::Date;

use crate::casework::Platform;
use crate::changes::{Overlay, Subject};
use crate::clock::to_wire;
use crate::domain::Guarantee;
use crate::institution::rules::Explanation;
use crate::institution::rules::explanation::{
    AnswerKind, Answered, Premium, PremiumBound, Validity, ValidityBasis,
};
use crate::institution::rules::figure::Line;

pub(super) fn list(platform: &Platform, on: Date, out: &mut dyn Write) -> anyhow::Result<()> {
    let (profile, rules) = (&platform.profile, &platform.rules);
    writeln!(out, "{}（{}）：{on} 收到的申请适用", profile.id(), profile.title())?;
    figures(&rules.figures(on).lines(), out)?;
    for (entry, holds) in rules.entries(on) {
        let day = |day: Option<Date>, open: &str| day.map_or(open.to_owned(), |day| day.to_string());
        let standing = match entry.from.is_some_and(|from| from > on) {
            _ if holds => "适用",
            true => "尚未开始",
            false => "已经结束",
        };
        let (from, until) = (day(entry.from, "不限"), day(entry.until, "不限"));
        writeln!(out, "  规则 {}：自 {from} 至 {until}，{standing}", entry.name)?;
    }
    Ok(())
}

/// Which entries are not as the settings files have them.
pub(super) fn changed(overlay: &Overlay, out: &mut dyn Write) -> anyhow::Result<()> {
    let rules: Vec<_> =
        overlay.standing().into_iter().filter(|it| matches!(it.subject, Subject::Rule { .. })).collect();
    if !rules.is_empty() {
        writeln!(out, "高于设置文件的规则（经办、复核后生效，名称后的 @ 为版本）")?;
    }
    for version in rules {
        let from = version.held.from().map(|from| from.to_string()).unwrap_or_default();
        let (made_by, approved_by) = (&version.made_by, &version.approved_by);
        writeln!(
            out,
            "  规则 {}@{}：自 {from} 收到的申请起，{made_by} 经办，{approved_by} 复核，{}",
            version.subject.id(),
            version.number,
            version.reason
        )?;
    }
    Ok(())
}

fn figures(lines: &[Line], out: &mut dyn Write) -> anyhow::Result<()> {
    for Line { key, title, value, source } in lines {
        writeln!(out, "  {key:<24}{title}：{value}  ← {source}")?;
    }
    Ok(())
}

pub(super) fn explain(
    platform: &Platform,
    guarantee: &Guarantee,
    explanation: &Explanation,
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    let (title, stage) = (platform.profile.title(), guarantee.stage.title());
    writeln!(out, "{}（{title}）  {stage}", explanation.application)?;
    writeln!(out, "收到日期 {}，按当日规则说明，时点 {}", explanation.received_on, to_wire(explanation.at))?;
    writeln!(out, "\n各项规则")?;
    figures(&explanation.figures, out)?;
    writeln!(out, "\n保费计算")?;
    premium(explanation, out)?;
    writeln!(out, "\n担保期限")?;
    validity(&explanation.validity, out)?;
    writeln!(out, "\n核查")?;
    checks(explanation, out)?;
    writeln!(out, "\n此刻的答复")?;
    for answer in &explanation.answers {
        answered(answer, out)?;
    }
    let Some(differences) = &explanation.differences else { return Ok(()) };
    writeln!(out, "\n已登记的条款")?;
    if differences.is_empty() {
        writeln!(out, "  与规则一致")?;
    }
    for it in differences {
        writeln!(out, "  {}：已登记 {}，按规则 {}", it.what, it.recorded, it.ruled)?;
    }
    Ok(())
}

/// Where a key comes from.
fn source(explanation: &Explanation, key: &str) -> String {
    let line = explanation.figures.iter().find(|line| line.key == key);
    line.map(|line| line.source.to_string()).unwrap_or_default()
}

fn premium(explanation: &Explanation, out: &mut dyn Write) -> anyhow::Result<()> {
    let from = |key| source(explanation, key);
    match &explanation.premium {
        Premium::Refused { amount, reason } => writeln!(out, "  担保金额 {amount} 元：{reason}")?,
        Premium::Reckoned {
            amount, tier_up_to, rate, product, rounding, rounded, bound, premium, ..
        } => {
            writeln!(out, "  担保金额 {amount} 元")?;
            match tier_up_to {
                Some(end) => writeln!(out, "  费率 {rate}：不超过 {end} 元一档  ← {}", from("tiers"))?,
                None => writeln!(out, "  费率 {rate}  ← {}", from("rate"))?,
            }
            writeln!(out, "  {amount} × {rate} = {product} 元")?;
            writeln!(out, "  {}：{rounded} 元  ← {}", rounding.title(), from("rounding"))?;
            match bound {
                PremiumBound::None => {}
                PremiumBound::Minimum => {
                    writeln!(out, "  低于最低保费，取 {premium} 元  ← {}", from("minimum_premium"))?;
                }
                PremiumBound::Maximum => {
                    writeln!(out, "  高于最高保费，取 {premium} 元  ← {}", from("maximum_premium"))?;
                }
            }
            writeln!(out, "  保费 {premium} 元")?;
        }
    }
    Ok(())
}

fn validity(validity: &Validity, out: &mut dyn Write) -> anyhow::Result<()> {
    let first = validity.from.map_or("出具之日".to_owned(), |day| day.to_string());
    let basis = match validity.basis {
        ValidityBasis::AskedDay => "申请的止期",
        ValidityBasis::AskedMonths => "申请的月数",
        ValidityBasis::LongestValidityDays => "longest_validity_days",
    };
    writeln!(out, "  自 {first} 至投标有效期满后 {} 天", validity.days_after_bid_validity)?;
    writeln!(out, "  最迟 {}（按{basis}）", validity.latest)?;
    if let Some(reason) = &validity.empty {
        writeln!(out, "  {reason}")?;
    }
    Ok(())
}

fn checks(explanation: &Explanation, out: &mut dyn Write) -> anyhow::Result<()> {
    let hours = &explanation.hours;
    match (hours.open, hours.opens) {
        (true, _) => writeln!(out, "  办理时段：在时段内")?,
        (false, Some(opens)) => writeln!(out, "  办理时段：不在时段内，{} 起办理", to_wire(opens))?,
        (false, None) => writeln!(out, "  办理时段：不在时段内，近期无时段")?,
    }
    let opening = &explanation.opening;
    let known = opening.known.map_or("未知".to_owned(), to_wire);
    let near = if opening.too_near { "，过近，须人工办理" } else { "" };
    writeln!(out, "  开标时间：{known}{near}")?;
    match explanation.blacklist.list {
        Some(list) => writeln!(out, "  黑名单：在列（{list}）  ← {}", source(explanation, list))?,
        None => writeln!(out, "  黑名单：不在列")?,
    }
    Ok(())
}

fn answered(answered: &Answered, out: &mut dyn Write) -> anyhow::Result<()> {
    let question = match answered.question {
        "underwriting" => "承保",
        "surrender" => "退保",
        "cancellation" => "取消订单",
        "invoice" => "发票",
        "claim" => "理赔",
        other => other,
    };
    let standing = if answered.open { "待答复" } else { "已了结" };
    let answer = match (answered.answer, answered.later) {
        (AnswerKind::Yes, _) => "同意".to_owned(),
        (AnswerKind::No, _) => "不同意".to_owned(),
        (AnswerKind::People, _) => "由人工决定".to_owned(),
        (AnswerKind::CoreSystem, _) => "等核心系统答复".to_owned(),
        (AnswerKind::Later, later) => format!("等到 {}", later.map(to_wire).unwrap_or_default()),
    };
    writeln!(out, "  {question}（{standing}）：{answer}；{}", answered.ground)?;
    if let Some(told) = &answered.told {
        writeln!(out, "    告知平台：{told}")?;
    }
    Ok(())
}
