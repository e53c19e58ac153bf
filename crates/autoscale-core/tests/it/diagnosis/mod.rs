//! Diagnoses: tables, properties, refusals.

mod doubts;
mod objectives;
mod properties;
mod tables;

use autoscale_core::{Diagnosis, DiagnosisConfig, SystemFigures, diagnose};

pub(super) fn found(figures: &SystemFigures) -> Diagnosis {
    diagnose(&DiagnosisConfig::default(), figures).unwrap()
}
