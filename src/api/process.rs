//! Commands about the process and its frontends.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::plan::Proxy;

use super::command::{Call, Level};

/// `operator`
pub(super) fn operator(call: &mut Call<'_>) -> String {
    *call.level = (*call.level).min(Level::Operator);
    String::new()
}

/// `user`
pub(super) fn user(call: &mut Call<'_>) -> String {
    *call.level = Level::User;
    String::new()
}

/// `reload`
pub(super) fn reload(call: &mut Call<'_>) -> String {
    match (call.desk.reload)() {
        Ok(()) => "Configuration reloaded.\n".to_owned(),
        Err(why) => format!("{why}\n"),
    }
}

fn frontend(call: &Call<'_>) -> Result<Arc<Proxy>, String> {
    let plan = call.desk.plan();
    match call.arg(0) {
        "" => Err("A frontend name is expected.\n".to_owned()),
        name => {
            let found = plan
                .frontends
                .get(name)
                .and_then(|at| plan.proxies.get(*at));
            found
                .cloned()
                .ok_or_else(|| "No such frontend.\n".to_owned())
        }
    }
}

/// `disable frontend`, `shutdown frontend`
pub(super) fn disable_frontend(call: &mut Call<'_>) -> String {
    match frontend(call) {
        Err(why) => why,
        Ok(proxy) if proxy.state.stopping.swap(true, Relaxed) => {
            "All sockets are already disabled.\n".to_owned()
        }
        Ok(_) => String::new(),
    }
}

/// `enable frontend`
pub(super) fn enable_frontend(call: &mut Call<'_>) -> String {
    match frontend(call) {
        Err(why) => why,
        Ok(proxy) if !proxy.state.stopping.swap(false, Relaxed) => {
            "All sockets are already enabled.\n".to_owned()
        }
        Ok(_) => String::new(),
    }
}

/// `clear counters`
pub(super) fn clear_counters(call: &mut Call<'_>) -> String {
    let all = call.arg(0) == "all";
    if all && *call.level < Level::Admin {
        return "Permission denied\n".to_owned();
    }
    let plan = call.desk.plan();
    let nameservers = plan.resolvers.iter().flat_map(|r| &r.nameservers);
    if all {
        nameservers.for_each(|server| server.asked.reset());
    }
    let secured = &plan.state.process.secured;
    for rate in [&secured.rate, &secured.front_keys, &secured.back_keys] {
        rate.reset_max();
    }
    for proxy in &plan.proxies {
        let queues = proxy.servers.iter().map(|server| &server.state.queued);
        for queue in queues.chain([&proxy.state.queued]) {
            queue.reset_max();
        }
        let servers = proxy.servers.iter().map(|server| &server.state.totals);
        for side in [&proxy.state.front, &proxy.state.back]
            .into_iter()
            .chain(servers)
        {
            if all {
                side.reset();
            } else {
                side.reset_maxima();
            }
        }
    }
    String::new()
}
