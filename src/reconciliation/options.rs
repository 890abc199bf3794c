//! How statements of platforms are read and compared: settings of each platform, and limits for all.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;

use super::movement::Movement;
use super::standing::Standing;
use crate::domain::Stage;

/// What one platform's statement looks like.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StatementOptions {
    /// The headings of its columns, for each of ours the ones that are looked for, the first one first. None means
    /// that the statement has no such column.
    pub guarantee_number: Vec<String>,
    pub application_number: Vec<String>,
    pub amount: Vec<String>,
    pub premium: Vec<String>,
    pub state: Vec<String>,
    pub date: Vec<String>,
    /// What its words for states mean, beside and in place of the usual ones.
    pub states: BTreeMap<String, Meaning>,
    /// The movements of a day whose guarantees the statement of that day lists. With none, the statement may leave out
    /// whatever it likes.
    pub lists: Vec<Movement>,
}

impl Default for StatementOptions {
    fn default() -> Self {
        let headings = |all: &[&str]| all.iter().map(|heading| (*heading).to_owned()).collect();
        Self {
            guarantee_number: headings(&["保函编号", "保函编码", "保函号", "电子保函编号"]),
            application_number: headings(&["业务流水号", "申请编号", "投保单号", "订单编号"]),
            amount: headings(&["保证金金额", "保函金额", "担保金额", "保险金额", "保额"]),
            premium: headings(&["保费", "保险费", "担保费", "手续费"]),
            state: headings(&["状态", "保函状态", "业务状态", "订单状态", "日终状态"]),
            date: headings(&["出函日期", "出函时间", "开函日期", "开函时间", "签发日期", "日期"]),
            states: BTreeMap::new(),
            lists: vec![Movement::Issued],
        }
    }
}

/// What a platform's word means: one or several standings.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(
    untagged,
    expecting = "expected `not-issued`, `issued`, `surrendered`, `claim-paid`, `cancelled`, `expired`, or a list of them"
)]
pub enum Meaning {
    One(Standing),
    AnyOf(Vec<Standing>),
}

impl Meaning {
    fn standings(&self) -> Vec<Standing> {
        match self {
            Self::One(standing) => vec![*standing],
            Self::AnyOf(standings) => standings.clone(),
        }
    }
}

/// Words that mean the same wherever they stand; those of our own statement come on top.
const USUAL_WORDS: &[(&str, Standing)] = &[
    ("未出函", Standing::NotIssued),
    ("待出函", Standing::NotIssued),
    ("待审核", Standing::NotIssued),
    ("待支付", Standing::NotIssued),
    ("已取消", Standing::NotIssued),
    ("已出函", Standing::Issued),
    ("已出具", Standing::Issued),
    ("已开函", Standing::Issued),
    ("已签发", Standing::Issued),
    ("生效中", Standing::Issued),
    ("有效", Standing::Issued),
    ("已还原", Standing::Issued),
    ("退保", Standing::Surrendered),
    ("已撤保", Standing::Surrendered),
    ("注销", Standing::Cancelled),
    ("已理赔", Standing::ClaimPaid),
    ("已赔付", Standing::ClaimPaid),
    ("到期", Standing::Expired),
    ("已失效", Standing::Expired),
    ("已过期", Standing::Expired),
];

impl StatementOptions {
    /// All words that are understood, and what each means.
    pub fn words(&self) -> BTreeMap<String, Vec<Standing>> {
        let usual = USUAL_WORDS.iter().map(|(word, standing)| ((*word).to_owned(), vec![*standing]));
        let ours = Stage::ALL.into_iter().map(|stage| (stage.title().to_owned(), vec![Standing::of(stage)]));
        let own = self.states.iter().map(|(word, meaning)| (word.trim().to_owned(), meaning.standings()));
        usual.chain(ours).chain(own).collect()
    }
}

/// What holds for the statements of all platforms.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReconciliationOptions {
    /// A longer file is refused.
    pub file_bytes: usize,
    /// A file with more guarantees is refused.
    pub rows: usize,
    /// What happened so shortly before or after midnight may stand in the platform's statement of the other day.
    #[serde(with = "jiff::fmt::serde::unsigned_duration::friendly::compact::required")]
    pub midnight: Duration,
}

impl Default for ReconciliationOptions {
    fn default() -> Self {
        Self { file_bytes: 20_971_520, rows: 200_000, midnight: Duration::from_secs(600) }
    }
}
