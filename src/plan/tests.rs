use super::*;
use crate::action::{Action, Flow};
use crate::config;
use crate::diag::Span;
use crate::plan::testing::{endpoint, proxy, server};
use crate::sample::{Pending, Value, VarName};
use crate::settings::{Bind, Host, Kind, Mode};

fn messages(config: &Config) -> Vec<String> {
    let (_, diagnostics) = link(config, &Arc::default(), None);
    diagnostics.into_iter().map(|d| d.message).collect()
}

#[test]
fn missing_names_are_all_named() {
    let mut front = proxy("fe", Kind::Frontend);
    front.default_backend = Some(("be3".into(), Span::default()));
    front.use_backend.push(config::Switch {
        target: config::Target::Name("nope".into()),
        cond: None,
        span: Span::default(),
    });
    let mut back = proxy("be", Kind::Backend);
    back.use_server.push(config::Switch {
        target: config::Target::Name("gone".into()),
        cond: None,
        span: Span::default(),
    });
    let config = Config {
        proxies: vec![front, back],
        ..Config::default()
    };
    let mut found = messages(&config);
    found.sort();
    assert_eq!(
        found,
        [
            "Proxy 'fe': unable to find required default_backend: 'be3'.",
            "Proxy 'fe': unable to find required use_backend: 'nope'.",
            "backend 'be' : unable to find server 'gone' referenced in a 'use-server' rule.",
        ]
    );
}

#[test]
fn an_http_frontend_cannot_lead_to_a_tcp_backend_but_the_other_way_round_it_can() {
    for (front_mode, back_mode, fine) in [
        (Mode::Http, Mode::Tcp, false),
        (Mode::Tcp, Mode::Http, true),
        (Mode::Http, Mode::Http, true),
    ] {
        let mut front = proxy("fe", Kind::Frontend);
        front.settings.mode = front_mode;
        front.default_backend = Some(("be".into(), Span::default()));
        let mut back = proxy("be", Kind::Backend);
        back.settings.mode = back_mode;
        let config = Config {
            proxies: vec![front, back],
            ..Config::default()
        };
        assert_eq!(messages(&config).is_empty(), fine, "{front_mode:?}");
    }
}

#[test]
fn tracking_must_end_at_a_checked_server() {
    let tracking = |name: &str, of: &str| {
        let (mut server, span) = server(name);
        server.check.track = Some((None, of.into()));
        (server, span)
    };
    let mut checked = server("a");
    checked.0.check.enabled = true;
    let cases = [
        (vec![checked.clone(), tracking("b", "a")], None),
        (
            vec![checked.clone(), tracking("b", "a"), tracking("c", "b")],
            None,
        ),
        (
            vec![server("a"), tracking("b", "a")],
            Some(
                "'server be/b' : unable to use be/a for tracking as it does not have any check nor agent enabled.",
            ),
        ),
        (
            vec![tracking("b", "b")],
            Some(
                "'server be/b' : unable to track be/b as it belongs to a tracking chain looping back to be/b.",
            ),
        ),
        (
            vec![tracking("b", "x")],
            Some("'server be/b' : unable to find required server 'x' for tracking."),
        ),
    ];
    for (servers, message) in cases {
        let mut back = proxy("be", Kind::Backend);
        back.servers = servers;
        let config = Config {
            proxies: vec![back],
            ..Config::default()
        };
        assert_eq!(messages(&config).first().map(String::as_str), message);
    }
}

#[test]
fn a_port_range_is_one_listener_for_each_port_with_ids_of_their_own() {
    let mut front = proxy("fe", Kind::Frontend);
    let bind = |port, last, id| Bind {
        endpoint: endpoint(Host::Wildcard, port, last),
        text: format!("*:{port}"),
        id,
        ..Bind::default()
    };
    front.binds = vec![bind(80, 80, Some(2)), bind(8000, 8001, None)];
    let config = Config {
        proxies: vec![front],
        ..Config::default()
    };
    let (plan, _) = link(&config, &Arc::default(), None);
    let plan = plan.unwrap();
    let listeners: Vec<_> = plan.proxies[0]
        .listeners
        .iter()
        .map(|l| (l.id, l.bind.text.as_str()))
        .collect();
    assert_eq!(listeners, [(2, "*:80"), (3, "*:8000"), (4, "*:8001")]);
}

#[test]
fn a_reload_keeps_what_an_operator_changed_and_takes_what_the_file_changed() {
    use std::sync::atomic::Ordering::Relaxed;
    let configured = |weights: [u32; 2]| {
        let mut back = proxy("be", Kind::Backend);
        for (name, weight) in ["a", "b"].iter().zip(weights) {
            let (mut one, span) = server(name);
            one.weight = Some(weight);
            back.servers.push((one, span));
        }
        Config {
            proxies: vec![back],
            ..Config::default()
        }
    };
    let state: Arc<State> = Arc::default();
    let (first, _) = link(&configured([10, 10]), &state, None);
    let weight = |name: &str| state.server("be", name).user_weight.load(Relaxed);
    state.server("be", "a").user_weight.store(77, Relaxed);
    state.server("be", "b").user_weight.store(77, Relaxed);
    let (second, _) = link(&configured([10, 20]), &state, first.as_ref());
    assert!(second.is_some());
    assert_eq!((weight("a"), weight("b")), (77, 20));
}

#[test]
fn variables_of_the_global_section_are_set_once_the_plan_takes_over() {
    let mut config = Config::default();
    config.global.vars.push(Pending::new(|linker| {
        let variable = VarName::parse("proc.greeting").unwrap().link(linker.vars);
        Ok(Action::new(Box::new(move |scope| {
            variable.set(scope, Some(Value::Int(7)));
            Flow::Continue
        })))
    }));
    let (plan, _) = link(&config, &Arc::default(), None);
    let vars = plan.unwrap().vars;
    assert_eq!(
        vars.process().find(vars.id("greeting")),
        Some(Value::Int(7))
    );
}
