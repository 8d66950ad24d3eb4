//! `show resolvers`

use std::fmt::Write;

use super::command::Call;
use crate::settings::Nameserver;

/// `show resolvers`
pub(super) fn show(call: &mut Call<'_>) -> String {
    let (plan, wanted) = (call.desk.plan(), call.arg(0));
    let mut out = String::new();
    for section in plan
        .resolvers
        .iter()
        .filter(|r| wanted.is_empty() || r.name == wanted)
    {
        let _ = writeln!(out, "Resolvers section {}", section.name);
        for server in &section.nameservers {
            nameserver(&mut out, server);
        }
    }
    match out.is_empty() && !wanted.is_empty() {
        true => "Can't find that resolvers section\n".to_owned(),
        false => out,
    }
}

fn nameserver(out: &mut String, server: &Nameserver) {
    let asked = &server.asked;
    let _ = writeln!(out, " nameserver {}:", server.name);
    for (name, count) in [
        ("sent", asked.sent.load()),
        ("snd_error", asked.send_errors.load()),
        ("valid", asked.valid.load()),
        ("update", asked.updates.load()),
        ("cname", asked.aliases.load()),
        // Which names aliases lead to is not held against the question.
        ("cname_error", 0),
        ("any_err", asked.empty.load()),
        ("nx", asked.unknown.load()),
        ("timeout", asked.timeouts.load()),
        ("refused", asked.refused.load()),
        ("other", asked.other.load()),
        ("invalid", asked.invalid.load()),
        // What does not fit is cut off by the sender, which says so.
        ("too_big", 0),
        ("truncated", asked.truncated.load()),
        // Each question has a socket of its own, closed when it is over.
        ("outdated", 0),
    ] {
        let _ = writeln!(out, "  {:<13}{count}", format!("{name}:"));
    }
}
