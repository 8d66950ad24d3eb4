//! Which backend takes a stream (manual 4.2 `use_backend`, `default_backend`).

use crate::acl::Outcome;
use crate::plan::{Plan, Proxy, Target};
use crate::sample::Scope;

/// The place of the backend: that of the first `use_backend` rule that applies, else the default. A
/// computed name that is none means the default, as in HAProxy. A condition that lacks data fails:
/// whoever wants to wait for data says so in content rules.
pub(super) fn backend(plan: &Plan, frontend: &Proxy, scope: &Scope<'_>) -> Option<usize> {
    let applies = frontend.use_backend.iter().find(|(_, cond)| {
        cond.as_ref()
            .is_none_or(|cond| cond.test(scope) == Outcome::Pass)
    });
    let switched = match applies {
        None => None,
        Some((Target::Index(at), _)) => Some(*at),
        Some((Target::Format(format), _)) => {
            let mut name = Vec::new();
            format.render(scope, &mut name);
            let name = std::str::from_utf8(&name).ok();
            name.and_then(|name| plan.backends.get(name).copied())
        }
    };
    switched.or(frontend.default_backend)
}
