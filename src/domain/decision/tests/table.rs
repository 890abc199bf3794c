//! The table of `ARCHITECTURE.md` against what the machine does, over every guarantee that can come about.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::*;

/// What stands in the table: for each command by its name, and each stage, a cell.
fn printed() -> BTreeMap<String, Vec<String>> {
    let page = include_str!("../../../ARCHITECTURE.md");
    let section = page.split("\n## ").find(|section| section.starts_with("The life of a guarantee")).unwrap();
    let mut rows = section.lines().filter(|line| line.starts_with('|')).map(|line| {
        let cells = line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned());
        cells.collect::<Vec<_>>()
    });
    let stages: Vec<String> = Stage::ALL.iter().map(|stage| format!("{stage:?}")).collect();
    assert_eq!(rows.next().unwrap()[2..], stages, "a column for each stage");
    let ruler = rows.next().unwrap();
    assert!(ruler.iter().all(|cell| cell.contains('-')));
    rows.map(|row| {
        assert_eq!(row.len(), stages.len() + 2, "{row:?}");
        (row[0].clone(), row[2..].to_vec())
    })
    .collect()
}

/// The variants of [`Command`], as its source lists them.
fn commands() -> Vec<String> {
    let source = include_str!("../../command.rs");
    let body = source.split_once("pub enum Command {").unwrap().1.split_once("\n}").unwrap().0;
    let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(char::is_uppercase));
    variants.map(|line| line.chars().take_while(char::is_ascii_alphanumeric).collect()).collect()
}

/// What all guarantees of a stage have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Class {
    open: bool,
    abnormal: bool,
}

impl Class {
    fn of(guarantee: &Guarantee) -> Self {
        Self {
            open: guarantee.application.secrecy == Secrecy::None,
            abnormal: guarantee.abnormality.is_some(),
        }
    }
}

/// How a command fared with the guarantees of a class.
#[derive(Clone, Copy, Default)]
struct Tried {
    carried_out: usize,
    refused: usize,
}

fn cell(tried: &BTreeMap<Class, Tried>) -> String {
    let legal: BTreeSet<Class> =
        tried.iter().filter(|(_, it)| it.carried_out > 0).map(|(class, _)| *class).collect();
    let only = |of: &dyn Fn(bool, bool) -> bool| {
        tried.keys().all(|class| legal.contains(class) == of(class.open, class.abnormal))
    };
    let text = match () {
        () if legal.is_empty() => "–",
        () if tried.values().all(|it| it.refused == 0) => "✓",
        () if only(&|_, _| true) => "if",
        () if only(&|_, abnormal| abnormal) => "abnormal",
        () if only(&|open, _| open) => "open",
        () if only(&|open, _| !open) => "secret",
        () if only(&|open, abnormal| open || abnormal) => "abnormal, open",
        () => panic!("the table has no word for {legal:?}"),
    };
    text.to_owned()
}

/// What makes two guarantees behave alike.
fn likeness(it: &Guarantee) -> String {
    let claim = it.claim.as_ref().map(|claim| claim.result.as_ref().map(|result| result.status));
    let invoice = it.invoice.as_ref().map(|invoice| &invoice.outcome);
    let surrender = it.surrender.as_ref().map(|surrender| &surrender.outcome);
    let cancellation = it.order_cancellation.as_ref().map(|cancellation| &cancellation.outcome);
    let letters = [&it.issued_letter, &it.merged_letter].map(|letter| letter.is_some());
    let class = Class::of(it);
    format!(
        "{:?} {class:?} {claim:?} {invoice:?} {surrender:?} {cancellation:?} {letters:?} {} {}",
        it.stage, it.waiver_asked, it.paid_on_claims
    )
}

/// When a command is tried.
fn moment(command: &Command) -> Timestamp {
    if *command == Command::Expire { after_the_last_day() } else { now() }
}

/// One of each kind of guarantee that can come about.
pub(super) fn every_guarantee() -> Vec<Guarantee> {
    let mut every: Vec<Guarantee> =
        [Secrecy::UntilOpening, Secrecy::None].map(|secrecy| after([apply_with(secrecy)]).guarantee).into();
    let mut known: HashSet<String> = every.iter().map(likeness).collect();
    let mut next = 0;
    while let Some(guarantee) = every.get(next).cloned() {
        next += 1;
        for command in every_command(&guarantee, "400000") {
            let at = moment(&command);
            let Ok(decision) = decide(Some(guarantee.clone()), newcomer(), command, at) else { continue };
            if known.insert(likeness(&decision.guarantee)) {
                every.push(decision.guarantee);
            }
        }
    }
    every
}

#[test]
fn the_table_says_which_command_is_legal_in_which_stage() {
    let mut tried: BTreeMap<String, Vec<BTreeMap<Class, Tried>>> = BTreeMap::new();
    for guarantee in every_guarantee() {
        let stage = Stage::ALL.iter().position(|stage| *stage == guarantee.stage).unwrap();
        for command in every_command(&guarantee, "400000") {
            let (name, at) = (name(&command), moment(&command));
            let stages = tried.entry(name).or_insert_with(|| vec![BTreeMap::new(); Stage::ALL.len()]);
            let fared = stages[stage].entry(Class::of(&guarantee)).or_default();
            match decide(Some(guarantee.clone()), newcomer(), command, at) {
                Ok(_) => fared.carried_out += 1,
                Err(_) => fared.refused += 1,
            }
        }
    }
    let done: BTreeMap<String, Vec<String>> =
        tried.into_iter().map(|(name, stages)| (name, stages.iter().map(cell).collect())).collect();
    let untried = commands().into_iter().filter(|name| !done.contains_key(name)).collect::<Vec<_>>();
    assert!(untried.is_empty(), "never tried: {untried:?}");
    let printed = printed();
    assert_eq!(printed.keys().collect::<Vec<_>>(), done.keys().collect::<Vec<_>>(), "a row for each command");
    let mut differences = Vec::new();
    for (name, cells) in &done {
        for ((stage, does), says) in Stage::ALL.iter().zip(cells).zip(&printed[name]) {
            if does != says {
                differences.push(format!("{name} in {stage:?}: the table says `{says}`, the code `{does}`"));
            }
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
