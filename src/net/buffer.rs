//! Buffers that are borrowed while bytes are in hand and given back when a connection falls idle.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

/// Free buffers of one size, kept by a worker.
#[derive(Debug)]
pub struct BufferPool {
    size: usize,
    keep: usize,
    free: RefCell<Vec<Vec<u8>>>,
}

impl BufferPool {
    /// A pool of buffers of `size` bytes that keeps at most `keep` free ones.
    pub fn new(size: usize, keep: usize) -> Rc<Self> {
        Rc::new(Self {
            size,
            keep,
            free: RefCell::default(),
        })
    }

    /// The size of its buffers.
    pub fn size(&self) -> usize {
        self.size
    }

    /// A buffer that is [`Self::size`] long, with whatever bytes were in it before. Only for pools that
    /// lend no buffers of the other kind, else each has to be filled anew.
    pub fn take_whole(self: &Rc<Self>) -> Buffer {
        let mut buffer = Buffer {
            bytes: self.free.borrow_mut().pop().unwrap_or_default(),
            pool: self.clone(),
        };
        buffer.resize(self.size, 0);
        buffer
    }

    /// A buffer without memory, to stand where none is needed yet.
    pub fn nothing(self: &Rc<Self>) -> Buffer {
        Buffer {
            bytes: Vec::new(),
            pool: self.clone(),
        }
    }

    /// An empty buffer with room for at least [`Self::size`] bytes.
    pub fn take(self: &Rc<Self>) -> Buffer {
        Buffer {
            bytes: self.memory(),
            pool: self.clone(),
        }
    }

    fn memory(&self) -> Vec<u8> {
        let bytes = self.free.borrow_mut().pop();
        let mut bytes = bytes.unwrap_or_else(|| Vec::with_capacity(self.size));
        bytes.clear();
        bytes
    }
}

/// A borrowed buffer; dropping it gives it back.
#[derive(Debug)]
pub struct Buffer {
    bytes: Vec<u8>,
    pool: Rc<BufferPool>,
}

impl Buffer {
    /// Gives its memory back to the pool, and what was in it up.
    #[inline]
    pub fn release(&mut self) {
        if self.bytes.capacity() > 0 {
            self.give_back();
        }
    }

    fn give_back(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut free = self.pool.free.borrow_mut();
        // One that was made to grow is not kept: the pool's memory stays what its size says.
        let fits = bytes.capacity() >= self.pool.size && bytes.capacity() <= self.pool.size * 2;
        if fits && free.len() < self.pool.keep {
            free.push(bytes);
        }
    }

    /// Takes memory from the pool if it has none.
    #[inline]
    pub fn acquire(&mut self) {
        if self.bytes.capacity() == 0 {
            self.bytes = self.pool.memory();
        }
    }
}

impl Deref for Buffer {
    type Target = Vec<u8>;
    fn deref(&self) -> &Vec<u8> {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_come_back_empty_and_only_as_many_as_are_kept() {
        let pool = BufferPool::new(64, 1);
        let (mut one, two) = (pool.take(), pool.take());
        one.extend_from_slice(b"secret");
        drop(one);
        drop(two);
        assert_eq!(pool.free.borrow().len(), 1);
        assert!(pool.take().is_empty());
    }

    #[test]
    fn memory_can_be_given_back_early_and_taken_late() {
        let pool = BufferPool::new(64, 4);
        let mut one = pool.nothing();
        assert_eq!(one.capacity(), 0);
        one.acquire();
        assert!(one.capacity() >= 64);
        one.release();
        drop(one);
        assert_eq!(pool.free.borrow().len(), 1);
    }

    #[test]
    fn a_grown_buffer_is_not_kept() {
        let pool = BufferPool::new(64, 4);
        let mut one = pool.take();
        one.reserve(100_000);
        drop(one);
        assert!(pool.free.borrow().is_empty());
    }
}
