//! Caches: how many nodes a cluster needs.

mod cluster_sizing;

use crate::suite::{Checker, check};

pub(crate) fn checker(kind: &str) -> Option<Checker> {
    match kind {
        "cluster_sizing" => Some(check::<cluster_sizing::ClusterSizing>),
        _ => None,
    }
}
