//! `baohan simulate`.

use crate::program::baohan;

#[test]
fn seeds_are_run_and_counted() {
    let told = baohan(&["simulate", "--seeds", "12", "--from", "3"]).succeeded();
    assert!(told.contains("runs            12\n"), "{told}");
    assert!(told.contains("guarantee-years") && told.ends_with("no promise was broken\n"), "{told}");
}

#[test]
fn no_further_seed_is_begun_when_the_time_is_over() {
    let told = baohan(&["simulate", "--seeds", "1000000000", "--time", "0s"]).succeeded();
    assert!(told.contains("runs            0\n"), "{told}");
    assert!(told.contains("never met: before a commit; "), "{told}");
}

#[test]
fn one_seed_is_told_in_full_and_each_time_alike() {
    let trace = || baohan(&["simulate", "--seed", "5", "--trace"]).succeeded();
    let first = trace();
    assert!(first.starts_with("  0d 00:00:00.000  seed 5: "), "{first}");
    assert!(first.ends_with("seed 5: no promise was broken\n"), "{first}");
    assert_eq!(first, trace());
    let quiet = baohan(&["simulate", "--seed", "5"]).succeeded();
    assert_eq!(quiet, "seed 5: no promise was broken\n");
}

#[test]
fn only_platforms_of_one_dialect_play_where_one_is_named() {
    let told = baohan(&["simulate", "--seeds", "3", "--platform", "zhangzhou-2.3"]).succeeded();
    assert!(told.contains("restorations    0\n"), "it has nothing to restore: {told}");
    let unknown = baohan(&["simulate", "--platform", "elsewhere"]);
    assert!(unknown.code == 2 && unknown.complaint.contains("found `elsewhere`"), "{unknown:?}");
}
