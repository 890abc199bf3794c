//! The Jilin platform (吉林省公共资源交易一体化平台电子保函平台对接规范 V2.0.3): letters come whole, in the notice and behind
//! a link.

mod fields;

#[cfg(test)]
mod tests;

use super::message::Reason;
use super::tender::{Platform, Request, Specification, Taken, nothing_further};

/// 吉林 4.1 to 4.12.
pub static SPECIFICATION: Specification = Specification {
    id: "jilin",
    title: "吉林省公共资源交易一体化平台电子保函平台",
    received: fields::RECEIVED,
    pushed: fields::PUSHED,
    take,
    particulars: nothing_further,
    payment_page: false,
    prefix: "TBaoHanJL",
    acts: "",
    adjust: |options| "220100".clone_into(&mut options.platform_code),
};

fn take(platform: &Platform, request: &Request<'_>) -> Result<Taken, Reason> {
    match request.interface.name {
        "baohannotice" => platform.application_result_with_letter(request),
        "restorenotice" => platform.restored_letter(request),
        "invoicenotice" => platform.invoice_result(request),
        "quitnotice" => platform.surrender_result(request),
        _ => platform.waiver(request),
    }
}
