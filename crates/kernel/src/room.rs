//! A room as the node composes it.

use std::any::{Any, TypeId};
use std::sync::Arc;

use crate::authority::FindEntity;
use crate::classify::Classify;
use crate::db::Migration;
use crate::http::Routes;
use crate::jobs::{JobKind, Schedule};
use crate::journal::{Kind, Reaction};
use crate::metrics::MetricSource;
use crate::release::Release;

/// What a room brings to the node.
#[derive(Default)]
pub struct Room {
    pub(crate) name: &'static str,
    pub(crate) migrations: Vec<Migration>,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) routes: Routes,
    pub(crate) jobs: Vec<JobKind>,
    pub(crate) schedules: Vec<Schedule>,
    pub(crate) reactions: Vec<Reaction>,
    pub(crate) metrics: Vec<MetricSource>,
    pub(crate) finders: Vec<(&'static str, FindEntity)>,
    pub(crate) release: Option<Arc<dyn Release>>,
    pub(crate) classify: Option<Arc<dyn Classify>>,
    pub(crate) state: Vec<(TypeId, Arc<dyn Any + Send + Sync>)>,
}

impl Room {
    /// An empty room.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            ..Self::default()
        }
    }

    /// Its migrations, oldest first, named `room/0001_what`.
    #[must_use]
    pub fn migrations(mut self, migrations: &[Migration]) -> Self {
        self.migrations.extend_from_slice(migrations);
        self
    }

    /// The kinds of facts it writes.
    #[must_use]
    pub fn kinds(mut self, kinds: &[Kind]) -> Self {
        self.kinds.extend_from_slice(kinds);
        self
    }

    /// Its routes.
    #[must_use]
    pub fn routes(mut self, routes: Routes) -> Self {
        self.routes = self.routes.merge(routes);
        self
    }

    /// The kinds of jobs it runs.
    #[must_use]
    pub fn jobs(mut self, jobs: &[JobKind]) -> Self {
        self.jobs.extend_from_slice(jobs);
        self
    }

    /// Jobs that come again and again.
    #[must_use]
    pub fn schedules(mut self, schedules: &[Schedule]) -> Self {
        self.schedules.extend_from_slice(schedules);
        self
    }

    /// What it does when others' facts appear.
    #[must_use]
    pub fn reactions(mut self, reactions: &[Reaction]) -> Self {
        self.reactions.extend_from_slice(reactions);
        self
    }

    /// Numbers it offers to others.
    #[must_use]
    pub fn metrics(mut self, metrics: Vec<MetricSource>) -> Self {
        self.metrics.extend(metrics);
        self
    }

    /// Finds its resources of a kind by id.
    #[must_use]
    pub fn find(mut self, kind: &'static str, find: FindEntity) -> Self {
        self.finders.push((kind, find));
        self
    }

    /// Answers the `Release` question.
    #[must_use]
    pub fn release(mut self, release: Arc<dyn Release>) -> Self {
        self.release = Some(release);
        self
    }

    /// Answers the `Classify` question.
    #[must_use]
    pub fn classify(mut self, classify: Arc<dyn Classify>) -> Self {
        self.classify = Some(classify);
        self
    }

    /// State of its own, found again by type with `App::get`.
    #[must_use]
    pub fn state<T: Any + Send + Sync>(mut self, state: Arc<T>) -> Self {
        self.state.push((TypeId::of::<T>(), state));
        self
    }
}
