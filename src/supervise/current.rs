//! A value that is replaced while others use it: whoever took it goes on with what was taken.

use std::sync::{Arc, PoisonError, RwLock};

/// What holds now. Clones share it: what one of them puts in its place, all see from then on.
#[derive(Debug, Default)]
pub struct Current<T>(Arc<RwLock<Arc<T>>>);

impl<T> Current<T> {
    pub fn new(value: T) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(value))))
    }

    /// What holds at this moment. One piece of work asks once and keeps it, so that nothing changes under its hands.
    pub fn get(&self) -> Arc<T> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn replace(&self, value: T) {
        let value = Arc::new(value);
        let before = {
            let mut held = self.0.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *held, value)
        };
        // Outside of the lock, since it may take its time.
        drop(before);
    }
}

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_clones_see_what_was_put_in_place_and_whoever_took_the_former_keeps_it() {
        let current = Current::new("the first");
        let (other, taken) = (current.clone(), current.get());
        current.replace("the second");
        assert_eq!((*other.get(), *taken), ("the second", "the first"));
    }
}
