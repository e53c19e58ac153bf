mod around;
mod malformed;
mod manifests;
mod terraform;
mod toml;

use std::fs;
use std::path::{Path, PathBuf};

use super::*;

fn manifest(name: &str) -> PathBuf {
    Path::new("tests/manifests").join(name)
}

/// Loads `content` as a file of this name.
fn load_as(name: &str, content: impl AsRef<[u8]>) -> Result<Vec<NamedPolicy>, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    let prefix = format!("{}/", folder.path().display());
    load(&path).map_err(|error| {
        let line = error.to_string();
        assert!(!line.contains('\n'), "{line}");
        line.strip_prefix(&prefix).unwrap().to_owned()
    })
}

fn error_of(name: &str, content: impl AsRef<[u8]>) -> String {
    load_as(name, content).unwrap_err()
}

fn hpa_of(policies: &[NamedPolicy]) -> &HpaConfig {
    match policies {
        [
            NamedPolicy {
                source: PolicySource::Hpa(config),
                ..
            },
        ] => config,
        other => panic!("not one HPA: {other:?}"),
    }
}

const WEB: &str = "\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: web
spec:
  scaleTargetRef:
    apiVersion: apps/v1
    kind: Deployment
    name: web
  minReplicas: 2
  maxReplicas: 10
  metrics:
    - type: Pods
      pods:
        metric:
          name: rps
        target:
          type: AverageValue
          averageValue: 1e3
";

/// The error of the manifest with `from` replaced by `to`.
fn broken(from: &str, to: &str) -> String {
    assert!(WEB.contains(from), "{from}");
    error_of("web.yaml", WEB.replace(from, to))
}

/// Every example of the guide loads.
#[test]
fn the_guides_examples_load() {
    let guide = include_str!("../../../../../docs/policy-files.md");
    let mut seen = Vec::new();
    for block in guide.split("\n```").skip(1).step_by(2) {
        let (ending, text) = block.split_once('\n').unwrap();
        if !ending.is_empty() {
            load_as(&format!("example.{ending}"), text).unwrap();
            seen.push(ending);
        }
    }
    assert_eq!(seen[..2], ["yaml", "tf"]);
    assert!(seen[2..].iter().all(|ending| *ending == "toml"), "{seen:?}");
    for kind in crate::policy_file::toml::KINDS {
        assert!(guide.contains(&format!("\nkind = \"{kind}\"\n")), "{kind}");
    }
    for section in ["[activation]", "[[schedule.entries]]"] {
        assert!(guide.contains(&format!("\n{section}\n")), "{section}");
    }
}
