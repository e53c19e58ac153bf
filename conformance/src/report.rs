//! Comparing answers and counting outcomes.

use core::fmt::{self, Debug};
use core::iter::Sum;
use std::path::PathBuf;

use crate::load::CaseFile;

/// The comparison of one case's answers; keeps the first difference.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    compared: usize,
    first: Option<String>,
}

impl Comparison {
    pub(crate) fn same<T: PartialEq + Debug>(&mut self, field: &str, expected: &T, got: &T) {
        self.check(field, expected == got, expected, got);
    }

    /// Compares only where an answer is expected.
    pub(crate) fn same_if_given<T: PartialEq + Debug>(
        &mut self,
        field: &str,
        expected: Option<&T>,
        got: &T,
    ) {
        if let Some(expected) = expected {
            self.same(field, expected, got);
        }
    }

    /// Compares with a judgement of the caller's, such as a tolerance.
    pub(crate) fn check(
        &mut self,
        field: &str,
        agrees: bool,
        expected: impl Debug,
        got: impl Debug,
    ) {
        self.compared += 1;
        if !agrees && self.first.is_none() {
            self.first = Some(format!("{field}: expected {expected:?}, got {got:?}"));
        }
    }

    /// Notes that the crate refused to answer, whatever was expected.
    pub(crate) fn refused(&mut self, reason: impl fmt::Display) {
        self.compared += 1;
        self.first.get_or_insert_with(|| reason.to_string());
    }

    /// `None` if nothing was compared.
    pub(crate) fn finish(self) -> Option<Option<String>> {
        (self.compared > 0).then_some(self.first)
    }
}

/// What became of a case.
#[derive(Debug)]
pub(crate) enum Outcome {
    Passed,
    Disputed,
    Failed { id: String, difference: String },
}

/// What became of a file's cases.
#[derive(Debug)]
pub(crate) struct FileReport {
    path: PathBuf,
    kind: String,
    outcomes: Vec<Outcome>,
}

impl FileReport {
    pub(crate) fn new(file: &CaseFile) -> Self {
        Self {
            path: file.path.clone(),
            kind: file.kind.clone(),
            outcomes: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.outcomes.push(outcome);
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for outcome in &self.outcomes {
            match outcome {
                Outcome::Passed => totals.passed += 1,
                Outcome::Disputed => totals.disputed += 1,
                Outcome::Failed { .. } => totals.failed += 1,
            }
        }
        totals
    }
}

/// One line, and one more for each failing case.
impl fmt::Display for FileReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} ({}): {}",
            self.path.display(),
            self.kind,
            self.totals()
        )?;
        for outcome in &self.outcomes {
            if let Outcome::Failed { id, difference } = outcome {
                writeln!(f, "  failed {id}: {difference}")?;
            }
        }
        Ok(())
    }
}

/// Numbers of cases.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) disputed: usize,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} passed, {} failed, {} disputed",
            self.passed, self.failed, self.disputed
        )
    }
}

impl Sum for Totals {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            passed: sum.passed + one.passed,
            failed: sum.failed + one.failed,
            disputed: sum.disputed + one.disputed,
        })
    }
}
