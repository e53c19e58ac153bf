//! Kinds of the vertical recommender: its histograms, checkpoints and estimates.

use std::collections::BTreeMap;

use autoscale_core::{
    AtLeast, ContainerUsage, Histogram, HistogramCheckpoint, HistogramOptions, Percentile,
    Resource, ResourceEstimator, Resources, UsageCheckpoint, UsageConfig, WithConfidence,
    WithMargin,
};
use serde::Deserialize;

use crate::fields::{Seconds, given};
use crate::report::Comparison;
use crate::suite::{Question, Refused};

/// Most by which two weights or values may differ for another order of additions.
const ROUNDING: f64 = 1e-9;

fn near(expected: f64, got: f64, tolerance: f64) -> bool {
    (expected - got).abs() <= tolerance * expected.abs().max(got.abs()) || expected == got
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operation {
    Add,
    Subtract,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    op: Operation,
    value: f64,
    weight: f64,
    time_s: Seconds,
}

fn empty(options: HistogramOptions, half_life: Option<Seconds>) -> Result<Histogram, Refused> {
    half_life.map_or_else(
        || Ok(Histogram::new(options)),
        |half_life| {
            Histogram::decaying(options, half_life.0).map_err(|error| Refused(error.to_string()))
        },
    )
}

fn filled(
    options: HistogramOptions,
    half_life: Option<Seconds>,
    steps: &[Step],
) -> Result<Histogram, Refused> {
    let mut histogram = empty(options, half_life)?;
    for step in steps {
        match step.op {
            Operation::Add => histogram.add(step.value, step.weight, step.time_s.0),
            Operation::Subtract => histogram.subtract(step.value, step.weight, step.time_s.0),
        }
    }
    Ok(histogram)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PercentileExpect {
    percentile: f64,
    value: f64,
}

/// Percentiles after some samples.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HistogramPercentile {
    options: HistogramOptions,
    half_life_s: Option<Seconds>,
    ops: Vec<Step>,
    expect: Vec<PercentileExpect>,
}

impl Question for HistogramPercentile {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let histogram = filled(self.options, self.half_life_s, &self.ops)?;
        for PercentileExpect { percentile, value } in self.expect {
            let got = histogram.percentile(percentile);
            let field = format!("percentile {percentile}");
            answers.check(&field, near(value, got, ROUNDING), value, got);
        }
        Ok(())
    }
}

/// Whether any weight is left.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IsEmpty {
    options: HistogramOptions,
    half_life_s: Option<Seconds>,
    ops: Vec<Step>,
    expect: bool,
}

impl Question for IsEmpty {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let histogram = filled(self.options, self.half_life_s, &self.ops)?;
        answers.same("is_empty", &self.expect, &histogram.is_empty());
        Ok(())
    }
}

/// Whether two merged histograms equal one that saw the samples of both.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    options: HistogramOptions,
    half_life_s: Option<Seconds>,
    left: Vec<Step>,
    right: Vec<Step>,
    equal_to: Vec<Step>,
    expect: bool,
}

