//! Tests of the tool: the real binary, run in directories of its own.

mod bad_decide;
mod bad_input;
mod bad_settings;
mod decide;
mod determinism;
mod diagnose;
mod forecast;
mod forecast_bad;
mod forecast_tasks;
mod kinds;
mod matrix;
mod outage;
mod outputs;
mod policies;
mod replay;
mod scale_to_zero;
mod seasonal;
mod settings;
mod size;
mod size_bad;
mod size_group;
mod size_offers;
mod size_plan;
mod terraform;
mod tune;
mod tune_input;
mod vertical;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The tool's binary.
pub(crate) const PLIMSOLL: &str = env!("CARGO_BIN_EXE_plimsoll");

/// What a run of the tool came to.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Standard output of a run that must have gone well and said nothing on standard error.
    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(
            (self.code, self.stderr.as_str()),
            (Some(0), ""),
            "{}",
            self.stdout
        );
        self.stdout
    }

    /// The one line on standard error of a run that must have refused its input.
    #[track_caller]
    pub(crate) fn refused(self) -> String {
        assert_eq!(self.code, Some(2), "{self:?}");
        assert_eq!(self.stdout, "", "output beside an error");
        assert!(
            self.stderr.starts_with("error: ") && self.stderr.ends_with('\n'),
            "{self:?}"
        );
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        self.stderr.trim_end().to_owned()
    }
}

/// A directory that the tool is run in.
pub(crate) struct Dir(TempDir);

impl Dir {
    /// An empty one.
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    /// With a file.
    pub(crate) fn with(self, name: &str, content: impl AsRef<[u8]>) -> Self {
        std::fs::write(self.path().join(name), content).unwrap();
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Runs the tool.
    pub(crate) fn run(&self, args: &[&str]) -> Run {
        self.run_with(args, "")
    }

    /// Runs the tool with a text on standard input.
    pub(crate) fn run_with(&self, args: &[&str], input: &str) -> Run {
        let mut command = Command::new(PLIMSOLL);
        command.args(args);
        self.finish(command, input)
    }

    /// Runs a command here.
    pub(crate) fn finish(&self, mut command: Command, input: &str) -> Run {
        command.current_dir(self.path());
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // A tool that refuses its arguments does not read its input.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        Run {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The figures of a replay.
    #[track_caller]
    pub(crate) fn replay(&self, args: &[&str]) -> Value {
        let args = [&["replay"], args, &["--json", "-"]].concat();
        serde_json::from_str(&self.run(&args).ok()).unwrap()
    }

    /// Every entry with its content (none for a directory).
    pub(crate) fn content(&self) -> BTreeMap<String, String> {
        let entries = std::fs::read_dir(self.path()).unwrap();
        entries
            .map(|entry| {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                let bytes = std::fs::read(entry.path()).unwrap_or_default();
                (name, String::from_utf8_lossy(&bytes).into_owned())
            })
            .collect()
    }

    /// Names of the entries.
    pub(crate) fn names(&self) -> Vec<String> {
        self.content().into_keys().collect()
    }

    /// The content of a file.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }
}

/// A trace of requests a minute from 9 June 1998 on, one value a minute.
pub(crate) fn trace(minutes: impl IntoIterator<Item = u32>) -> String {
    let mut text = "timestamp,value\n".to_owned();
    for (minute, value) in minutes.into_iter().enumerate() {
        writeln!(text, "{},{value}", START_S + 60 * minute as u64).unwrap();
    }
    text
}

/// Start of the traces made here: 1998-06-09 00:00 UTC.
pub(crate) const START_S: u64 = 897_350_400;

/// 100 requests a second for some hours.
pub(crate) fn constant(hours: usize) -> String {
    trace(std::iter::repeat_n(6000, hours * 60))
}

/// Load that rises and falls evenly between 20 and 200 requests a second, an hour a wave.
pub(crate) fn waves(hours: u32) -> String {
    trace((0..hours * 60).map(|minute| {
        let phase = minute % 60;
        1200 + 360 * phase.min(60 - phase)
    }))
}

/// A manifest of one HPA.
pub(crate) fn manifest(name: &str, max: u32, metrics: &str) -> String {
    format!(
        "apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {name}
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: {name}
  minReplicas: 2
  maxReplicas: {max}
  metrics:
{metrics}"
    )
}

/// A metric of a manifest: CPU at 70 %.
pub(crate) const CPU: &str = "    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 70
";

/// A metric of a manifest that no load trace says anything about.
pub(crate) const MEMORY: &str = "    - type: Resource
      resource:
        name: memory
        target:
          type: Utilization
          averageUtilization: 80
";

/// A metric of a manifest: requests a second of each pod.
pub(crate) const REQUESTS: &str = "    - type: Pods
      pods:
        metric:
          name: http_requests_per_second
        target:
          type: AverageValue
          averageValue: \"35\"
";

/// A number of the report.
#[track_caller]
pub(crate) fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is not a number"))
}

/// Whether two numbers are the same but for rounding.
pub(crate) fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}
