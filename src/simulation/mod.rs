//! A simulated world for the gateway's pure core: one seed, one run, the same each time.
//!
//! Replicas take pushes and do jobs; platforms of every built-in dialect push, and are told; people decide; an operator
//! revives. What decides, plans, recognises, prices and schedules is the gateway's own code. The database is a model of
//! tables and transactions, held against both real ones by `tests/store/model.rs`; network, clocks and processes are
//! models that lose, delay, repeat, jump, freeze and die wherever there is a [`Boundary`] between two effects.
//!
//! | promise | what is checked |
//! |---|---|
//! | G1 | a push that was answered with success is in the store from then on |
//! | G2 | the same push any number of times has one effect and one answer |
//! | G3 | a platform is told each thing once, and a repetition has the same bytes |
//! | G5 | a key that was accepted is kept, and is its own guarantee's |
//! | G6 | stages never go back, histories only grow |
//! | G7 | once faults stop, everything accepted is delivered; what was given up says why and can be revived |
//! | lanes | one job of a lane at a time, in order; who lost a lease does not write |
//! | deadlines | the most urgent work goes first, nothing in no hurry stands before an opening, letters are in time |
//!
//! That the checks can fail is a test, too: each [`Mutation`] is a mistake, and is found.

mod agenda;
mod applicant;
mod arrivals;
mod attempt;
mod campaign;
mod cast;
mod conclusion;
mod delivering;
mod desk;
mod filing;
mod job_table;
mod ledger;
mod mutation;
mod network;
mod oracle;
mod reckoning;
mod replica;
mod table;
mod tally;
mod trace;
mod weather;
mod world;

pub use campaign::{Campaign, Report};
pub use cast::Cast;
pub use job_table::{Job, JobTable};
pub use mutation::Mutation;
pub use oracle::Violation;
pub use tally::Tally;
pub use weather::{Boundary, Fault};

use self::world::World;

/// What became of one seed.
#[derive(Clone, Debug)]
pub struct Run {
    pub seed: u64,
    pub violation: Option<Violation>,
    pub tally: Tally,
    /// What happened, where it was asked for.
    pub trace: Vec<String>,
}

/// Runs one seed to its end, or to the first broken promise.
pub fn run(cast: &Cast, seed: u64, mutation: Mutation, traced: bool) -> Run {
    let mut world = World::new(cast, seed, mutation, traced);
    world.run();
    let violation = world.oracle.violation().cloned();
    Run { seed, violation, tally: world.tally, trace: world.trace.into_lines() }
}

#[cfg(test)]
mod tests;
