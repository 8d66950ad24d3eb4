//! `option forwarded` (HAProxy 2.8's manual 4.2; RFC 7239).

/// Where a value comes from.
#[derive(Debug, Clone)]
pub enum Part<T> {
    /// From the connection or the request.
    Own,
    /// From an expression.
    Expr(T),
}

/// One end of the connection: `for` or `by`, and its port.
#[derive(Debug, Clone)]
pub struct Node<T> {
    /// The address or name.
    pub name: Part<T>,
    /// The port, if it is shown.
    pub port: Option<Part<T>>,
}

/// What goes into the header. `T` is an expression, read or linked.
#[derive(Debug, Clone)]
pub struct Forwarded<T> {
    /// `proto`
    pub proto: bool,
    /// `host`, `host-expr`
    pub host: Option<Part<T>>,
    /// `by`, `by-expr`, `by_port`, `by_port-expr`
    pub by: Option<Node<T>>,
    /// `for`, `for-expr`, `for_port`, `for_port-expr`
    pub client: Option<Node<T>>,
}

impl<T> Part<T> {
    fn map<U>(&self, link: &mut impl FnMut(&T) -> Option<U>) -> Option<Part<U>> {
        match self {
            Self::Own => Some(Part::Own),
            Self::Expr(expr) => link(expr).map(Part::Expr),
        }
    }
}

impl<T> Forwarded<T> {
    /// The same with other expressions; one that gives none takes its parameter away.
    pub fn map<U>(&self, mut link: impl FnMut(&T) -> Option<U>) -> Forwarded<U> {
        let host = self.host.as_ref().and_then(|part| part.map(&mut link));
        let mut node = |node: &Option<Node<T>>| {
            let node = node.as_ref()?;
            Some(Node {
                name: node.name.map(&mut link)?,
                port: node.port.as_ref().and_then(|port| port.map(&mut link)),
            })
        };
        Forwarded {
            proto: self.proto,
            by: node(&self.by),
            client: node(&self.client),
            host,
        }
    }
}
