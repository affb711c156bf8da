//! A short name for what a memory knows of something: a hash in place of its text. Must not guard anything nor be kept
//! on disk: who chooses the text can make two meet.

use std::hash::{Hash, Hasher};

/// The hash (FNV-1a) of a value; the same for equal values.
#[must_use]
pub fn mark(of: &(impl Hash + ?Sized)) -> u64 {
    let mut hasher = fnv::FnvHasher::default();
    of.hash(&mut hasher);
    hasher.finish()
}
