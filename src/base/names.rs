//! Names and uids that a seed can repeat. Must not be bypassed: random names elsewhere would break replays.

use parking_lot::Mutex;

/// Kubernetes' alphabet for generated suffixes: no vowels, no look-alikes (apimachinery `util/rand`).
pub const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// A source of names and uids, seeded for replays or from the machine's entropy.
#[derive(Debug)]
pub struct Names(Mutex<fastrand::Rng>);

impl Default for Names {
    fn default() -> Self {
        Self(Mutex::new(fastrand::Rng::new()))
    }
}

impl Names {
    /// A source that repeats itself for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Mutex::new(fastrand::Rng::with_seed(seed)))
    }

    /// A suffix of `length` characters as `generateName` adds them (Kubernetes uses 5).
    pub fn suffix(&self, length: usize) -> String {
        let mut rng = self.0.lock();
        (0..length).map(|_| char::from(ALPHABET[rng.usize(..ALPHABET.len())])).collect()
    }

    /// A version 4 uid.
    pub fn uid(&self) -> String {
        uuid::Builder::from_random_bytes(self.0.lock().u128(..).to_be_bytes()).into_uuid().to_string()
    }

    /// A number below `limit`.
    pub fn below(&self, limit: usize) -> usize {
        self.0.lock().usize(..limit)
    }
}

/// A hash's digits in Kubernetes' alphabet, as in `pod-template-hash` (apimachinery `SafeEncodeString`).
#[must_use]
pub fn safe_encode(digits: &str) -> String {
    digits.bytes().map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()])).collect()
}
