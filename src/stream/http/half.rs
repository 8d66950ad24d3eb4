//! One direction of an exchange: bytes read from one peer, decoded, framed anew and written to the other.
//!
//! Peers are sockets, whose bytes frame their messages, or channels, which frame them beside the bytes: this is the one place that
//! knows of both. A channel's end and its trailers end a body that came from one, and are sent behind a body that goes to one.
//!
//! A head that is to go first is put into [`Half::staged`]; body data follows it in the same write. Data is written from the
//! buffer it was read into; only framing and small pieces are copied.

use std::io::IoSlice;
use std::ops::Range;
use std::task::{Context, Poll, ready};

use crate::filter::Compressor;
use crate::http::Head;
use crate::net::{Buffer, Channel, Stream};
use crate::wire::h1::{BodyLength, BodyReader, BodyWriter, Fault, Options, Piece};
use crate::wire::pump::{Broken, Ended, Pump, Tools};
use crate::worker::Pools;

/// Pieces up to this size are copied behind what is staged: cheaper than a second piece for the kernel.
const SMALL: usize = 4096;
/// Bodies of which at least so much is still to come go past the buffer.
const LONG: u64 = 32 * 1024;

/// What stopped a direction.
#[derive(Debug)]
pub(super) enum Break {
    /// The sender closed in the middle of the message.
    ReadEnd,
    /// Reading failed.
    ReadError,
    /// Writing failed: the receiver is gone.
    WriteError,
    /// The sender's framing is wrong.
    Malformed,
}

/// What a direction waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Waits {
    /// Nothing: it is finished.
    #[default]
    Nothing,
    /// Its sender.
    Read,
    /// Its receiver.
    Write,
}

/// One direction.
#[derive(Debug)]
pub(super) struct Half {
    /// What was read and is not decoded yet starts at `at`.
    pub buf: Buffer,
    pub at: usize,
    /// Bytes that go out before `direct`.
    pub staged: Buffer,
    staged_at: usize,
    /// The part of `buf` that goes out as it is.
    direct: Range<usize>,
    /// Goes out after `direct`: the end of a chunk.
    tail: &'static [u8],
    pub reader: BodyReader,
    writer: BodyWriter,
    pub trailers: Head,
    /// Codes the body on its way.
    pub filter: Option<Box<Compressor>>,
    /// The whole message was decoded and framed.
    framed: bool,
    /// Everything from here on must stay in the buffer, for another attempt.
    pub keep_from: Option<usize>,
    /// Body bytes decoded.
    pub data: u64,
    pub waits: Waits,
    /// Bytes moved since the last look; for timers.
    pub moved: bool,
    /// The last read filled the buffer: a larger one pays off.
    full_reads: u8,
    /// Moves the rest of a long body whose bytes nobody needs to see.
    pump: Option<Box<Pump>>,
}

impl Half {
    pub fn new(pools: &Pools) -> Self {
        Self {
            buf: pools.no_buffer(),
            at: 0,
            staged: pools.no_buffer(),
            staged_at: 0,
            direct: 0..0,
            tail: b"",
            reader: BodyReader::Done,
            writer: BodyWriter::Plain,
            trailers: Head::new(),
            filter: None,
            framed: true,
            keep_from: None,
            data: 0,
            waits: Waits::Nothing,
            moved: false,
            full_reads: 0,
            pump: None,
        }
    }

    /// Makes this direction carry a body: read as `read`, written as `written`.
    pub fn carry(&mut self, read: BodyLength, written: BodyLength) {
        self.reader = BodyReader::new(read);
        self.writer = BodyWriter::new(written);
        self.trailers.clear();
        self.framed = false;
        self.data = 0;
        self.pump = None;
        self.filter = None;
    }

    /// Body bytes that were read and not decoded, where they can be told from framing.
    pub fn at_hand(&self) -> u64 {
        let left = self.leftover().len() as u64;
        match &self.reader {
            BodyReader::Sized(size) => left.min(*size),
            BodyReader::UntilClose => left,
            BodyReader::Done | BodyReader::Chunked(_) => 0,
        }
    }

    /// Everything has been written.
    pub fn finished(&self) -> bool {
        self.framed && !self.pending()
    }

    /// Body bytes or framing that nobody has decoded yet.
    pub fn leftover(&self) -> &[u8] {
        self.buf.get(self.at..).unwrap_or_default()
    }

    fn pending(&self) -> bool {
        self.staged_at < self.staged.len() || !self.direct.is_empty() || !self.tail.is_empty()
    }