impl Question for Merge {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let mut merged = filled(self.options, self.half_life_s, &self.left)?;
        let right = filled(self.options, self.half_life_s, &self.right)?;
        let both = filled(self.options, self.half_life_s, &self.equal_to)?;
        match merged.merge(&right) {
            Ok(()) => answers.same("equal", &self.expect, &(merged == both)),
            Err(error) => answers.refused(error),
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckpointInput {
    #[serde(default)]
    reference_time_s: Option<Seconds>,
    total_weight: f64,
    buckets: BTreeMap<usize, u32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaveExpect {
    #[serde(default, deserialize_with = "given")]
    total_weight: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    buckets: Option<BTreeMap<usize, u32>>,
}

/// What a checkpoint keeps.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckpointSave {
    options: HistogramOptions,
    half_life_s: Option<Seconds>,
    ops: Vec<Step>,
    max_bucket_weight: u32,
    expect: SaveExpect,
}

impl Question for CheckpointSave {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        if self.max_bucket_weight != 10_000 {
            let weight = self.max_bucket_weight;
            return Err(Refused(format!(
                "max_bucket_weight: is {weight}, must be 10000"
            )));
        }
        let saved = filled(self.options, self.half_life_s, &self.ops)?.checkpoint();
        if let Some(weight) = self.expect.total_weight {
            let got = saved.total_weight;
            answers.check("total_weight", near(weight, got, ROUNDING), weight, got);
        }
        answers.same_if_given(
            "buckets",
            self.expect.buckets.as_ref(),
            &saved.bucket_weights,
        );
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LoadExpect {
    #[serde(default, deserialize_with = "given")]
    total_weight: Option<f64>,
    #[serde(default, deserialize_with = "given")]
    bucket_weights: Option<BTreeMap<usize, f64>>,
    #[serde(default, deserialize_with = "given")]
    error: Option<bool>,
}

/// What a checkpoint becomes when it is read back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckpointLoad {
    options: HistogramOptions,
    half_life_s: Option<Seconds>,
    checkpoint: CheckpointInput,
    expect: LoadExpect,
}

impl Question for CheckpointLoad {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let mut histogram = empty(self.options, self.half_life_s)?;
        let refused = histogram
            .load(&HistogramCheckpoint {
                reference_timestamp: self.checkpoint.reference_time_s.map(|time| time.0),
                bucket_weights: self.checkpoint.buckets,
                total_weight: self.checkpoint.total_weight,
            })
            .is_err();
        answers.same("error", &self.expect.error.unwrap_or(false), &refused);
        if let Some(weight) = self.expect.total_weight {
            let got = histogram.total_weight();
            answers.check("total_weight", near(weight, got, ROUNDING), weight, got);
        }
        if let Some(weights) = self.expect.bucket_weights {
            let got: BTreeMap<usize, f64> = (0..self.options.bucket_count())
                .map(|bucket| (bucket, histogram.weight(bucket)))
                .filter(|&(_, weight)| weight > 0.0)
                .collect();
            let agrees = weights.len() == got.len()
                && weights.iter().zip(&got).all(|(expected, got)| {
                    expected.0 == got.0 && near(*expected.1, *got.1, ROUNDING)
                });
            answers.check("bucket_weights", agrees, weights, got);
        }
        Ok(())
    }
}

/// Whether a histogram still holds weight after a checkpoint was saved and read back.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RoundTrip {
    options: HistogramOptions,
    half_life_s: Option<Seconds>,
    ops: Vec<Step>,
    expect: bool,
}

impl Question for RoundTrip {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let saved = filled(self.options, self.half_life_s, &self.ops)?.checkpoint();
        let mut histogram = empty(self.options, self.half_life_s)?;
        match histogram.load(&saved) {
            Ok(()) => answers.same("not_empty", &self.expect, &!histogram.is_empty()),
            Err(error) => answers.refused(error),
        }
        Ok(())
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StartExpect {
    bucket: usize,
    start: f64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FindExpect {
    value: f64,
    bucket: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct BucketingExpect {
    #[serde(default, deserialize_with = "given")]
    bucket_count: Option<usize>,
    #[serde(default)]
    starts: Vec<StartExpect>,
    #[serde(default)]
    find: Vec<FindExpect>,
}

/// How a range is cut into buckets.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bucketing {
    options: HistogramOptions,
    expect: BucketingExpect,
}

impl Question for Bucketing {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let options = self.options;
        let count = self.expect.bucket_count.as_ref();
        answers.same_if_given("bucket_count", count, &options.bucket_count());
        for StartExpect { bucket, start } in self.expect.starts {
            let got = options.bucket_start(bucket);
            let field = format!("start of bucket {bucket}");
            answers.check(&field, near(start, got, ROUNDING), start, got);
        }
        for FindExpect { value, bucket } in self.expect.find {
            answers.same(
                &format!("bucket of {value}"),
                &bucket,
                &options.bucket_of(value),
            );
        }
        Ok(())
    }
}

fn unused() -> Result<ContainerUsage, Refused> {
    ContainerUsage::new(UsageConfig::default()).map_err(|error| Refused(error.to_string()))
}

fn always(amount: u64) -> impl ResourceEstimator {
    move |_: &ContainerUsage, _: Resource| amount
}

/// Compares an estimate that no use changes.
fn same_amount(
    answers: &mut Comparison,
    expected: u64,
    estimate: &impl ResourceEstimator,
) -> Result<(), Refused> {
    let got = estimate.estimate(&unused()?, Resource::Cpu);
    answers.same("amount", &expected, &got);
    Ok(())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ValueExpect {
    value: f64,
    relative_tolerance: f64,
}

/// A percentile of the use.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PercentileEstimate {
    options: HistogramOptions,
    half_life_s: Option<Seconds>,
    ops: Vec<Step>,
    percentile: f64,
    expect: ValueExpect,
}

impl Question for PercentileEstimate {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let histogram = filled(self.options, self.half_life_s, &self.ops)?;
        let usage = unused()?.with_histogram(Resource::Memory, histogram);
        let got = usage.percentile(Resource::Memory, self.percentile);
        let ValueExpect {
            value,
            relative_tolerance,
        } = self.expect;
        answers.check("value", near(value, got, relative_tolerance), value, got);
        Ok(())
    }
}

