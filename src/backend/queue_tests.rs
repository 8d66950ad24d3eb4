use std::task::{Context, Poll, Waker};

use super::*;
use crate::plan::testing;
use crate::settings::Kind;
use crate::state::Admin;

/// maxconn, maxqueue, backup.
type Row = (u32, u32, bool);

fn backend(rows: &[Row], redispatch: bool) -> Arc<Proxy> {
    let mut back = testing::proxy("be", Kind::Backend);
    back.settings.redispatch = redispatch.then_some(-1);
    for (at, &(maxconn, maxqueue, backup)) in rows.iter().enumerate() {
        let (mut server, span) = testing::server(&format!("s{at}"));
        (server.maxconn, server.maxqueue, server.backup) = (maxconn, maxqueue, backup);
        back.servers.push((server, span));
    }
    testing::plan(vec![back]).proxies[0].clone()
}

fn rank(class: i32, due_ms: i64) -> Rank {
    Rank { class, due_ms }
}

fn now(backend: &Arc<Proxy>, server: usize) -> Place {
    match admit(backend, &backend.servers[server], || rank(0, 0), false) {
        Admission::Now(place) => place,
        other => panic!("no room: {other:?}"),
    }
}

fn wait(backend: &Arc<Proxy>, server: usize, rank: Rank) -> Waiting {
    match admit(backend, &backend.servers[server], || rank, false) {
        Admission::Wait(waiting) => waiting,
        other => panic!("no wait: {other:?}"),
    }
}

/// What the one that waits was told, if anything.
fn told(waiting: &mut Waiting) -> Option<Turn> {
    let mut context = Context::from_waker(Waker::noop());
    match std::pin::pin!(waiting.turn()).poll(&mut context) {
        Poll::Ready(turn) => Some(turn),
        Poll::Pending => None,
    }
}

/// The server whose place the one that waits was given.
fn given(waiting: &mut Waiting) -> Option<Place> {
    match told(waiting)? {
        Turn::Serve(place) => Some(place),
        Turn::ChooseAgain => panic!("sent away"),
    }
}

fn served(backend: &Proxy, server: usize) -> u32 {
    backend.servers[server].state.totals.sessions.load()
}

#[test]
fn a_place_is_free_until_maxconn_and_goes_to_the_one_that_waits() {
    let backend = backend(&[(2, 0, false)], false);
    let (first, second) = (now(&backend, 0), now(&backend, 0));
    let mut waiting = wait(&backend, 0, rank(0, 0));
    assert!(told(&mut waiting).is_none());
    drop(first);
    let place = given(&mut waiting).expect("a place");
    assert_eq!(
        (served(&backend, 0), backend.servers[0].state.queued.load()),
        (2, 0)
    );
    drop((place, second, waiting));
    assert_eq!(served(&backend, 0), 0);
}

#[test]
fn without_maxconn_nobody_waits() {
    let backend = backend(&[(0, 0, false)], false);
    let places: Vec<Place> = (0..100).map(|_| now(&backend, 0)).collect();
    assert_eq!(served(&backend, 0), 100);
    drop(places);
}

#[test]
fn maxqueue_sends_the_next_one_elsewhere() {
    let backend = backend(&[(1, 1, false)], false);
    let _running = now(&backend, 0);
    let _waiting = wait(&backend, 0, rank(0, 0));
    let third = admit(&backend, &backend.servers[0], || rank(0, 0), false);
    assert!(matches!(third, Admission::Full));
}

#[test]
fn class_and_time_decide_over_both_queues() {
    let backend = backend(&[(1, 0, false)], false);
    let running = now(&backend, 0);
    let mut late = wait(&backend, 0, rank(0, 30));
    let mut any = wait_for_any(&backend, rank(0, 20)).expect("unbounded");
    let mut urgent = wait(&backend, 0, rank(-1, 99));
    drop(running);
    let place = given(&mut urgent).expect("the lowest class first");
    assert!(told(&mut any).is_none());
    drop(place);
    let place = given(&mut any).expect("then who came first, in whichever queue");
    assert!(told(&mut late).is_none());
    assert_eq!((any.position(true), urgent.position(true)), (1, 1));
    drop(place);
    assert!(given(&mut late).is_some());
    assert_eq!((late.position(true), late.position(false)), (2, 3));
}

