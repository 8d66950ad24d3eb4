//! Giving up what is not needed any more: `chroot`, `gid`, `uid` (manual 3.1), in that order.

use nix::unistd::{self, Gid, Uid};

use crate::settings::Global;

/// Locks the process up as the configuration says.
///
/// # Errors
/// HAProxy's message about what could not be done.
pub(super) fn drop(global: &Global) -> Result<(), String> {
    let said = |what: String| format!("[haproxy.main()] Cannot {what}.");
    if let Some(root) = &global.chroot {
        let locked = unistd::chroot(root.as_str()).and_then(|()| unistd::chdir("/"));
        locked.map_err(|_| said(format!("chroot({root})")))?;
    }
    if let Some(gid) = global.gid.filter(|gid| *gid != 0) {
        // Supplementary groups would keep rights that the configuration does not mention. Who may not
        // drop them had none to lose.
        let _ = unistd::setgroups(&[]);
        unistd::setgid(Gid::from_raw(gid)).map_err(|_| said(format!("set gid {gid}")))?;
    }
    if let Some(uid) = global.uid.filter(|uid| *uid != 0) {
        unistd::setuid(Uid::from_raw(uid)).map_err(|_| said(format!("set uid {uid}")))?;
    }
    if global.set_dumpable {
        // Changing the user forbade core dumps; `set-dumpable` asks for them all the same.
        let dumpable = rustix::process::DumpableBehavior::Dumpable;
        rustix::process::set_dumpable_behavior(dumpable)
            .map_err(|_| said("set the process dumpable".to_owned()))?;
    }
    Ok(())
}
