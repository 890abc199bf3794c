//! The Hainan platform (海南省公共资源交易投标担保服务平台技术规范, 2024): letters come encrypted and in slices, and claims
//! are answered by a notice.

mod fields;
mod slices;
mod uploads;
mod wire;

#[cfg(test)]
mod tests;

pub use wire::{BytesText, FileCipher, Md5Text, PublicKeyText, SliceText, Sm2Order, WireForm};

pub use super::tender::{
    Accepted, Application, Content, Delivery, Platform, Sandbox, SandboxOptions, Specification, Tally,
};
pub use super::{Act, Answer, Direction, Effect, Exchange, Fault, Journal, Letter, Outcome, read_faults};

use super::message::Reason;
use super::tender::{Request, Taken, nothing_further};

/// 海南 A.1 to A.15.
pub static SPECIFICATION: Specification = Specification {
    id: "hainan",
    title: "海南省公共资源交易投标担保服务平台",
    received: fields::RECEIVED,
    pushed: fields::PUSHED,
    take,
    particulars: nothing_further,
    payment_page: false,
    prefix: "TBHN",
    acts: "",
    adjust: |options| "460000".clone_into(&mut options.platform_code),
};

fn take(platform: &Platform, request: &Request<'_>) -> Result<Taken, Reason> {
    match request.interface.name {
        "baohannotice" => platform.application_result(request),
        "downloadpublickey" => platform.public_key(request),
        "uploadbaohanfile" => platform.slice(request),
        "baohanfilecompletenotice" => platform.completion(request),
        "invoicenotice" => platform.invoice_result(request),
        "quitnotice" => platform.surrender_result(request),
        "claimsresultnotice" => platform.claim_result(request),
        _ => platform.waiver(request),
    }
}
