//! What a table can store for a key (manual 4.2 `stick-table`, `store`), in the order in which it is shown.

/// How a kind of data is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A 32-bit number.
    Number,
    /// A 64-bit number.
    Wide,
    /// Events in a sliding period.
    Rate,
    /// A name, kept as a number.
    Name,
}

impl Form {
    /// Cells of 32 bits that one of them takes.
    pub(super) fn cells(self) -> u16 {
        match self {
            Self::Number | Self::Name => 1,
            Self::Wide => 2,
            Self::Rate => 3,
        }
    }
}

/// A kind of data.
#[derive(Debug)]
pub struct Datum {
    /// Which.
    pub data: Data,
    /// Its name behind `store`.
    pub name: &'static str,
    /// How it is kept.
    pub form: Form,
    /// True for arrays: `gpc(<n>)`.
    pub array: bool,
}

/// Declares the kinds of data: the type, its order, its table.
macro_rules! data {
    ($($id:ident $name:literal $form:ident $array:literal $doc:literal;)*) => {
        /// A kind of data; the numbers are places in [`Data::ALL`].
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Data {
            $(#[doc = $doc] $id,)*
        }

        impl Data {
            /// Every kind, in the order in which entries show them.
            pub const ALL: &'static [Datum] = &[
                $(Datum { data: Data::$id, name: $name, form: Form::$form, array: $array },)*
            ];
        }
    };
}

data! {
    ServerId "server_id" Number false "The number of the server that the key sticks to.";
    Gpt0 "gpt0" Number false "A tag.";
    Gpc0 "gpc0" Number false "A counter.";
    Gpc0Rate "gpc0_rate" Rate false "How often it is raised.";
    ConnCnt "conn_cnt" Number false "Connections.";
    ConnRate "conn_rate" Rate false "Connections per period.";
    ConnCur "conn_cur" Number false "Connections now.";
    SessCnt "sess_cnt" Number false "Sessions: connections that rules let in.";
    SessRate "sess_rate" Rate false "Sessions per period.";
    HttpReqCnt "http_req_cnt" Number false "Requests.";
    HttpReqRate "http_req_rate" Rate false "Requests per period.";
    HttpErrCnt "http_err_cnt" Number false "Requests that were the client's mistake.";
    HttpErrRate "http_err_rate" Rate false "Mistakes per period.";
    BytesInCnt "bytes_in_cnt" Wide false "Bytes from the client.";
    BytesInRate "bytes_in_rate" Rate false "Bytes from the client per period.";
    BytesOutCnt "bytes_out_cnt" Wide false "Bytes to the client.";
    BytesOutRate "bytes_out_rate" Rate false "Bytes to the client per period.";
    Gpc1 "gpc1" Number false "Another counter.";
    Gpc1Rate "gpc1_rate" Rate false "How often it is raised.";
    ServerKey "server_key" Name false "The name or address of the server that the key sticks to.";
    HttpFailCnt "http_fail_cnt" Number false "Responses that failed by the server.";
    HttpFailRate "http_fail_rate" Rate false "Failures per period.";
    Gpt "gpt" Number true "Tags.";
    Gpc "gpc" Number true "Counters.";
    GpcRate "gpc_rate" Rate true "How often they are raised.";
}

impl Data {
    /// The kind of this name.
    pub fn named(name: &str) -> Option<&'static Datum> {
        match name {
            // As HAProxy calls it in configurations as well.
            "server_name" => Self::named("server_key"),
            _ => Self::ALL.iter().find(|datum| datum.name == name),
        }
    }

    /// All about it.
    pub fn datum(self) -> &'static Datum {
        &Self::ALL[self as usize]
    }
}
