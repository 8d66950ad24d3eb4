//! Variables under limits, as HAProxy 2.6 kept them.

use super::*;
use crate::sample::testing::Stream;

fn variable(names: &VarNames, name: &str) -> Variable {
    VarName::parse(name).unwrap().link(names)
}

fn text(n: usize) -> Option<Value<'static>> {
    Some(Value::owned(vec![b'x'; n]))
}

#[test]
fn what_does_not_fit() {
    let names = VarNames::default();
    names.process().limit(Limits {
        transaction: 200,
        ..Limits::default()
    });
    let (a, b) = (variable(&names, "txn.a"), variable(&names, "txn.b"));
    let mut stream = Stream::new();
    stream.scope(|scope| {
        a.set(scope, text(120));
        assert_eq!(a.value(scope), text(120));
        // Not even the variable fits.
        b.set(scope, Some(Value::Int(1)));
        assert_eq!(b.value(scope), None);
        // It does, its value does not.
        a.set(scope, text(30));
        b.set(scope, text(11));
        assert_eq!(b.value(scope), Some(Value::Int(0)));
        b.set(scope, text(10));
        assert_eq!(b.value(scope), text(10));
        a.set(scope, None);
        b.set(scope, text(120));
        assert_eq!((a.value(scope), b.value(scope)), (None, text(120)));
    });
    stream.txn.txn_vars.clear();
    stream.scope(|scope| a.set(scope, text(120)));
    assert_eq!(stream.scope(|scope| a.value(scope)), text(120));
}

#[test]
fn the_process_gets_back_what_streams_had() {
    let names = VarNames::default();
    names.process().limit(Limits {
        global: 170,
        ..Limits::default()
    });
    let all: Vec<_> = ["sess.a", "txn.b", "req.c"]
        .map(|name| variable(&names, name))
        .into();
    let set = |stream: &mut Stream| {
        stream.scope(|scope| {
            let mut count = 0;
            for variable in &all {
                variable.set(scope, Some(Value::Int(7)));
                count += usize::from(variable.value(scope).is_some());
            }
            count
        })
    };
    let (mut one, mut two) = (Stream::new(), Stream::new());
    assert_eq!((set(&mut one), set(&mut two)), (2, 0));
    one.txn.clear();
    assert_eq!(set(&mut two), 1);
    drop(one);
    assert_eq!(set(&mut two), 2);
    names.process().limit(Limits::default());
    assert_eq!(set(&mut two), 3);
}

#[test]
fn scopes_and_existence() {
    let names = VarNames::default();
    let mut stream = Stream::new();
    let [process, check, request] =
        ["proc.x", "check.x", "req.x"].map(|name| variable(&names, name));
    stream.scope(|scope| {
        assert!(process.exists(scope) && process.value(scope).is_none());
        assert!(!check.exists(scope) && !request.exists(scope));
        for variable in [&process, &check, &request] {
            variable.set(scope, Some(Value::Int(1)));
        }
        // There is no check.
        assert!(check.value(scope).is_none());
        assert_eq!(
            names.process().find(names.known("x").unwrap()),
            Some(Value::Int(1))
        );
    });
    stream.txn.has_response = true;
    stream.scope(|scope| assert!(request.value(scope).is_none()));
    stream.session.check_vars = Some(Vars::default());
    stream.scope(|scope| {
        check.set(scope, Some(Value::Int(2)));
        assert_eq!(check.value(scope), Some(Value::Int(2)));
        let txn = variable(&names, "txn.x");
        txn.set(scope, Some(Value::Int(3)));
        assert!(txn.value(scope).is_none());
    });
}
