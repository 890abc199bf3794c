//! Which rule gave which figure, and what the rules answer: to be read by people and by the core system.

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;
use utoipa::ToSchema;

use super::Rules;
use super::figure::{Line, Source};
use super::judgement::{Ground, Judgement, known_opening, opening_too_near};
use super::options::Figures;
use super::validity::{self, Basis};
use super::values::Shown;
use crate::clock::china_date;
use crate::domain::decision::Question;
use crate::domain::premium::{Bound, Rounding};
use crate::domain::terms::Terms;
use crate::domain::{Command, Guarantee};
use crate::institution::Answer;
use crate::institution::hours::Standing;

/// Everything that the rules have to say about one guarantee at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = RulesExplanation)]
pub struct Explanation {
    pub platform: String,
    /// The platform's number of the application.
    pub application: String,
    /// Where it stands.
    pub stage: &'static str,
    /// The day in China by which entries hold or don't.
    #[schema(value_type = String, format = Date)]
    pub received_on: Date,
    /// The moment for which this is said.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Every key of underwriting with what it is set to, and where.
    pub figures: Vec<Line>,
    pub premium: Premium,
    pub validity: Validity,
    pub hours: Hours,
    pub opening: Opening,
    pub blacklist: Blacklist,
    /// What the rules would answer now, to each question that can be put.
    pub answers: Vec<Answered>,
    /// In what the recorded terms are not those of the rules; missing while there are none.
    pub differences: Option<Vec<Difference>>,
}

