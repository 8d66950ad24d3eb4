//! What became of questions to a name server.

use super::counter::Counter;

/// Totals of a name server, in the words of `show resolvers`.
#[derive(Debug, Default)]
pub struct Asked {
    /// Questions that went out.
    pub sent: Counter,
    /// Questions that could not go out.
    pub send_errors: Counter,
    /// Answers with records.
    pub valid: Counter,
    /// Answers that changed a server's address.
    pub updates: Counter,
    /// Answers with nothing but an alias.
    pub aliases: Counter,
    /// Answers without a record of the kind that was asked for.
    pub empty: Counter,
    /// Answers that there is no such name.
    pub unknown: Counter,
    /// Questions without an answer in time.
    pub timeouts: Counter,
    /// Questions that the server did not want to answer.
    pub refused: Counter,
    /// Answers that tell of another failure.
    pub other: Counter,
    /// What is no answer to any question.
    pub invalid: Counter,
    /// Answers that did not fit a datagram.
    pub truncated: Counter,
}

impl Asked {
    /// Forgets all (`clear counters all`).
    pub fn reset(&self) {
        for counter in [
            &self.sent,
            &self.send_errors,
            &self.valid,
            &self.updates,
            &self.aliases,
            &self.empty,
            &self.unknown,
            &self.timeouts,
            &self.refused,
            &self.other,
            &self.invalid,
            &self.truncated,
        ] {
            counter.reset();
        }
    }
}
