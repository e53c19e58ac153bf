//! Finding and reading case files.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::suite::{Refused, Suite};

/// Fields of a case that explain it; every field that begins with `source` does too.
const EXPLAIN: [&str; 8] = [
    "id",
    "ref",
    "name",
    "why",
    "origin",
    "derived",
    "seed",
    "seed_document_says",
];
/// Fields of `about` that only describe the rule in words.
const DESCRIBE: [&str; 3] = ["rule", "what", "note"];

/// Input that cannot be read or checked.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub(crate) struct BadInput {
    path: PathBuf,
    problem: String,
}

impl BadInput {
    pub(crate) fn new(path: &Path, problem: impl ToString) -> Self {
        Self {
            path: path.to_owned(),
            problem: problem.to_string(),
        }
    }
}

/// A file of cases of one kind.
#[derive(Debug)]
pub(crate) struct CaseFile {
    pub(crate) path: PathBuf,
    /// The file's name without its ending: what a dispute names it by.
    pub(crate) stem: String,
    pub(crate) kind: String,
    pub(crate) cases: Vec<Case>,
}

/// One case: its id, and the fields that are input or answer.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) id: String,
    pub(crate) body: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    suite: String,
    kind: String,
    #[serde(default)]
    about: Map<String, Value>,
    cases: Vec<Map<String, Value>>,
}

impl CaseFile {
    pub(crate) fn read(path: &Path, suite: Suite) -> Result<Self, BadInput> {
        let bad = |problem: String| BadInput::new(path, problem);
        let text = fs::read_to_string(path).map_err(|e| bad(e.to_string()))?;
        let written: Written = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
        if written.suite != suite.name() {
            return Err(bad(format!(
                "suite is {}, must be {}",
                written.suite,
                suite.name()
            )));
        }
        let stated = suite.stated(&written.kind);
        let unknown = written.about.keys().find(|key| {
            let key = key.as_str();
            !explains(key) && !DESCRIBE.contains(&key) && !stated.iter().any(|(k, _)| *k == key)
        });
        if let Some(key) = unknown {
            return Err(bad(format!("about.{key} is not known")));
        }
        for (key, holds) in stated {
            if let Some(said) = written.about.get(*key)
                && said
                    .as_str()
                    .map_or_else(|| said.to_string(), str::to_owned)
                    != *holds
            {
                return Err(bad(format!(
                    "about.{key} is {said}, only {holds} can be checked"
                )));
            }
        }
        if written.cases.is_empty() {
            return Err(bad("cases is empty".to_owned()));
        }
        let cases = written
            .cases
            .into_iter()
            .enumerate()
            .map(|(index, mut fields)| {
                let Some(Value::String(id)) = fields.remove("id") else {
                    return Err(bad(format!("cases[{index}].id is missing or not a string")));
                };
                fields.retain(|key, _| !explains(key));
                let body = Value::Object(fields);
                Ok(Case { id, body })
            })
            .collect::<Result<_, _>>()?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        Ok(Self {
            path: path.to_owned(),
            stem: stem.into_owned(),
            kind: written.kind,
            cases,
        })
    }

    pub(crate) fn refuse(&self, problem: impl ToString) -> BadInput {
        BadInput::new(&self.path, problem)
    }

    pub(crate) fn refuse_case(&self, id: &str, refused: &Refused) -> BadInput {
        self.refuse(format!("{id}: {refused}"))
    }
}

fn explains(key: &str) -> bool {
    EXPLAIN.contains(&key) || key.starts_with("source")
}

/// The files named, and the `*.json` below the folders named, sorted.
pub(crate) fn find(paths: &[PathBuf]) -> Result<Vec<PathBuf>, BadInput> {
    let mut found = Vec::new();
    for path in paths {
        let before = found.len();
        let meta = fs::metadata(path).map_err(|e| BadInput::new(path, e))?;
        if meta.is_dir() {
            search(path, &mut found)?;
            if found.len() == before {
                return Err(BadInput::new(path, "no *.json below this folder"));
            }
        } else {
            found.push(path.clone());
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

fn search(folder: &Path, found: &mut Vec<PathBuf>) -> Result<(), BadInput> {
    let bad = |e: std::io::Error| BadInput::new(folder, e);
    for entry in fs::read_dir(folder).map_err(bad)? {
        let entry = entry.map_err(bad)?;
        let path = entry.path();
        // A link to a folder is not followed, so that the search ends.
        if entry.file_type().map_err(bad)?.is_dir() {
            search(&path, found)?;
        } else if path.extension().is_some_and(|e| e == "json") {
            found.push(path);
        }
    }
    Ok(())
}
