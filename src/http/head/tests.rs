use super::*;

fn written(head: &Head) -> String {
    let mut out = Vec::new();
    head.write_to(&mut out);
    assert_eq!(out.len(), head.encoded_len());
    String::from_utf8(out).unwrap()
}

#[test]
fn edits_keep_the_order_of_what_they_do_not_touch() {
    let mut head = Head::request(b"GET", b"/a", Version::HTTP_11);
    for (name, value) in [("Host", "x"), ("A", "1"), ("B", "2"), ("a", "3")] {
        head.add(name.as_bytes(), value.as_bytes());
    }
    head.set(b"A", b"4");
    head.replace_value(1, b"two");
    head.set_target(b"/b?c");
    head.set_method(b"POST");
    assert_eq!(
        written(&head),
        "POST /b?c HTTP/1.1\r\nhost: x\r\nb: two\r\na: 4\r\n\r\n"
    );
    assert_eq!(head.known_method(), Method::Post);
    assert_eq!(head.remove(b"HOST"), 1);
    assert_eq!(head.find(b"host"), None);
    assert_eq!(head.position(b"A", 0), Some(1));
    assert_eq!(head.position(b"A", 2), None);
}

#[test]
fn a_status_line_is_written_as_three_digits() {
    let mut head = Head::response(Version::HTTP_10, 200, b"OK");
    head.set_status(404);
    head.set_reason(b"Not Found");
    head.set_target(b"/ignored");
    assert_eq!(written(&head), "HTTP/1.0 404 Not Found\r\n\r\n");
    assert_eq!(
        (head.status(), head.method(), head.target()),
        (404, &b""[..], &b""[..])
    );
}

#[test]
fn adopted_bytes_are_named_by_offset_and_names_become_small() {
    let mut head = Head::new();
    head.adopt_request((0, 3), (4, 6), Version::HTTP_10);
    head.adopt_field((17, 20), (23, 24), false);
    head.adopt(b"GET /x HTTP/1.0\r\nX-Y:  z \r\n\r\n");
    assert_eq!(head.known_method(), Method::Get);
    assert_eq!(written(&head), "GET /x HTTP/1.0\r\nx-y: z\r\n\r\n");
}

#[test]
fn what_stands_as_it_is_written_is_written_together_and_changes_are_not_lost() {
    let mut head = Head::new();
    head.adopt_request((0, 3), (4, 6), Version::HTTP_11);
    head.adopt_field((17, 18), (20, 21), true);
    head.adopt_field((23, 24), (26, 27), true);
    head.adopt_field((29, 30), (32, 33), true);
    head.adopt(b"GET /x HTTP/1.1\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n");
    assert_eq!(
        written(&head),
        "GET /x HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n"
    );
    head.remove_at(0);
    head.replace_value(0, b"two");
    head.add(b"D", b"4");
    assert_eq!(
        written(&head),
        "GET /x HTTP/1.1\r\nb: two\r\nc: 3\r\nd: 4\r\n\r\n"
    );
}

#[test]
fn a_cleared_head_keeps_its_memory_only() {
    let mut head = Head::response(Version::HTTP_11, 200, b"OK");
    head.add(b"a", b"b");
    let held = head.capacity();
    head.clear();
    assert!(head.is_request() && head.is_empty() && head.target().is_empty());
    assert_eq!(head.capacity(), held);
}

#[test]
fn offsets_outside_the_buffer_read_as_empty() {
    let mut head = Head::new();
    head.adopt_request((0, 9), (7, 8), Version::HTTP_11);
    head.adopt_field((5, 1), (1, 99), false);
    head.adopt(b"abc");
    assert_eq!(head.method(), b"");
    assert_eq!(
        head.field(0),
        Some(Field {
            name: b"",
            value: b""
        })
    );
}
