//! Three implementations side by side: RustCrypto, which does the work; libsm, the second opinion; and the `openssl`
//! program, which shares no line with either. On random input they give the same answers, and refuse the same.
//!
//! Where they are known to differ they are asked through what removes the difference: libsm slices without looking at
//! lengths, takes coordinates outside the field and looks at the last byte of a padding only, which `second_opinion`
//! checks before; `openssl` has an empty user id unless told, reads ciphertexts in ASN.1 only, and takes the hybrid form
//! of a point, which nobody writes.
//!
//! A test that fails tells its seed; `BAOHAN_TEST_SEED=N` draws the same input again.

mod block;
mod hash;
mod keys;
mod public_key;

use std::io::Write;
use std::path::PathBuf;
use std::thread;

use rand::rngs::StdRng;
use rand::{Rng, RngExt, SeedableRng};

/// Random input that can be drawn again.
struct Draw {
    seed: u64,
    random: StdRng,
    /// For what the `openssl` program reads from files.
    folder: tempfile::TempDir,
}

impl Draw {
    fn new() -> Self {
        let told = std::env::var_os("BAOHAN_TEST_SEED");
        let seed = told.map_or_else(rand::random, |seed| seed.to_str().unwrap().parse().unwrap());
        Self { seed, random: StdRng::seed_from_u64(seed), folder: tempfile::tempdir().unwrap() }
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    fn array<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        self.random.fill_bytes(&mut bytes);
        bytes
    }

    fn below(&mut self, end: usize) -> usize {
        self.random.random_range(0..end)
    }

    /// One bit of the bytes flipped, wherever it is.
    fn spoiled(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut spoiled = bytes.to_vec();
        let at = self.below(bytes.len());
        spoiled[at] ^= 1 << self.below(8);
        spoiled
    }

    fn file(&self, name: &str, content: &[u8]) -> String {
        let path: PathBuf = self.folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Draw {
    fn drop(&mut self) {
        if thread::panicking() {
            let told = writeln!(std::io::stderr(), "repeat this with BAOHAN_TEST_SEED={}", self.seed);
            assert!(told.is_ok());
        }
    }
}
