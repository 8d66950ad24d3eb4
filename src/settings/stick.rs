//! What a `stick` line does (manual 4.2).

/// The word behind `stick`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StickWay {
    /// `on`: both of the next.
    On,
    /// `match`: the request goes where the key's entry says.
    Match,
    /// `store-request`: the request's key is stored with its server.
    StoreRequest,
    /// `store-response`: the response's key is.
    StoreResponse,
}

impl StickWay {
    /// Whether entries decide about requests.
    pub fn matches(self) -> bool {
        matches!(self, Self::On | Self::Match)
    }

    /// Whether the request's key is stored.
    pub fn stores_request(self) -> bool {
        matches!(self, Self::On | Self::StoreRequest)
    }
}