#[test]
fn one_that_waits_for_any_is_served_by_whichever_has_room_but_not_by_an_idle_backup() {
    let backend = backend(&[(1, 0, false), (1, 0, false), (5, 0, true)], false);
    let (_first, second) = (now(&backend, 0), now(&backend, 1));
    let mut any = wait_for_any(&backend, rank(0, 0)).expect("unbounded");
    drop(now(&backend, 2));
    assert!(told(&mut any).is_none());
    drop(second);
    let place = given(&mut any).expect("a place");
    assert_eq!(place.server.index, 1);
}

#[test]
fn one_that_gives_up_leaves_and_passes_on_what_it_was_given() {
    let backend = backend(&[(1, 0, false)], false);
    let running = now(&backend, 0);
    let quitter = wait(&backend, 0, rank(0, 0));
    let unheard = wait(&backend, 0, rank(0, 1));
    let mut last = wait(&backend, 0, rank(0, 2));
    drop(quitter);
    assert_eq!(backend.servers[0].state.queued.load(), 2);
    drop(running);
    assert!(told(&mut last).is_none());
    drop(unheard);
    assert!(given(&mut last).is_some());
    drop(last);
    assert_eq!(
        (served(&backend, 0), backend.servers[0].state.queued.load()),
        (0, 0)
    );
}

#[test]
fn a_server_that_goes_sends_its_queue_away_if_redispatch_allows() {
    for redispatch in [true, false] {
        let backend = backend(&[(1, 0, false)], redispatch);
        let server = backend.servers[0].clone();
        let running = now(&backend, 0);
        let mut free = wait(&backend, 0, rank(0, 0));
        let Admission::Wait(mut bound) = admit(&backend, &server, || rank(0, 0), true) else {
            panic!("no wait");
        };
        server.state.change_admin(Admin::FORCED_MAINT, 0);
        assert_eq!(server_changed(&backend, &server), u32::from(redispatch));
        let sent = matches!(told(&mut free), Some(Turn::ChooseAgain));
        assert_eq!(sent, redispatch);
        assert!(told(&mut bound).is_none());
        drop(free);
        drop(running);
        assert!(
            given(&mut bound).is_some(),
            "force-persist holds to its server"
        );
    }
}

#[test]
fn a_server_that_comes_takes_those_who_wait_for_any() {
    let backend = backend(&[(1, 0, false), (2, 0, false)], false);
    let late = backend.servers[1].clone();
    late.state.change_admin(Admin::FORCED_MAINT, 0);
    server_changed(&backend, &late);
    let _running = now(&backend, 0);
    let mut waiting: Vec<Waiting> = (0..3)
        .filter_map(|at| wait_for_any(&backend, rank(0, at)))
        .collect();
    assert!(waiting.iter_mut().all(|one| told(one).is_none()));
    late.state.change_admin(0, Admin::FORCED_MAINT);
    server_changed(&backend, &late);
    let places: Vec<_> = waiting.iter_mut().map(given).collect();
    let servers: Vec<_> = places
        .iter()
        .map(|place| place.as_ref().map(|p| p.server.index))
        .collect();
    assert_eq!(servers, [Some(1), Some(1), None]);
}

#[test]
fn no_place_is_lost_or_given_twice_over_threads() {
    const EACH: u32 = 300;
    let backend = backend(&[(2, 0, false), (1, 0, false)], false);
    let most = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let (backend, most) = (&backend, &most);
            scope.spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .build()
                    .expect("a runtime");
                for round in 0..EACH {
                    let place = runtime.block_on(async {
                        let mut waiting = if (round + thread) % 3 == 0 {
                            wait_for_any(backend, rank(0, 0)).expect("unbounded")
                        } else {
                            let server = &backend.servers[(round % 2) as usize];
                            match admit(backend, server, || rank(0, 0), false) {
                                Admission::Now(place) => return place,
                                Admission::Wait(waiting) => waiting,
                                Admission::Full => panic!("no maxqueue here"),
                            }
                        };
                        match waiting.turn().await {
                            Turn::Serve(place) => place,
                            Turn::ChooseAgain => panic!("no server went away"),
                        }
                    });
                    most.fetch_max(
                        served(backend, place.server.index),
                        std::sync::atomic::Ordering::Relaxed,
                    );
                }
            });
        }
    });
    assert!(most.into_inner() <= 2);
    assert_eq!((served(&backend, 0), served(&backend, 1)), (0, 0));
    assert_eq!(backend.state.queued.load(), 0);
}
