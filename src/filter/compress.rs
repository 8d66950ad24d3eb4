//! A body being coded.

use flate2::{Compress, Compression, Crc, FlushCompress};

use crate::settings::Coding;

/// Codes one body. Holds at most a window of it.
#[derive(Debug)]
pub struct Compressor {
    deflate: Option<Compress>,
    /// What gzip ends with, and whether it has begun.
    gzip: Option<(Crc, bool)>,
    /// Something was taken in that has not come out.
    held: bool,
    /// Bytes taken in.
    pub taken: u64,
    /// Bytes given out.
    pub given: u64,
}

/// No name, no time, no extras, an unknown system (RFC 1952 2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
/// Room made for output at a time.
const STEP: usize = 4096;

impl Compressor {
    /// For a body to be coded so, with this much effort (1 to 9).
    pub fn new(coding: Coding, level: u32) -> Self {
        let wrapped = coding == Coding::Deflate;
        let deflate = || Compress::new(Compression::new(level), wrapped);
        Self {
            deflate: (coding != Coding::Identity).then(deflate),
            gzip: (coding == Coding::Gzip).then(|| (Crc::new(), false)),
            held: false,
            taken: 0,
            given: 0,
        }
    }

    /// True if bodies go through as they are.
    pub fn is_plain(&self) -> bool {
        self.deflate.is_none()
    }

    /// Takes in a part of the body, and appends what comes out of it.
    pub fn data(&mut self, data: &[u8], out: &mut Vec<u8>) {
        self.taken += data.len() as u64;
        self.held |= !data.is_empty();
        if let Some((crc, _)) = &mut self.gzip {
            crc.update(data);
        }
        self.run(data, FlushCompress::None, out);
    }

    /// Appends what was taken in and has not come out: the sender pauses, and the receiver shall have all there is.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.held) {
            self.run(&[], FlushCompress::Sync, out);
        }
    }

    /// Appends the end.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        self.run(&[], FlushCompress::Finish, out);
        if let Some((crc, _)) = &self.gzip {
            out.extend_from_slice(&crc.sum().to_le_bytes());
            out.extend_from_slice(&crc.amount().to_le_bytes());
            self.given += 8;
        }
    }

    fn run(&mut self, mut data: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
        let before = out.len();
        if let Some((_, begun @ false)) = &mut self.gzip {
            *begun = true;
            out.extend_from_slice(&GZIP_HEADER);
        }
        match &mut self.deflate {
            None => out.extend_from_slice(data),
            Some(deflate) => loop {
                out.reserve(STEP);
                let taken = deflate.total_in();
                // It fails only where it is misused, and then makes no progress.
                let status = deflate.compress_vec(data, out, flush);
                let taken = (deflate.total_in() - taken) as usize;
                data = data.get(taken..).unwrap_or_default();
                let done = match flush {
                    FlushCompress::Finish => matches!(status, Ok(flate2::Status::StreamEnd)),
                    // Room that is left says that nothing is held back for want of it.
                    _ => data.is_empty() && out.len() < out.capacity(),
                };
                if done || status.is_err() {
                    break;
                }
            },
        }
        self.given += (out.len() - before) as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    fn coded(coding: Coding, parts: &[&[u8]], flushing: bool) -> Vec<u8> {
        let mut compressor = Compressor::new(coding, 1);
        let mut out = Vec::new();
        for part in parts {
            compressor.data(part, &mut out);
            if flushing {
                compressor.flush(&mut out);
            }
        }
        compressor.finish(&mut out);
        assert_eq!(compressor.given, out.len() as u64);
        out
    }

    fn read(mut from: impl Read) -> Vec<u8> {
        let mut out = Vec::new();
        from.read_to_end(&mut out).unwrap();
        out
    }

    #[test]
    fn what_goes_in_comes_out() {
        let noise: Vec<u8> = (0..100_000u32)
            .map(|n| (n.wrapping_mul(n) >> 7) as u8)
            .collect();
        let parts: [&[u8]; 4] = [b"hello", b"", &noise, &[b'x'; 70_000]];
        let whole = parts.concat();
        for flushing in [false, true] {
            let plain = coded(Coding::Identity, &parts, flushing);
            assert_eq!(plain, whole);
            let gzip = coded(Coding::Gzip, &parts, flushing);
            assert_eq!(read(flate2::read::GzDecoder::new(&gzip[..])), whole);
            let deflate = coded(Coding::Deflate, &parts, flushing);
            assert_eq!(read(flate2::read::ZlibDecoder::new(&deflate[..])), whole);
            let raw = coded(Coding::RawDeflate, &parts, flushing);
            assert_eq!(read(flate2::read::DeflateDecoder::new(&raw[..])), whole);
            assert!(raw.len() < whole.len());
        }
        assert_eq!(
            read(flate2::read::GzDecoder::new(
                &coded(Coding::Gzip, &[], false)[..]
            )),
            b""
        );
    }

    #[test]
    fn a_flush_gives_all_there_is() {
        let mut compressor = Compressor::new(Coding::RawDeflate, 1);
        let mut out = Vec::new();
        compressor.data(b"first", &mut out);
        compressor.flush(&mut out);
        let mut inflate = flate2::Decompress::new(false);
        let mut text = Vec::with_capacity(100);
        inflate
            .decompress_vec(&out, &mut text, flate2::FlushDecompress::Sync)
            .unwrap();
        assert_eq!(text, b"first");
        let length = out.len();
        compressor.flush(&mut out);
        assert_eq!(out.len(), length);
    }
}
