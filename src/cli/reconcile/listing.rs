//! Reconciliations as lines on a terminal.

use std::io::Write;

use crate::clock;
use crate::reconciliation::statement::Totals;
use crate::store::reconciliations::{Difference, Reconciliation, Side};

pub(super) fn totals(totals: &Totals, out: &mut dyn Write) -> anyhow::Result<()> {
    for (movement, total) in totals.iter().filter(|(_, total)| total.count > 0) {
        let sums = format!("保证金 {} 元，保费 {} 元，赔付 {} 元", total.amount, total.premium, total.paid);
        writeln!(out, "{} {} 笔：{sums}", movement.title(), total.count)?;
    }
    if totals.iter().all(|(_, total)| total.count == 0) {
        writeln!(out, "当期无业务")?;
    }
    Ok(())
}

/// One line for a list.
pub(super) fn line(it: &Reconciliation, out: &mut dyn Write) -> anyhow::Result<()> {
    let count: u64 = it.differences.values().sum();
    let state = match (&it.signature, &it.superseded_by) {
        (Some(signature), _) => format!("{} 已签认", signature.by),
        (None, Some(_)) => "已被新文件取代".to_owned(),
        (None, None) if it.unexplained > 0 => format!("{} 笔未说明", it.unexplained),
        (None, None) => "待签认".to_owned(),
    };
    writeln!(
        out,
        "{}  {} {}  第 {} 次  差异 {count} 笔  {state}",
        it.id, it.platform, it.day, it.generation
    )?;
    Ok(())
}

pub(super) fn heading(it: &Reconciliation, out: &mut dyn Write) -> anyhow::Result<()> {
    let import = &it.import;
    line(it, out)?;
    writeln!(out, "  文件 {}（SM3 {}）", import.file, it.digest)?;
    writeln!(
        out,
        "  {} 于 {} 导入，比对 {}",
        import.by,
        clock::to_wire(it.imported_at),
        import.compared.join("、")
    )?;
    writeln!(out, "  对方 {} 笔，我方当日 {} 笔", import.theirs, import.ours)?;
    for (kind, count) in &it.differences {
        writeln!(out, "  {} {count} 笔", kind.title())?;
    }
    if let Some(newer) = &it.superseded_by {
        writeln!(out, "  已被新文件取代，见 {newer}")?;
    }
    if let Some(signature) = &it.signature {
        let remark = signature.remark.as_deref().unwrap_or("无备注");
        writeln!(out, "  {} 于 {} 签认：{remark}", signature.by, clock::to_wire(signature.at))?;
    }
    Ok(())
}

pub(super) fn difference(it: &Difference, out: &mut dyn Write) -> anyhow::Result<()> {
    let finding = &it.finding;
    writeln!(out, "#{} {}", it.number, finding.kind.title())?;
    writeln!(out, "  我方：{}", side(finding.ours.as_ref()))?;
    writeln!(out, "  对方：{}", side(finding.theirs.as_ref()))?;
    for remark in &it.remarks {
        writeln!(out, "  {} 于 {}：{}", remark.by, clock::to_wire(remark.at), remark.text)?;
    }
    Ok(())
}

fn side(side: Option<&Side>) -> String {
    let Some(side) = side else { return "无".to_owned() };
    let said = [
        side.number.as_ref().map(|number| format!("保函 {number}")),
        side.application.as_ref().map(|application| format!("流水号 {application}")),
        side.applicant.clone(),
        side.amount.map(|amount| format!("保证金 {amount}")),
        side.premium.map(|premium| format!("保费 {premium}")),
        side.state.clone(),
        side.at.map(clock::to_wire).or_else(|| side.date.map(|date| date.to_string())),
        side.line.map(|line| format!("第 {line} 行")),
    ];
    said.into_iter().flatten().collect::<Vec<_>>().join("，")
}
