use super::*;

/// As HAProxy 2.6 makes them with `dynamic-cookie-key k`.
#[test]
fn dynamic_values_are_haproxys() {
    for (address, value) in [
        ("127.0.0.1:30001", "8ef8741e6a3ad58a"),
        ("127.0.0.1:30002", "920ef9bc20bced5d"),
    ] {
        assert_eq!(dynamic(b"k", address.parse().unwrap()), value);
    }
}

#[test]
fn dates_are_haproxys() {
    assert_eq!(&written(1_795_196_297), b"awCFj");
    assert_eq!(date(b"awCFj"), 1_795_196_300);
    assert_eq!(date(b"awCFj|x"), 1_795_196_300);
    for none in [&b"AAAAA"[..], b"-----", b"awCF", b""] {
        assert_eq!(date(none), 0);
    }
}

#[test]
fn rdp_cookies_name_addresses() {
    let address = rdp_address(b"3640205228.15629.0000").unwrap();
    assert_eq!(address, "172.31.249.216:3389".parse().unwrap());
    for bad in ["", "1", "1.2", "1.70000.0", "a.1.0"] {
        assert_eq!(rdp_address(bad.as_bytes()), None, "{bad}");
    }
}

#[test]
fn old_cookies_do_not_count() {
    let cookie = Cookie {
        maxidle: 100,
        maxlife: 1_000,
        ..Cookie::default()
    };
    let now = 1_795_196_300;
    let of = |last: i64, first: i64| {
        let text = [&written(last)[..], b"|", &written(first)].concat();
        let mut persistence = Persistence::default();
        let letter = dates(&cookie, &mut persistence, Some(&text), now);
        (letter, persistence.last_date, persistence.first_date)
    };
    assert_eq!(of(now - 96, now - 996), (None, now - 96, now - 996));
    assert_eq!(of(now - 104, now), (Some(b'E'), 0, 0));
    assert_eq!(of(now, now - 1_004), (Some(b'O'), 0, 0));
    assert_eq!(of(now - 104, now - 1_004), (Some(b'O'), 0, 0));
    assert_eq!(of(now + FUTURE, now).0, None);
    assert_eq!(of(now + FUTURE + 4, now).0, Some(b'E'));
}
