//! The Zhangzhou platform (漳州市工程项目电子保函服务平台对接规范 V2.3): one key has been agreed on, the institution answers an
//! application with a page for the payment, and the platform collects the guarantee with everything about it.

mod fields;
mod information;
mod project;

#[cfg(test)]
mod tests;

pub(super) use information::payment_page;

use super::message::Reason;
use super::tender::{Platform, Request, Specification, Taken};

/// 漳州 4.1 to 4.7.
pub static SPECIFICATION: Specification = Specification {
    id: "zhangzhou",
    title: "漳州市工程项目电子保函服务平台",
    received: fields::RECEIVED,
    pushed: fields::PUSHED,
    take,
    particulars: project::particulars,
    payment_page: true,
    prefix: "ZZ",
    acts: "\
POST /acts/collect/{applyno}                collect the guarantee and check it: getbaohaninfo
",
    adjust: |_| {},
};

fn take(platform: &Platform, request: &Request<'_>) -> Result<Taken, Reason> {
    match request.interface.name {
        "baohannotice" => platform.application_result(request),
        _ => platform.surrender_result(request),
    }
}
