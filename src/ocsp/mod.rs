//! Keeps OCSP responses fresh (manual 3.2 `ocsp-update.mode`, 5.1 `crt-list` `ocsp-update`): asks the responders that certificates
//! name, and staples what they say once it is verified.
//!
//! `process` runs [`run`] on the control thread; the runtime API reads [`Updates`] and asks for an update now. Must not know
//! streams, configuration words or workers.

mod book;
mod fetch;
mod link;
mod uri;

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::log::{self, Logger};
use crate::plan::Plan;
use crate::tls::Certificate;
use crate::tls::ocsp::Response;

use book::Book;
pub use book::{Outcome, Row, date};
use fetch::Client;

/// How often certificates are looked at again, which the runtime API may have changed.
const LOOK: Duration = Duration::from_secs(30);
/// Requests at once.
const AT_ONCE: usize = 4;
/// Orders that wait.
const WAITING: usize = 16;

type Reply = oneshot::Sender<Result<Arc<Response>, Outcome>>;
type Done = (String, SystemTime, Result<Response, Outcome>);

/// What others know of updates, and how they order one.
#[derive(Debug)]
pub struct Updates {
    rows: Mutex<Vec<Row>>,
    orders: mpsc::Sender<(String, Reply)>,
}

/// What carries orders out.
pub struct Orders(mpsc::Receiver<(String, Reply)>);

impl Updates {
    /// Nothing known yet.
    pub fn new() -> (Arc<Self>, Orders) {
        let (orders, taken) = mpsc::channel(WAITING);
        let rows = Mutex::default();
        (Arc::new(Self { rows, orders }), Orders(taken))
    }

    /// What is kept fresh, by the time of the next update.
    pub fn rows(&self) -> Vec<Row> {
        self.rows
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Updates the response of the certificate in this file now.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn order(&self, file: &str) -> Result<Arc<Response>, Outcome> {
        let (reply, told) = oneshot::channel();
        let sent = self.orders.try_send((file.to_owned(), reply));
        sent.map_err(|_| Outcome::Unknown)?;
        told.await.unwrap_or(Err(Outcome::Unknown))
    }
}

/// Keeps the responses of the plan fresh, and of each plan that comes after it, until the sender is gone. Must run in a
/// `LocalSet`.
pub async fn run(updates: Arc<Updates>, mut orders: Orders, mut plans: watch::Receiver<Arc<Plan>>) {
    let mut asking: JoinSet<Done> = JoinSet::new();
    let mut replies: Vec<(String, Reply)> = Vec::new();
    let plan = plans.borrow_and_update().clone();
    let mut client = Rc::new(Client::new(&plan));
    let mut logger = plan.log.process();
    let mut book = Book::default();
    book.replace(&plan, now());
    let mut look = tokio::time::interval(LOOK);
    loop {
        while asking.len() < AT_ONCE {
            let Some((file, certificate)) = book.next_due(now()) else {
                break;
            };
            let client = client.clone();
            asking.spawn_local(async move {
                let begun = SystemTime::now();
                let told = update(&client, &certificate).await;
                (file, begun, told)
            });
        }
        *updates.rows.lock().unwrap_or_else(PoisonError::into_inner) = book.rows();
        let wait = book.wait(now()).filter(|_| asking.len() < AT_ONCE);
        tokio::select! {
            Some(Ok((file, begun, told))) = asking.join_next() => {
                let told = told.map(Arc::new);
                let row = book.told(&file, &told, now());
                if let Some(row) = row {
                    tell(&logger, begun, &row);
                }
                let (those, others) = replies.into_iter().partition(|(of, _)| *of == file);
                replies = others;
                for (_, reply) in those {
                    // Who has gone does not want to know.
                    let _ = reply.send(told.clone());
                }
            }
            Some((file, reply)) = orders.0.recv() => match book.order(&file) {
                true => replies.push((file, reply)),
                false => drop(reply.send(Err(Outcome::Unknown))),
            },
            () = tokio::time::sleep(wait.unwrap_or_default()), if wait.is_some() => {}
            _ = look.tick() => book.look_again(now()),
            changed = plans.changed() => {
                if changed.is_err() {
                    return;
                }
                let plan = plans.borrow_and_update().clone();
                client = Rc::new(Client::new(&plan));
                logger = plan.log.process();
                book.replace(&plan, now());
            }
        }
    }
}

/// Asks for a certificate's response, and holds it against all that can be checked.
async fn update(client: &Client, certificate: &Certificate) -> Result<Response, Outcome> {
    let known = certificate.ocsp_id().zip(certificate.issuer());
    let (id, issuer) = known.ok_or(Outcome::Check)?;
    let uri = crate::tls::ocsp::responder(&certificate.leaf).ok_or(Outcome::Http)?;
    let answer = client.ask(&uri, crate::tls::ocsp::request(id)).await?;
    let now = now();
    let response = Response::read_for(&answer, id, now).map_err(|_| Outcome::Check)?;
    response
        .verified(&issuer, now)
        .map_err(|_| Outcome::Check)?;
    Ok(response)
}

/// The log line of an update.
fn tell(logger: &Logger, begun: SystemTime, row: &Row) {
    let date = book::date(begun, "%d/%b/%Y:%H:%M:%S%.3f");
    let line = format!(
        "-:- [{date}] <OCSP-UPDATE> {} {} \"{}\" {} {}",
        row.file, row.status as u8, row.status, row.failures, row.successes
    );
    logger.send(SystemTime::now(), log::INFO, line.as_bytes());
}

/// Seconds since 1970.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs()
}
