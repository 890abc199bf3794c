//! What a computation has worked, counted and not timed: tests compare it where the time must not tell anything.

use std::cell::Cell;

/// Work that was done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Effort {
    /// Bytes that went into digests.
    pub hashed: usize,
    /// Bytes that were compared with a secret or a digest.
    pub compared: usize,
    /// Bytes that a block cipher decrypted.
    pub deciphered: usize,
    /// Uses of a private key.
    pub private_key: usize,
}

thread_local! {
    static DONE: Cell<Effort> = const { Cell::new(Effort { hashed: 0, compared: 0, deciphered: 0, private_key: 0 }) };
}

/// Adds to what this thread has done.
pub(crate) fn note(add: impl FnOnce(&mut Effort)) {
    DONE.with(|done| {
        let mut sum = done.get();
        add(&mut sum);
        done.set(sum);
    });
}

/// What the work comes to, and what it cost on this thread.
pub(crate) fn measure<T>(work: impl FnOnce() -> T) -> (T, Effort) {
    DONE.with(|done| done.set(Effort::default()));
    let outcome = work();
    (outcome, DONE.with(Cell::get))
}
