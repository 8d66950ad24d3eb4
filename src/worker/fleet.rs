//! What all workers and the control thread share.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::plan::Plan;
use crate::state::State;

/// All workers of the process, seen from any thread.
#[derive(Debug)]
pub struct Fleet {
    plan: ArcSwap<Plan>,
    /// The living state.
    pub state: Arc<State>,
}

impl Fleet {
    /// A fleet that will run this plan.
    pub fn new(plan: Arc<Plan>) -> Arc<Self> {
        Arc::new(Self {
            state: plan.state.clone(),
            plan: ArcSwap::new(plan),
        })
    }

    /// The plan for new connections.
    pub fn plan(&self) -> Arc<Plan> {
        self.plan.load_full()
    }
}
