//! `-dK`: the tables of the language as text, in HAProxy's layout.

use crate::{acl, api, config, sample};

/// The classes that can be asked for, and what they hold.
const CLASSES: [(&str, &str); 8] = [
    ("all", "list all keywords"),
    ("acl", "ACL keywords"),
    ("cfg", "configuration keywords"),
    ("cli", "CLI keywords"),
    ("cnv", "sample converter keywords"),
    ("flt", "filter names"),
    ("smp", "sample fetch functions"),
    ("svc", "service names"),
];

/// The lists of these classes. Unknown classes are left out, as HAProxy does.
pub fn dump(classes: &[String]) -> String {
    let mut out = String::new();
    let asked = |class: &str| classes.iter().any(|each| each == class || each == "all");
    if classes.iter().any(|class| class == "help") {
        out.push_str("# List of supported keyword classes:\n");
        for (name, what) in CLASSES {
            out.push_str(&format!("{name}: {what}\n"));
        }
    }
    if asked("acl") {
        acl::dump(&mut out);
    }
    if asked("cfg") {
        config::dump(&mut out);
    }
    if asked("cli") {
        out.push_str("# List of registered CLI keywords:\n");
        for command in api::COMMANDS {
            out.push_str(&format!("{} [WORKER] \n", command.words.join(" ")));
        }
    }
    if asked("cnv") {
        // Writing to text does not fail.
        let _ = sample::dump_converters(&mut out);
    }
    if asked("flt") {
        out.push_str("# List of registered filter names:\n");
    }
    if asked("smp") {
        let _ = sample::dump_fetches(&mut out);
    }
    if asked("svc") {
        out.push_str("# List of registered service names:\n");
    }
    out
}

/// The shared libraries that are loaded, one per line, the program first (`-dL`). `maps` is the text of
/// the process's memory map.
pub fn libraries(executable: &str, maps: &str) -> String {
    let mut out = vec![executable.to_owned()];
    for line in maps.lines() {
        let file = line
            .splitn(6, ' ')
            .nth(5)
            .map(str::trim)
            .unwrap_or_default();
        let is_library = file.starts_with('/') && file.contains(".so");
        if is_library && !out.iter().any(|known| known == file) {
            out.push(file.to_owned());
        }
    }
    out.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_listed_alone_or_together() {
        let only = dump(&["acl".to_owned()]);
        assert!(only.starts_with("# List of registered ACL keywords:\n"));
        assert!(!only.contains("converter"));
        let all = dump(&["all".to_owned()]);
        assert_eq!(all.matches("# List of registered").count(), 7);
        assert!(dump(&["help".to_owned()]).ends_with("svc: service names\n"));
        assert!(dump(&["nope".to_owned()]).is_empty());
    }

    #[test]
    fn libraries_come_from_the_memory_map() {
        let maps = "1-2 r-xp 0 fe:00 7  /usr/bin/x\n2-3 r--p 0 fe:00 8    /lib/libc.so.6\n\
                    3-4 r-xp 0 fe:00 8    /lib/libc.so.6\n4-5 rw-p 0 00:00 0  [heap]\n";
        assert_eq!(
            libraries("/usr/bin/x", maps),
            "/usr/bin/x\n/lib/libc.so.6\n"
        );
    }
}
