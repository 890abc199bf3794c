//! Terms on which somebody has agreed, completed by the rules.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Rules, validity};
use crate::domain::identity::GuaranteeNumber;
use crate::domain::money::Fen;
use crate::domain::premium::{PremiumRule, Rate};
use crate::domain::terms::{Terms, Validity};
use crate::domain::{Guarantee, Refusal};
use crate::institution::numbering;

/// Terms as far as they are fixed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Agreed {
    pub number: Option<GuaranteeNumber>,
    pub premium: Option<Fen>,
    pub rate: Option<Rate>,
    pub issuer: Option<String>,
    /// The first day of validity.
    pub from: Option<Date>,
    /// The last day of validity.
    pub until: Option<Date>,
    pub days_after_bid_validity: Option<u32>,
}

impl Rules {
    /// What is not agreed comes from the rules. Their limits hold only where they have to give a premium or a rate: whoever
    /// gives both has decided about the amount.
    ///
    /// # Errors
    /// When a premium or a rate is missing and the amount is outside the limits.
    pub fn complete(&self, agreed: Agreed, guarantee: &Guarantee, at: Timestamp) -> Result<Terms, Refusal> {
        let (amount, figures) = (guarantee.application.amount, self.figures_for(guarantee));
        let tariff = figures.tariff();
        let (premium, rate) = match (agreed.premium, agreed.rate) {
            (Some(premium), Some(rate)) => (premium, rate),
            (Some(premium), None) => (premium, tariff.quote(amount)?.rate),
            (None, Some(rate)) => {
                let at_that_rate = PremiumRule { rate, tiers: Vec::new(), ..tariff };
                (at_that_rate.quote(amount)?.premium, rate)
            }
            (None, None) => {
                let quote = tariff.quote(amount)?;
                (quote.premium, quote.rate)
            }
        };
        let validity = validity::from(agreed.from, guarantee, &figures, at).validity;
        let numbered = || numbering::guarantee_number(&figures.number_prefix.value.0, at);
        Ok(Terms {
            guarantee_number: agreed.number.unwrap_or_else(numbered),
            premium,
            rate,
            issuer: agreed.issuer.unwrap_or_else(|| self.issuer.clone()),
            validity: Validity {
                from: validity.from,
                days_after_bid_validity: agreed
                    .days_after_bid_validity
                    .unwrap_or(validity.days_after_bid_validity),
                latest: agreed.until.unwrap_or(validity.latest),
            },
        })
    }
}
