//! Where a message waits, and which one is next: pure, so that order and bounds can be shown over any sequence (I-32).
//!
//! Everything in memory is older than everything on disk: while anything waits on disk, what arrives goes there too.

/// How much may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Bounds {
    /// Messages in memory.
    pub(super) messages: usize,
    /// Their bytes.
    pub(super) memory: u64,
    /// Bytes of files; 0 = nothing is written.
    pub(super) disk: u64,
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Memory,
    Disk,
    /// Nowhere yet: the source has to wait.
    Nowhere,
}

/// Where the next message is taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Memory,
    Disk,
    Nothing,
}

/// What waits where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Order {
    bounds: Bounds,
    messages: usize,
    memory: u64,
    /// Messages on disk that have not been taken.
    waiting: u64,
    /// Bytes of files, messages that were taken included.
    disk: u64,
}

impl Order {
    pub(super) fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            messages: 0,
            memory: 0,
            waiting: 0,
            disk: 0,
        }
    }

    /// Where a message of so many bytes goes; `beside` are bytes that have to be written with it if it goes to disk.
    pub(super) fn place(&self, bytes: u64, beside: u64) -> Place {
        // One message is always taken, however large.
        let room = self.messages == 0
            || (self.messages < self.bounds.messages && self.memory + bytes <= self.bounds.memory);
        if self.waiting == 0 && room {
            Place::Memory
        } else if self.disk + bytes + beside <= self.bounds.disk {
            Place::Disk
        } else {
            Place::Nowhere
        }
    }

    /// Whether the next message written to disk is the first one there that waits.
    pub(super) fn spilling(&self) -> bool {
        self.waiting > 0
    }

    pub(super) fn next(&self) -> Next {
        if self.messages > 0 {
            Next::Memory
        } else if self.waiting > 0 {
            Next::Disk
        } else {
            Next::Nothing
        }
    }

    pub(super) fn put_in_memory(&mut self, bytes: u64) {
        self.messages += 1;
        self.memory += bytes;
    }

    pub(super) fn took_from_memory(&mut self, bytes: u64) {
        self.messages -= 1;
        self.memory -= bytes;
    }

    /// So many messages wait on disk beyond those that did.
    pub(super) fn put_on_disk(&mut self, messages: u64) {
        self.waiting += messages;
    }

    /// So many messages were taken from disk, or cannot be read any more.
    pub(super) fn took_from_disk(&mut self, messages: u64) {
        self.waiting -= messages;
    }

    /// Files grew.
    pub(super) fn wrote(&mut self, bytes: u64) {
        self.disk += bytes;
    }

    /// Files went away.
    pub(super) fn deleted(&mut self, bytes: u64) {
        self.disk -= bytes;
    }

    pub(super) fn messages(&self) -> usize {
        self.messages
    }

    pub(super) fn memory(&self) -> u64 {
        self.memory
    }

    pub(super) fn waiting(&self) -> u64 {
        self.waiting
    }

    pub(super) fn disk(&self) -> u64 {
        self.disk
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use proptest::prelude::*;

    use super::*;

    #[derive(Debug, Clone)]
    enum Step {
        /// A message of so many bytes arrives.
        Arrive(u64),
        Take,
        /// Files whose messages were taken go away.
        Stored,
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            3 => (1_u64..60).prop_map(Step::Arrive),
            2 => Just(Step::Take),
            1 => Just(Step::Stored),
        ];
        prop::collection::vec(step, 0..300)
    }

    proptest! {
        /// I-32: whatever arrives leaves once and in its order, memory and disk stay within their bounds, and a source that
        /// has to wait gets on as soon as enough is taken and stored.
        #[test]
        fn order_and_bounds_hold(steps in steps(), disk in prop_oneof![Just(0_u64), 30_u64..400]) {
            let bounds = Bounds { messages: 4, memory: 100, disk };
            let mut order = Order::new(bounds);
            let (mut memory, mut files) = (VecDeque::new(), VecDeque::new());
            let (mut arrived, mut left, mut taken_bytes) = (0_u64, 0_u64, 0_u64);
            for step in steps {
                match step {
                    Step::Arrive(bytes) => match order.place(bytes, 0) {
                        Place::Memory => {
                            order.put_in_memory(bytes);
                            memory.push_back((arrived, bytes));
                            arrived += 1;
                        }
                        Place::Disk => {
                            prop_assert!(disk > 0);
                            order.wrote(bytes);
                            order.put_on_disk(1);
                            files.push_back((arrived, bytes));
                            arrived += 1;
                        }
                        Place::Nowhere => {
                            prop_assert!(order.messages() > 0 || order.waiting() > 0);
                        }
                    },
                    Step::Take => {
                        let message = match order.next() {
                            Next::Memory => {
                                let (number, bytes) = memory.pop_front().expect("a message in memory");
                                order.took_from_memory(bytes);
                                number
                            }
                            Next::Disk => {
                                let (number, bytes) = files.pop_front().expect("a message on disk");
                                order.took_from_disk(1);
                                taken_bytes += bytes;
                                number
                            }
                            Next::Nothing => {
                                prop_assert_eq!(left, arrived);
                                continue;
                            }
                        };
                        prop_assert_eq!(message, left);
                        left += 1;
                    }
                    Step::Stored => {
                        order.deleted(taken_bytes);
                        taken_bytes = 0;
                    }
                }
                prop_assert!(order.disk() <= disk);
                prop_assert!(order.messages() <= 4);
                prop_assert!(order.memory() <= 100 || order.messages() == 1);
            }
            // Whoever takes everything makes room for anything.
            while !matches!(order.next(), Next::Nothing) {
                match order.next() {
                    Next::Memory => order.took_from_memory(memory.pop_front().expect("in memory").1),
                    _ => order.took_from_disk(1),
                }
            }
            prop_assert_eq!(order.place(1_000_000, 0), Place::Memory);
        }
    }
}
