//! The platform of 公共资源交易平台接口对接规范（电子金融服务）: as Jilin's, with fewer fields, and two interfaces more: the
//! institution's list of guarantees is held against the platform's own, and sections that were aborted are told.

mod fields;
mod list;
mod sections;

#[cfg(test)]
mod tests;

pub use sections::{AbnormalSection, Declared, SectionStatus};

use super::message::Reason;
use super::tender::{Platform, Request, Specification, Taken, nothing_further};

/// 三(一) to (十二).
pub static SPECIFICATION: Specification = Specification {
    id: "ggzy",
    title: "公共资源交易平台（电子金融服务）",
    received: fields::RECEIVED,
    pushed: fields::PUSHED,
    take,
    particulars: nothing_further,
    payment_page: false,
    prefix: "GGZY",
    acts: "\
POST /acts/abort/{applyno}                  declare its section abnormal: 流标
POST /acts/terminate/{applyno}              终止
POST /acts/suspend/{applyno}                暂停
POST /acts/annul/{applyno}                  作废
POST /acts/reconcile/today                  ask for today's list: checkbaohanlist
",
    adjust: |_| {},
};

fn take(platform: &Platform, request: &Request<'_>) -> Result<Taken, Reason> {
    match request.interface.name {
        "baohannotice" => platform.application_result_with_letter(request),
        "restorenotice" => platform.restored_letter(request),
        "invoicenotice" => platform.invoice_result(request),
        "quitnotice" => platform.surrender_result(request),
        _ => platform.abnormal_sections(request),
    }
}
