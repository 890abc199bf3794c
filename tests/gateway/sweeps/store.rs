//! A failure at the n-th call of the store, at each boundary of its transaction.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use baohan_gateway::store::{Boundary, Disturbance, Mishap, StoreError};

use super::{BRISK, SLICES, assert_lived_once, draw, live};
use crate::house::{House, on_both_databases};
use crate::remains::add_tables;
use crate::traces::{Planted, Traces};

/// What a call can meet, and where.
const TROUBLES: [(Boundary, Trouble); 6] = [
    (Boundary::Begin, Trouble::Unavailable),
    (Boundary::Begin, Trouble::Busy),
    (Boundary::Commit, Trouble::Unavailable),
    (Boundary::Commit, Trouble::Contended),
    (Boundary::Answer, Trouble::Unavailable),
    (Boundary::Answer, Trouble::Busy),
];

/// A worker looks for jobs again and again; the first of these looks find some.
const CLAIMS: u32 = 12;

/// How many failures a run tries that does not try all.
const SOME: usize = 20;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    Busy,
    Unavailable,
    Contended,
}

/// The `nth` call with this work fails here and so.
#[derive(Clone, Debug)]
struct Failure {
    work: &'static str,
    nth: u32,
    at: Boundary,
    trouble: Trouble,
}

/// Counts the calls of the gateway by their work, and strikes the one that it is to.
#[derive(Clone, Default)]
struct Sweep(Arc<Mutex<Swept>>);

#[derive(Default)]
struct Swept {
    counts: BTreeMap<&'static str, u32>,
    next: Option<Failure>,
}

impl Disturbance for Sweep {
    fn strike(&self, work: &'static str) -> Option<Mishap> {
        // What the test itself looks up has other names.
        if !work.starts_with("baohan_gateway::") {
            return None;
        }
        let mut swept = self.0.lock().unwrap();
        let count = swept.counts.entry(work).or_default();
        *count += 1;
        let count = *count;
        let struck = swept.next.take_if(|next| next.work == work && next.nth == count)?;
        let text = "a planned failure".to_owned();
        let error = match struck.trouble {
            Trouble::Busy => StoreError::Busy(text),
            Trouble::Unavailable => StoreError::Unavailable(text),
            Trouble::Contended => StoreError::Contended(text),
        };
        Some(Mishap::new(struck.at, error))
    }
}

impl Sweep {
    /// Counts from the beginning, towards this failure.
    fn begin(&self, next: Option<Failure>) {
        *self.0.lock().unwrap() = Swept { counts: BTreeMap::new(), next };
    }

    /// Whether the failure has come to pass.
    fn has_struck(&self) -> bool {
        self.0.lock().unwrap().next.is_none()
    }

    /// Every failure that a life like the one that was counted can meet.
    fn failures(&self) -> Vec<Failure> {
        let swept = self.0.lock().unwrap();
        let calls = swept.counts.iter().flat_map(|(work, count)| {
            let most = if work.contains("::claim") { CLAIMS.min(*count) } else { *count };
            (1..=most).map(move |nth| (*work, nth))
        });
        // These come by the clock, in some lives more and in others less.
        let by_the_clock = [
            "::keep_lease::",
            "::set_back::",
            "::inspect::counts",
            "::audit_watch::",
            "::audit::verify::",
            "::chain::head",
        ];
        let calls = calls.filter(|(work, _)| !by_the_clock.iter().any(|part| work.contains(part)));
        let each = |(work, nth)| TROUBLES.map(|(at, trouble)| Failure { work, nth, at, trouble });
        calls.flat_map(each).collect()
    }
}

on_both_databases! {
    async fn a_failure_of_any_call_of_the_store_loses_nothing_and_doubles_nothing(database: Database) {
        let house = House::open_with(database, &format!("{BRISK}{SLICES}")).await;
        let sweep = Sweep::default();
        house.gateway.assembly.store.disturb(sweep.clone());
        // The first life takes what later ones find done, such as the platform's key.
        live(&house).await;
        sweep.begin(None);
        live(&house).await;
        let failures = sweep.failures();
        assert!(failures.len() > 100, "{failures:#?}");

        let draw = draw(&failures, SOME);
        let mut struck = 0;
        for failure in draw.failures {
            let told = format!("{failure:?}; repeat this with BAOHAN_TEST_SEED={}", draw.seed);
            sweep.begin(Some(failure));
            let applyno = live(&house).await;
            assert_lived_once(&house, &applyno, &told).await;
            struck += u32::from(sweep.has_struck());
        }
        // How often a worker looks for jobs is not the same in each life.
        assert!(struck > 10, "only {struck} failures came to pass");
        assert_sealed(&house);
    }
}

/// What was undone, tried again or given an answer in vain has left no section in the clear.
fn assert_sealed(house: &House) {
    let mut traces = Traces::default();
    traces.add_folder(house.folder.path(), &["keys", "master.key", "hainan.appsecret"]);
    add_tables(&[house.settings.clone(), house.overrides.clone()], &mut traces);
    traces.add("metrics", house.gateway.assembly.metrics.encode().as_bytes());
    for applyno in house.sandbox.applications() {
        let application = house.sandbox.application(&applyno).unwrap();
        let (number, key) = (&application.section_number, application.key);
        let planted = [Planted::new("the section's number", number), Planted::new("the section's key", key)];
        traces.assert_free_of(&planted, |_| false);
    }
}
