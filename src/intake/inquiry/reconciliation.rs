//! What was issued on some days (公共资源 三(十一)), for a platform to compare with its own list.

use jiff::Timestamp;
use jiff::civil::Date;

use super::Prepared;
use crate::clock;
use crate::dialect::Response;
use crate::dialect::response::Issued;
use crate::domain::identity::PlatformId;
use crate::domain::{Guarantee, Stage};
use crate::store::guarantees;

pub(super) fn prepare(platform: PlatformId, first: Date, last: Date) -> Prepared {
    let from = clock::china_midnight(first);
    let until = last.tomorrow().map_or(Timestamp::MAX, clock::china_midnight);
    Box::new(move |connection| {
        let issued = guarantees::issued_between(connection, &platform, from, until)?;
        Ok(Response::Reconciliation(issued.iter().filter_map(row).collect()))
    })
}

fn row(guarantee: &Guarantee) -> Option<Issued> {
    let terms = guarantee.terms.as_ref()?;
    Some(Issued {
        application: guarantee.application.number.clone(),
        guarantee: terms.guarantee_number.clone(),
        issued_at: guarantee.issued_letter.as_ref()?.sealed_at,
        rate: terms.rate,
        premium: terms.premium,
        surrendered: guarantee.stage == Stage::Surrendered,
    })
}
