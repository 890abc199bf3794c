//! The keys of underwriting, as `[platforms.ID.underwriting]` and the entries of `[[rules]]` write them.

use std::path::PathBuf;
use std::time::Duration;

use jiff::civil::Date;
use serde::Deserialize;

use super::blacklist::Codes;
use super::figure::{Figure, Line, Source};
use super::values::{
    Blacklisted, Ceiling, Collection, Desk, Mode, NumberPrefix, OutsideHours, PayerOptions, PremiumRate,
    Shown, Tiers, Wait, Yuan,
};
use crate::domain::premium::Rounding;
use crate::domain::product::{InstitutionKind, Product};
use crate::institution::hours::Window;

/// One list of keys makes three types: what a platform's section says, what an entry overrides, and the figures that
/// hold in the end, each with where it comes from.
macro_rules! keys {
    (
        required { $($(#[$must_doc:meta])* $must:ident: $must_kind:ty, $must_title:literal;)* }
        optional { $($(#[$may_doc:meta])* $may:ident: $may_kind:ty = $default:expr, $may_title:literal;)* }
    ) => {
        /// The `[platforms.ID.underwriting]` section of the settings.
        #[derive(Clone, Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct UnderwritingOptions {
            $($(#[$must_doc])* pub $must: $must_kind,)*
            $($(#[$may_doc])* pub $may: Option<$may_kind>,)*
        }

        /// An entry of `[[rules]]`: whom and when it is for, and the keys that it overrides.
        #[derive(Clone, Debug, Default, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct EntryOptions {
            pub name: String,
            /// Ids of platforms; all, where this is missing, and so for the other two.
            pub platforms: Option<Vec<String>>,
            pub products: Option<Vec<Product>>,
            pub kinds: Option<Vec<InstitutionKind>>,
            /// The first and the last day on which an application has to be received.
            pub from: Option<Date>,
            pub until: Option<Date>,
            $($(#[$must_doc])* pub $must: Option<$must_kind>,)*
            $($(#[$may_doc])* pub $may: Option<$may_kind>,)*
        }

        impl EntryOptions {
            /// Whether it overrides no key at all.
            pub(super) fn changes_nothing(&self) -> bool {
                $(self.$must.is_none() &&)* $(self.$may.is_none() &&)* true
            }
        }

        /// The figures that hold for one guarantee, each with where it comes from.
        #[derive(Clone, Debug)]
        pub struct Figures {
            $($(#[$must_doc])* pub $must: Figure<$must_kind>,)*
            $($(#[$may_doc])* pub $may: Figure<$may_kind>,)*
        }

        impl Figures {
            pub(super) fn of_platform(options: &UnderwritingOptions) -> Self {
                Self {
                    $($must: Figure::new(options.$must.clone(), Source::Platform),)*
                    $($may: match &options.$may {
                        Some(value) => Figure::new(value.clone(), Source::Platform),
                        None => Figure::new($default, Source::Default),
                    },)*
                }
            }

            pub(super) fn overlay(&mut self, entry: &EntryOptions, source: &Source) {
                $(self.$must.overlay(entry.$must.as_ref(), source);)*
                $(self.$may.overlay(entry.$may.as_ref(), source);)*
            }

            /// All of them to be read, in the order in which the settings describe them.
            pub fn lines(&self) -> Vec<Line> {
                let line = |key, title, value, source: &Source| Line { key, title, value, source: source.clone() };
                vec![
                    $(line(stringify!($must), $must_title, self.$must.value.shown(), &self.$must.source),)*
                    $(line(stringify!($may), $may_title, self.$may.value.shown(), &self.$may.source),)*
                ]
            }
        }
    };
}

keys! {
    required {
        /// Applies above the last tier.
        rate: PremiumRate, "费率";
        minimum_premium: Yuan, "最低保费";
        smallest_amount: Yuan, "最小担保金额";
        largest_amount: Yuan, "最大担保金额";
    }
    optional {
        /// Rates for smaller amounts, ascending; each applies to the whole of an amount.
        tiers: Tiers = Tiers::default(), "分档费率";
        maximum_premium: Ceiling = Ceiling::default(), "最高保费";
        rounding: Rounding = Rounding::default(), "保费取整";
        /// Who underwrites.
        mode: Mode = Mode::default(), "承保方式";
        /// Who answers a request to surrender.
        surrender: Mode = Mode::default(), "退保方式";
        /// Who answers a platform that wants to cancel an order before issue.
        cancellation: Mode = Mode::Automatic, "取消订单方式";
        /// Who sees to an invoice.
        invoice: Desk = Desk::default(), "发票办理";
        /// Who sees to a claim.
        claim: Desk = Desk::default(), "理赔办理";
        /// How long the core system has for an answer before people are told.
        answer_within: Wait = Wait(Duration::from_secs(30 * 60)), "核心系统答复时限";
        /// Whether the premium has to come from the applicant's basic account (基本户).
        payer: PayerOptions = PayerOptions::default(), "付款账户";
        premium: Collection = Collection::default(), "保费到账";
        /// Days of validity after the end of bid validity.
        days_after_bid_validity: u32 = 30, "投标有效期后天数";
        /// The last day of validity, counted in days from issue, where an application asks for none.
        longest_validity_days: u32 = 180, "最长有效天数";
        /// What guarantee numbers begin with: at most 20 letters, digits and hyphens.
        number_prefix: NumberPrefix = NumberPrefix("BH".to_owned()), "保函编号前缀";
        /// When the rules may decide; at any time, if empty.
        hours: Vec<Window> = Vec::new(), "自动办理时段";
        working_days_only: bool = false, "仅工作日";
        outside_hours: OutsideHours = OutsideHours::default(), "时段之外";
        /// An application whose section is known to be opened in fewer hours is left to people; 0 for none.
        hours_before_opening: u32 = 0, "开标前转人工小时数";
        blacklist: Codes = Codes::default(), "黑名单";
        /// A file of one code per line.
        blacklist_file: PathBuf = PathBuf::new(), "黑名单文件";
        blacklisted: Blacklisted = Blacklisted::default(), "黑名单企业";
    }
}
