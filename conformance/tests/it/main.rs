//! The runner as its users see it: what it prints and how it exits.

mod bad_input;
mod cache;
mod forecast;
mod forecast_models;
mod inputs;
mod outcomes;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

/// A folder for one test's files.
struct Folder(TempDir);

impl Folder {
    fn new() -> io::Result<Self> {
        TempDir::new().map(Self)
    }

    fn path(&self) -> PathBuf {
        self.0.path().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> io::Result<PathBuf> {
        let path = self.path().join(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, text)?;
        Ok(path)
    }

    fn cases(&self, name: &str, kind: &str, cases: &[Value]) -> io::Result<PathBuf> {
        let file = json!({"suite": "autoscale", "kind": kind, "about": {}, "cases": cases});
        self.write(name, &file.to_string())
    }
}

/// A run's exit code and output.
#[derive(Debug)]
struct Run {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Run {
    fn last_line(&self) -> &str {
        self.stdout.lines().last().unwrap_or_default()
    }
}

fn conformance<I>(suite: &str, words: I) -> io::Result<Run>
where
    I: IntoIterator<Item: AsRef<std::ffi::OsStr>>,
{
    let output = Command::new(env!("CARGO_BIN_EXE_conformance"))
        .arg(suite)
        .args(words)
        .output()?;
    Ok(Run {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// A case of `per_pod_usage`; ⌈20 ÷ 3⌉ = 7.
fn usage_case(id: &str, expected: i64) -> Value {
    json!({
        "id": id, "name": "spread over pods", "source_test": "own",
        "usage_milli": 20, "replicas": 3, "expect": {"per_pod_milli": expected},
    })
}