/// The way to the premium: amount × rate, rounded, at least the minimum and at most the maximum. Amounts are in yuan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
#[schema(as = ReckonedPremium)]
pub enum Premium {
    Reckoned {
        amount: String,
        /// The end of the tier that holds the amount; missing above the last one.
        tier_up_to: Option<String>,
        rate: String,
        /// With all its digits.
        product: String,
        #[schema(value_type = String)]
        rounding: Rounding,
        rounded: String,
        bound: PremiumBound,
        premium: String,
        /// Who set the rate: the tiers, where one holds the amount.
        rate_source: Source,
    },
    Refused {
        amount: String,
        reason: String,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PremiumBound {
    None,
    Minimum,
    Maximum,
}

/// How long the guarantee would hold if it were approved now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Validity {
    /// The first day that the application asks for; from issue, where it asks for none.
    #[schema(value_type = Option<String>, format = Date)]
    pub from: Option<Date>,
    #[schema(value_type = String, format = Date)]
    pub latest: Date,
    pub basis: ValidityBasis,
    pub days_after_bid_validity: u32,
    /// Why it would cover nothing, if it would.
    pub empty: Option<String>,
}

/// What gave the last day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ValidityBasis {
    AskedDay,
    AskedMonths,
    LongestValidityDays,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hours {
    /// Whether the rules may decide now.
    pub open: bool,
    #[schema(value_type = Option<String>, format = DateTime)]
    pub opens: Option<Timestamp>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Opening {
    /// When the section is opened, as far as the platform has said so in the clear.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub known: Option<Timestamp>,
    pub hours_before_opening: u32,
    pub too_near: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Blacklist {
    pub listed: bool,
    /// The key under which the applicant's code is listed.
    pub list: Option<&'static str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Answered {
    pub question: &'static str,
    /// Whether it waits for an answer.
    pub open: bool,
    pub answer: AnswerKind,
    /// What the platform is told.
    pub told: Option<String>,
    /// Why, in Chinese.
    pub ground: String,
    /// When the question is put again.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub later: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerKind {
    Yes,
    No,
    People,
    CoreSystem,
    Later,
}

/// One term that was recorded otherwise than the rules have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = DifferenceFromRules)]
pub struct Difference {
    /// In Chinese.
    pub what: &'static str,
    pub recorded: String,
    pub ruled: String,
}

impl Rules {
    /// What holds for a guarantee, where each figure comes from, and what the rules answer at this moment.
    pub fn explain(&self, guarantee: &Guarantee, at: Timestamp) -> Explanation {
        let figures = self.figures_for(guarantee);
        let standing = self.standing(&figures, at);
        let list = self.blacklisting(guarantee, &figures);
        let known = known_opening(guarantee);
        let can_be_put =
            |question: &Question| *question == Question::Underwriting || question.is_open(guarantee);
        let answers = Question::ALL.into_iter().filter(can_be_put).map(|question| {
            Answered::new(question, question.is_open(guarantee), self.judge(question, guarantee, at))
        });
        Explanation {
            platform: guarantee.platform.to_string(),
            application: guarantee.application.number.to_string(),
            stage: guarantee.stage.name(),
            received_on: china_date(guarantee.received_at),
            at,
            figures: figures.lines(),
            premium: premium(guarantee, &figures),
            validity: validity(guarantee, &figures, at),
            hours: match standing {
                Standing::Open => Hours { open: true, opens: None },
                Standing::Closed(opens) => Hours { open: false, opens },
            },
            opening: Opening {
                known,
                hours_before_opening: figures.hours_before_opening.value,
                too_near: opening_too_near(guarantee, &figures, at).is_some(),
            },
            blacklist: Blacklist { listed: list.is_some(), list },
            answers: answers.collect(),
            differences: guarantee.terms.as_ref().map(|terms| differences(guarantee, terms, &figures, at)),
        }
    }
}

fn premium(guarantee: &Guarantee, figures: &Figures) -> Premium {
    let amount = guarantee.application.amount;
    match figures.tariff().reckon(amount) {
        Ok(reckoned) => Premium::Reckoned {
            amount: amount.to_string(),
            tier_up_to: reckoned.tier.map(|tier| tier.up_to.to_string()),
            rate: reckoned.rate.to_string(),
            product: reckoned.product.to_string(),
            rounding: figures.rounding.value,
            rounded: reckoned.rounded.to_string(),
            bound: match reckoned.bound {
                Bound::None => PremiumBound::None,
                Bound::RaisedToMinimum => PremiumBound::Minimum,
                Bound::LoweredToMaximum => PremiumBound::Maximum,
            },
            premium: reckoned.premium.to_string(),
            rate_source: match reckoned.tier {
                Some(_) => figures.tiers.source.clone(),
                None => figures.rate.source.clone(),
            },
        },
        Err(refusal) => Premium::Refused { amount: amount.to_string(), reason: refusal.to_string() },
    }
}

fn validity(guarantee: &Guarantee, figures: &Figures, at: Timestamp) -> Validity {
    let ruled = validity::of(guarantee, figures, at);
    Validity {
        from: ruled.validity.from,
        latest: ruled.validity.latest,
        basis: match ruled.basis {
            Basis::AskedDay => ValidityBasis::AskedDay,
            Basis::AskedMonths => ValidityBasis::AskedMonths,
            Basis::Rule => ValidityBasis::LongestValidityDays,
        },
        days_after_bid_validity: ruled.validity.days_after_bid_validity,
        empty: ruled.emptiness(at),
    }
}

impl Answered {
    fn new(question: Question, open: bool, judgement: Judgement) -> Self {
        let ground = ground(&judgement.ground);
        let bare = |answer| (answer, None, None);
        let (answer, told, later) = match judgement.answer {
            Answer::Commands(commands) => match commands.into_iter().next() {
                Some(Command::Decline { reason, .. }) => (AnswerKind::No, Some(reason), None),
                _ => bare(AnswerKind::Yes),
            },
            Answer::People => bare(AnswerKind::People),
            Answer::CoreSystem { .. } => bare(AnswerKind::CoreSystem),
            Answer::Later(at) => (AnswerKind::Later, None, Some(at)),
        };
        Self { question: question.name(), open, answer, told, ground, later }
    }
}

fn ground(ground: &Ground) -> String {
    match ground {
        Ground::Rules => "符合各项规则".to_owned(),
        Ground::ForPeople => "设置为人工办理".to_owned(),
        Ground::ForCoreSystem => "设置为由核心系统答复".to_owned(),
        Ground::Blacklisted => "投标人在黑名单内".to_owned(),
        Ground::OutsideHours => "不在自动办理时段内".to_owned(),
        Ground::Amount(refusal) => refusal.to_string(),
        Ground::Validity(reason) => reason.clone(),
        Ground::OpeningNear(opening) => {
            format!("距开标（{}）过近", crate::clock::to_wire(*opening))
        }
    }
}

fn differences(guarantee: &Guarantee, terms: &Terms, figures: &Figures, at: Timestamp) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut compare = |what, recorded: String, ruled: String| {
        if recorded != ruled {
            found.push(Difference { what, recorded, ruled });
        }
    };
    let reckoned = figures.tariff().reckon(guarantee.application.amount);
    let by_rule = |figure: Option<String>| figure.unwrap_or_else(|| "不予承保".to_owned());
    let premium = reckoned.as_ref().ok().map(|it| it.premium.to_string());
    compare("保费", terms.premium.to_string(), by_rule(premium));
    compare("费率", terms.rate.to_string(), by_rule(reckoned.ok().map(|it| it.rate.to_string())));
    let prefix = &figures.number_prefix.value;
    if !terms.guarantee_number.as_str().starts_with(&prefix.0) {
        compare("保函编号", terms.guarantee_number.to_string(), format!("以 {} 开头", prefix.shown()));
    }
    let ruled = validity::of(guarantee, figures, at);
    let first = |from: Option<Date>| from.map_or("出具之日".to_owned(), |from| from.to_string());
    compare("担保起期", first(terms.validity.from), first(ruled.validity.from));
    let days = |days: u32| format!("投标有效期满后 {days} 天");
    let (recorded, expected) =
        (terms.validity.days_after_bid_validity, ruled.validity.days_after_bid_validity);
    compare("有效期", days(recorded), days(expected));
    if !could_be(terms, guarantee, figures, at) {
        compare("担保止期", terms.validity.latest.to_string(), ruled.validity.latest.to_string());
    }
    found
}

/// Whether the rules gave this last day on some day between the application and now. They count it from the day of the
/// approval, where the application names no day itself.
fn could_be(terms: &Terms, guarantee: &Guarantee, figures: &Figures, at: Timestamp) -> bool {
    let ruled = |at| validity::of(guarantee, figures, at).validity.latest;
    (ruled(guarantee.received_at)..=ruled(at)).contains(&terms.validity.latest)
}
