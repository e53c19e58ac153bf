//! The index of a shard: 32 bits of a key's hash to the slot that holds the key. Linear probing, one
//! word a cell, deletion by shifting back, at most three quarters full; positions come from the stored
//! bits of the hash, so that growing asks for no key.

/// A cell is `hash 32 | slot + 1`; 0 is empty.
#[derive(Debug, Default)]
pub(super) struct Table {
    cells: Vec<u64>,
    len: usize,
}

const fn cell(hash: u32, slot: u32) -> u64 {
    (hash as u64) << 32 | (slot as u64 + 1)
}

const fn hash_of(cell: u64) -> u64 {
    cell >> 32
}

#[allow(clippy::cast_possible_truncation, reason = "the lower half on purpose")]
const fn slot_of(cell: u64) -> u32 {
    (cell as u32).wrapping_sub(1)
}

impl Table {
    fn mask(&self) -> usize {
        self.cells.len().wrapping_sub(1)
    }

    #[allow(clippy::cast_possible_truncation, reason = "masked to the table")]
    fn home(&self, hash: u64) -> usize {
        hash as usize & self.mask()
    }

    /// The slot under `hash` that `is_it`.
    pub(super) fn find(&self, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32> {
        let mut at = self.home(u64::from(hash));
        loop {
            let cell = *self.cells.get(at)?;
            if cell == 0 {
                return None;
            }
            let slot = slot_of(cell);
            if hash_of(cell) == u64::from(hash) && is_it(slot) {
                return Some(slot);
            }
            at = (at + 1) & self.mask();
        }
    }

    /// Adds a slot that is not there yet.
    pub(super) fn insert(&mut self, hash: u32, slot: u32) {
        if (self.len + 1) * 4 > self.cells.len() * 3 {
            self.grow();
        }
        self.put(cell(hash, slot));
        self.len += 1;
    }

    fn put(&mut self, new: u64) {
        let mask = self.mask();
        let mut at = self.home(hash_of(new));
        while let Some(cell) = self.cells.get_mut(at) {
            if *cell == 0 {
                *cell = new;
                return;
            }
            at = (at + 1) & mask;
        }
    }

    fn grow(&mut self) {
        let size = (self.cells.len() * 2).max(8);
        let old = std::mem::replace(&mut self.cells, vec![0; size]);
        for cell in old.into_iter().filter(|cell| *cell != 0) {
            self.put(cell);
        }
    }

    /// Takes a slot out; what had been pushed beyond it moves back.
    pub(super) fn remove(&mut self, hash: u32, slot: u32) {
        let mask = self.mask();
        let gone = cell(hash, slot);
        let mut hole = self.home(u64::from(hash));
        loop {
            match self.cells.get(hole) {
                Some(cell) if *cell == gone => break,
                Some(0) | None => return,
                Some(_) => hole = (hole + 1) & mask,
            }
        }
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let Some(&cell) = self.cells.get(at).filter(|cell| **cell != 0) else {
                break;
            };
            let pushed = at.wrapping_sub(self.home(hash_of(cell))) & mask;
            if pushed >= at.wrapping_sub(hole) & mask {
                self.set(hole, cell);
                hole = at;
            }
        }
        self.set(hole, 0);
        self.len -= 1;
    }

    fn set(&mut self, at: usize, value: u64) {
        if let Some(cell) = self.cells.get_mut(at) {
            *cell = value;
        }
    }
}

#[cfg(test)]
#[allow(clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::Table;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Homes at both ends of any table.
    const HASHES: [u32; 6] = [0, 1, 5, u32::MAX, u32::MAX - 1, u32::MAX << 5];

    proptest! {
        /// Against a set, with hashes that collide.
        #[test]
        fn finds_what_is_there(steps in prop::collection::vec((0_u32..6, 0_u32..24, any::<bool>()), 0..400)) {
            let mut table = Table::default();
            let mut model = BTreeSet::new();
            for (hash, slot, insert) in steps {
                let hash = HASHES[hash as usize];
                if insert && model.insert((hash, slot)) {
                    table.insert(hash, slot);
                } else if !insert && model.remove(&(hash, slot)) {
                    table.remove(hash, slot);
                }
                prop_assert_eq!(table.len, model.len());
                for hash in HASHES {
                    for slot in 0..24 {
                        let found = table.find(hash, |s| s == slot).is_some();
                        prop_assert_eq!(found, model.contains(&(hash, slot)));
                    }
                }
            }
        }
    }
}