    /// Moves as much as goes without waiting. Ready when the message is through.
    pub fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &Stream,
        to: &Stream,
        options: &Options,
        pools: &Pools,
    ) -> Poll<Result<(), Break>> {
        loop {
            let before = self.data;
            if self.decode(options).is_err() {
                // What came with the fault is not handed on.
                self.data = before;
                return Poll::Ready(Err(Break::Malformed));
            }
            self.waits = Waits::Write;
            ready!(self.poll_flush(cx, to)).map_err(|_| Break::WriteError)?;
            if self.framed {
                self.waits = Waits::Nothing;
                return Poll::Ready(Ok(()));
            }
            if self.worth_pumping() && from.is_socket() && to.is_socket() {
                return self.poll_pump(cx, from, to, &pools.tools);
            }
            self.waits = Waits::Read;
            match ready!(self.poll_fill(cx, from, pools)) {
                Err(_) => return Poll::Ready(Err(Break::ReadError)),
                Ok(0) => {
                    if let Some(channel) = from.channel() {
                        let trailers = &mut self.trailers;
                        channel.trailers(&mut |name, value| trailers.add(name, value));
                    }
                    self.sender_closed()?;
                }
                Ok(_) => {}
            }
        }
    }

    /// Whether the rest is long, needs no framing, and none of it is in the buffer: then it need not come through it at all.
    fn worth_pumping(&self) -> bool {
        if self.pump.is_some() {
            return true;
        }
        let long = match &self.reader {
            BodyReader::Sized(left) => *left >= LONG,
            BodyReader::UntilClose => self.full_reads > 0,
            BodyReader::Done | BodyReader::Chunked(_) => false,
        };
        long && self.writer == BodyWriter::Plain && self.at >= self.buf.len()
    }

    fn poll_pump(
        &mut self,
        cx: &mut Context<'_>,
        from: &Stream,
        to: &Stream,
        tools: &Tools,
    ) -> Poll<Result<(), Break>> {
        // What goes past the buffer cannot be sent again.
        self.keep_from = None;
        let limit = self.reader.remaining();
        let pump = self.pump.get_or_insert_with(|| Box::new(Pump::new(limit)));
        let before = (pump.activity(), pump.moved());
        let polled = pump.poll(cx, from, to, tools);
        self.moved |= pump.activity() != before.0;
        self.data += pump.moved() - before.1;
        self.waits = if pump.blocked() {
            Waits::Write
        } else {
            Waits::Read
        };
        let ended = ready!(polled).map_err(|broken| match broken {
            Broken::Read(_) => Break::ReadError,
            Broken::Write(_) => Break::WriteError,
        })?;
        self.pump = None;
        if ended == Ended::Eof && !self.reader.ends_with_connection() {
            return Poll::Ready(Err(Break::ReadEnd));
        }
        self.reader = BodyReader::Done;
        self.framed = true;
        self.waits = Waits::Nothing;
        Poll::Ready(Ok(()))
    }

    /// Decodes what is in the buffer, until it is used up or a large piece waits to be written.
    fn decode(&mut self, options: &Options) -> Result<(), Fault> {
        if !self.framed {
            self.staged.acquire();
        }
        while !self.framed && self.direct.is_empty() && self.staged.len() < self.staged.capacity() {
            let piece = self
                .reader
                .next(&self.buf, &mut self.at, &mut self.trailers, options)?;
            match piece {
                Piece::More => {
                    self.through_filter(Compressor::flush);
                    return Ok(());
                }
                Piece::End => {
                    self.through_filter(Compressor::finish);
                    self.writer.end(&self.trailers, &mut self.staged);
                    self.framed = true;
                }
                Piece::Data(range) => self.take(range),
            }
        }
        Ok(())
    }

    fn take(&mut self, range: Range<usize>) {
        self.data += range.len() as u64;
        if let Some(filter) = &mut self.filter {
            let mut coded = Vec::new();
            filter.data(self.buf.get(range).unwrap_or_default(), &mut coded);
            self.writer.data(&coded, &mut self.staged);
        } else if range.len() <= SMALL {
            let data = self.buf.get(range).unwrap_or_default();
            self.writer.data(data, &mut self.staged);
        } else {
            self.writer.open(range.len(), &mut self.staged);
            self.tail = self.writer.close();
            self.direct = range;
            // The end can then go along with the last bytes.
            self.framed = self.reader.is_done() && self.writer == BodyWriter::Plain;
        }
    }

    /// Stages what the body's filter, if it has one, gives at this point.
    fn through_filter(&mut self, give: impl FnOnce(&mut Compressor, &mut Vec<u8>)) {
        if let Some(filter) = &mut self.filter {
            let mut coded = Vec::new();
            give(filter, &mut coded);
            self.writer.data(&coded, &mut self.staged);
        }
    }

    /// Writes what is pending.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>, to: &Stream) -> Poll<std::io::Result<()>> {
        if let Some(channel) = to.channel() {
            return self.poll_hand_over(cx, channel);
        }
        while self.pending() {
            let staged = self.staged.get(self.staged_at..).unwrap_or_default();
            let direct = self.buf.get(self.direct.clone()).unwrap_or_default();
            let written = if direct.is_empty() && self.tail.is_empty() {
                to.poll_write(cx, staged, false)
            } else if staged.is_empty() && self.tail.is_empty() {
                to.poll_write(cx, direct, false)
            } else {
                let pieces = [
                    IoSlice::new(staged),
                    IoSlice::new(direct),
                    IoSlice::new(self.tail),
                ];
                let count = if self.tail.is_empty() { 2 } else { 3 };
                to.poll_write_vectored(cx, &pieces[..count], false)
            };
            self.wrote(ready!(written)?);
        }
        self.flushed();
        Poll::Ready(Ok(()))
    }

    /// Hands what is pending to a channel, and the end behind it. Trailers go where the channel has them, not into the bytes.
    fn poll_hand_over(
        &mut self,
        cx: &mut Context<'_>,
        channel: &dyn Channel,
    ) -> Poll<std::io::Result<()>> {
        while self.pending() {
            let pieces = [
                IoSlice::new(self.staged.get(self.staged_at..).unwrap_or_default()),
                IoSlice::new(self.buf.get(self.direct.clone()).unwrap_or_default()),
                IoSlice::new(self.tail),
            ];
            let last = self.framed && self.trailers.is_empty();
            self.wrote(ready!(channel.poll_write(cx, &pieces, last))?);
        }
        self.flushed();
        if self.framed {
            channel.finish(&mut self.trailers.fields())?;
        }
        Poll::Ready(Ok(()))
    }

    fn wrote(&mut self, mut written: usize) {
        self.moved = true;
        let first = written.min(self.staged.len() - self.staged_at);
        self.staged_at += first;
        written -= first;
        let second = written.min(self.direct.len());
        self.direct.start += second;
        written -= second;
        self.tail = self.tail.get(written..).unwrap_or_default();
    }

    fn flushed(&mut self) {
        self.staged.clear();
        self.staged_at = 0;
        if self.framed {
            // While the other side thinks, nothing is held for this one.
            self.staged.release();
        }
    }

    /// Where a head is put that goes before the body.
    pub fn stage(&mut self) -> &mut Vec<u8> {
        self.staged.acquire();
        &mut self.staged
    }

    /// Nothing goes on from here on: what was read is somebody else's.
    pub fn over(&mut self) {
        self.framed = true;
    }

    /// Gives the buffer back if it holds so many bytes and no more. True if it did.
    pub fn forget(&mut self, length: usize) -> bool {
        let all = self.buf.len() == length;
        if all {
            self.buf.release();
        }
        all
    }

    /// Reads more. There is always room: what was used up goes first.
    pub fn poll_fill(
        &mut self,
        cx: &mut Context<'_>,
        from: &Stream,
        pools: &Pools,
    ) -> Poll<std::io::Result<usize>> {
        self.make_room(pools);
        let read = ready!(from.poll_append_late(cx, &mut self.buf))?;
        self.moved = true;
        self.full_reads = if self.buf.len() == self.buf.capacity() {
            self.full_reads.saturating_add(1)
        } else {
            0
        };
        Poll::Ready(Ok(read))
    }

    fn make_room(&mut self, pools: &Pools) {
        if self.buf.is_empty() {
            return;
        }
        let full = self.buf.len() == self.buf.capacity();
        match self.keep_from {
            Some(_) if !full => return,
            // What does not fit the buffer cannot be sent again.
            Some(_) => self.keep_from = None,
            None => {}
        }
        if self.at >= self.buf.len() {
            self.buf.clear();
            self.at = 0;
            let bulk = &pools.tools.bulk;
            if self.full_reads > 1 && self.buf.capacity() < bulk.size() {
                self.buf = bulk.take();
            }
        } else if self.at > 0 && (full || self.at > self.buf.capacity() / 2) {
            let at = std::mem::take(&mut self.at);
            self.buf.drain(..at);
        }
    }

    /// The sender closed: that ends some bodies, and cuts others off.
    fn sender_closed(&mut self) -> Result<(), Break> {
        if !self.reader.ends_with_connection() {
            return Err(Break::ReadEnd);
        }
        self.reader = BodyReader::Done;
        self.through_filter(Compressor::finish);
        self.writer.end(&self.trailers, &mut self.staged);
        self.framed = true;
        Ok(())
    }

    /// Ready for the next message, with what was read beyond this one.
    pub fn next_message(&mut self) {
        self.keep_from = None;
        self.staged.clear();
        self.staged_at = 0;
        self.direct = 0..0;
        self.tail = b"";
        self.framed = true;
        self.full_reads = 0;
        self.pump = None;
        let at = std::mem::take(&mut self.at).min(self.buf.len());
        self.buf.drain(..at);
    }

    /// Back to the first byte of the body, for another attempt with another server.
    pub fn rewind(&mut self, to: usize, read: BodyLength, written: BodyLength) {
        self.at = to;
        self.staged.clear();
        self.staged_at = 0;
        self.direct = 0..0;
        self.tail = b"";
        self.carry(read, written);
    }
}