/// The unit of an amount; the rules are the same for both.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unit {
    Millicores,
    Bytes,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConfidenceExpect {
    #[serde(default, deserialize_with = "given")]
    confidence: Option<f64>,
    amount: u64,
}

/// An estimate moved by how short the history is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Confidence {
    multiplier: f64,
    exponent: f64,
    base: u64,
    #[serde(rename = "unit")]
    _unit: Option<Unit>,
    confidence_interval_s: Seconds,
    first_sample_s: Option<Seconds>,
    last_sample_s: Option<Seconds>,
    sample_count: u64,
    expect: ConfidenceExpect,
}

impl Question for Confidence {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let usage = with_history(
            unused()?,
            self.first_sample_s,
            self.last_sample_s,
            self.sample_count,
        )?;
        let interval = self.confidence_interval_s.0;
        if let Some(confidence) = self.expect.confidence {
            let got = usage.confidence(interval);
            answers.check(
                "confidence",
                near(confidence, got, ROUNDING),
                confidence,
                got,
            );
        }
        let estimate = WithConfidence {
            multiplier: self.multiplier,
            exponent: self.exponent,
            interval,
            base: always(self.base),
        };
        let got = estimate.estimate(&usage, Resource::Cpu);
        answers.same("amount", &self.expect.amount, &got);
        Ok(())
    }
}

/// The times and the count of samples, as a checkpoint brings them.
fn with_history(
    mut usage: ContainerUsage,
    first: Option<Seconds>,
    last: Option<Seconds>,
    count: u64,
) -> Result<ContainerUsage, Refused> {
    usage
        .load(&UsageCheckpoint {
            first_sample_start: first.map(|time| time.0),
            last_sample_start: last.map(|time| time.0),
            total_samples_count: count,
            ..UsageCheckpoint::default()
        })
        .map_err(|error| Refused(error.to_string()))?;
    Ok(usage)
}

/// An estimate and a share more.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Margin {
    base: u64,
    #[serde(rename = "unit")]
    _unit: Option<Unit>,
    fraction: f64,
    expect: u64,
}

impl Question for Margin {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let estimate = WithMargin {
            fraction: self.fraction,
            base: always(self.base),
        };
        same_amount(answers, self.expect, &estimate)
    }
}

/// An estimate, or a minimum.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Minimum {
    base: u64,
    #[serde(rename = "unit")]
    _unit: Option<Unit>,
    minimum: u64,
    expect: u64,
}

impl Question for Minimum {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let estimate = AtLeast {
            minimum: Resources::new(self.minimum, self.minimum),
            base: always(self.base),
        };
        same_amount(answers, self.expect, &estimate)
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PipelineExpect {
    percentile_value: f64,
    relative_tolerance: f64,
    #[serde(default, deserialize_with = "given")]
    amount_after_margin: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    upper_bound: Option<u64>,
    #[serde(default, deserialize_with = "given")]
    lower_bound: Option<u64>,
}

/// Samples to percentile, margin and bounds.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Pipeline {
    resource: Resource,
    options: HistogramOptions,
    half_life_s: Option<Seconds>,
    ops: Vec<Step>,
    percentile: f64,
    margin_fraction: f64,
    confidence_interval_s: Seconds,
    expect: PipelineExpect,
}

impl Question for Pipeline {
    fn ask(self, answers: &mut Comparison) -> Result<(), Refused> {
        let resource = self.resource;
        let histogram = filled(self.options, self.half_life_s, &self.ops)?;
        let count = u64::try_from(self.ops.len()).unwrap_or(u64::MAX);
        let times = || self.ops.iter().map(|step| step.time_s);
        let usage = with_history(unused()?, times().min(), times().max(), count)?
            .with_histogram(resource, histogram);
        let expect = self.expect;
        let value = usage.percentile(resource, self.percentile);
        answers.check(
            "percentile_value",
            near(expect.percentile_value, value, expect.relative_tolerance),
            expect.percentile_value,
            value,
        );
        let estimate = WithMargin {
            fraction: self.margin_fraction,
            base: Percentile {
                cpu: self.percentile,
                memory: self.percentile,
            },
        };
        let bound = |multiplier, exponent| {
            let bound = WithConfidence {
                multiplier,
                exponent,
                interval: self.confidence_interval_s.0,
                base: estimate,
            };
            bound.estimate(&usage, resource)
        };
        let after_margin = estimate.estimate(&usage, resource);
        for (field, expected, got) in [
            (
                "amount_after_margin",
                expect.amount_after_margin,
                after_margin,
            ),
            ("upper_bound", expect.upper_bound, bound(1.0, 1.0)),
            ("lower_bound", expect.lower_bound, bound(0.001, -2.0)),
        ] {
            answers.same_if_given(field, expected.as_ref(), &got);
        }
        Ok(())
    }
}
