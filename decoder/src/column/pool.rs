//! Buffers of large blocks, used again: asking the system for fresh pages costs as much as filling them.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use bytes::Bytes;

/// Smaller blocks are left to the allocator.
const WORTH: usize = 1 << 20;
/// Buffers kept for one table: one on its way to the warehouse, one being filled.
const KEPT: usize = 2;

type Buffers = Mutex<Vec<Vec<u8>>>;

/// The spare buffers of one table.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pool(Arc<Buffers>);

impl Pool {
    /// An empty buffer with room for `size` bytes.
    pub(crate) fn buffer(&self, size: usize) -> Vec<u8> {
        if size >= WORTH
            && let Some(mut buffer) = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
        {
            buffer.reserve(size);
            return buffer;
        }
        Vec::with_capacity(size)
    }

    /// The bytes; their buffer comes back when the last user drops them.
    pub(crate) fn share(&self, bytes: Vec<u8>) -> Bytes {
        if bytes.len() < WORTH {
            return bytes.into();
        }
        Bytes::from_owner(Lent {
            bytes,
            home: Arc::downgrade(&self.0),
        })
    }
}

struct Lent {
    bytes: Vec<u8>,
    home: Weak<Buffers>,
}

impl AsRef<[u8]> for Lent {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(home) = self.home.upgrade() {
            let mut spare = home.lock().unwrap_or_else(PoisonError::into_inner);
            if spare.len() < KEPT {
                let mut bytes = std::mem::take(&mut self.bytes);
                bytes.clear();
                spare.push(bytes);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_buffer_comes_back_when_its_last_user_is_gone() {
        let pool = Pool::default();
        let mut bytes = pool.buffer(WORTH);
        bytes.resize(WORTH, 7);
        let place = bytes.as_ptr();
        let shared = pool.share(bytes);
        let part = shared.slice(1..3);
        drop(shared);
        let other = pool.buffer(WORTH);
        assert_ne!(other.as_ptr(), place);
        assert_eq!(&part[..], [7, 7]);
        drop(part);
        let again = pool.buffer(WORTH);
        assert!(again.is_empty());
        assert_eq!(again.as_ptr(), place);
        // Without its table a buffer is simply freed.
        let orphan = pool.share(vec![0; WORTH]);
        drop(pool);
        drop(orphan);
    }
}
