//! What HTTP/2 connections announce and keep to (manual 3.2 `tune.h2.…`).

/// The `tune.h2.…` words. What is said for one side alone (`fe`, `be`) wins over what is said for both.
#[derive(Debug, Clone, Copy, Default)]
pub struct Http2 {
    /// `tune.h2.header-table-size`, bytes; default 4096.
    pub header_table: Option<u32>,
    /// `tune.h2.max-frame-size`, bytes; by default as large as a buffer, at least 16384.
    pub max_frame: Option<u32>,
    /// For both sides.
    pub both: Http2Side,
    /// `h2-workaround-bogus-websocket-clients`: extended CONNECT is not offered.
    pub no_extended_connect: bool,
    /// `tune.h2.log-errors`.
    pub logged: Http2Errors,
    /// `tune.h2.fe.max-total-streams`: a client's connection ends after so many; 0 for no limit.
    pub total_streams: u32,
    /// With clients.
    pub front: Http2Side,
    /// With servers.
    pub back: Http2Side,
}

/// Which protocol errors are logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Http2Errors {
    /// None.
    None,
    /// Those that end a connection.
    Connection,
    /// Those of streams too.
    #[default]
    Stream,
}

/// What can differ between the two sides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Http2Side {
    /// `initial-window-size`: bytes of one stream that may come before we say that there is room for more.
    pub window: Option<u32>,
    /// `max-concurrent-streams`; 0 for no limit.
    pub streams: Option<u32>,
    /// `rxbuf`: bytes of all streams of a connection that may wait to be read; by default a window for each.
    pub receive: Option<u32>,
    /// `glitches-threshold`: streams broken by the peer's protocol errors before the connection is closed.
    pub glitches: Option<u32>,
}

impl Http2 {
    /// The largest frame we are ready to receive, where buffers are so large.
    pub fn frame(&self, bufsize: usize) -> u32 {
        let buffer = u32::try_from(bufsize).unwrap_or(u32::MAX);
        let most = buffer.clamp(16_384, (1 << 24) - 1);
        self.max_frame.unwrap_or(most).min(most)
    }

    /// One side's words, over those for both.
    pub fn side(&self, own: Http2Side) -> Http2Side {
        Http2Side {
            window: own.window.or(self.both.window),
            streams: own.streams.or(self.both.streams),
            receive: own.receive.or(self.both.receive),
            glitches: own.glitches.or(self.both.glitches),
        }
    }
}

impl Http2Side {
    /// A stream's window, bytes.
    pub fn window(&self) -> u32 {
        self.window.unwrap_or(65_535)
    }

    /// Streams at once.
    pub fn streams(&self) -> u32 {
        match self.streams {
            None => 100,
            Some(0) => u32::MAX,
            Some(most) => most,
        }
    }

    /// The connection's window, bytes: by default all its streams may fill theirs, so that a slow one stops no other.
    pub fn connection_window(&self) -> u32 {
        const MOST: u32 = i32::MAX as u32;
        let all = self.window().saturating_mul(self.streams());
        self.receive.unwrap_or(all).clamp(65_535, MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_wins_over_both_and_defaults_stand_behind() {
        let mut all = Http2::default();
        assert_eq!(all.side(all.back).window(), 65_535);
        assert_eq!(all.side(all.back).streams(), 100);
        assert_eq!(all.side(all.back).connection_window(), 6_553_500);
        all.both.window = Some(100_000);
        all.both.streams = Some(0);
        all.back.streams = Some(7);
        assert_eq!(all.side(all.back).connection_window(), 700_000);
        assert_eq!(all.side(all.front).connection_window(), i32::MAX as u32);
        all.back.receive = Some(1);
        assert_eq!(all.side(all.back).connection_window(), 65_535);
    }

    #[test]
    fn frames_are_as_large_as_buffers_and_not_larger() {
        let mut all = Http2::default();
        assert_eq!(all.frame(1_024), 16_384);
        assert_eq!(all.frame(32_768), 32_768);
        all.max_frame = Some(20_000);
        assert_eq!(all.frame(32_768), 20_000);
        assert_eq!(all.frame(16_384), 16_384);
    }
}
