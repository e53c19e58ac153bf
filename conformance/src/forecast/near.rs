//! Numbers that agree up to a tolerance.

use crate::report::Comparison;

/// By how much an answer may differ: the greater of a share of it and an amount.
#[derive(Clone, Copy, Debug)]
pub(super) struct Near {
    pub(super) relative: f64,
    pub(super) absolute: f64,
}

impl Near {
    pub(super) fn agree(self, expected: f64, got: f64) -> bool {
        (expected - got).abs() <= (self.relative * expected.abs()).max(self.absolute)
    }
}

/// Compares the lengths, then value by value; names the first that differs.
pub(super) fn all_near(
    answers: &mut Comparison,
    field: &str,
    near: Near,
    expected: &[f64],
    got: &[f64],
) {
    answers.same(&format!("{field}.len()"), &expected.len(), &got.len());
    for (index, (expected, got)) in expected.iter().zip(got).enumerate() {
        let agree = near.agree(*expected, *got);
        answers.check(&format!("{field}[{index}]"), agree, expected, got);
    }
}
