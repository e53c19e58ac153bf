//! Passed, failed and disputed.

use std::error::Error;
use std::path::{Path, PathBuf};

use crate::{Folder, conformance, usage_case};

type Outcome = Result<(), Box<dyn Error>>;

#[test]
fn a_file_that_agrees_passes() -> Outcome {
    let folder = Folder::new()?;
    let file = folder.cases("usage.json", "per_pod_usage", &[usage_case("a-1", 7)])?;
    let run = conformance("autoscale", [&file])?;
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(
        run.stdout,
        format!(
            "{} (per_pod_usage): 1 passed, 0 failed, 0 disputed\n1 passed, 0 failed, 0 disputed\n",
            file.display()
        )
    );
    Ok(())
}

#[test]
fn a_failing_case_is_named_with_its_first_difference() -> Outcome {
    let folder = Folder::new()?;
    let cases = [usage_case("a-1", 7), usage_case("a-2", 6)];
    let file = folder.cases("usage.json", "per_pod_usage", &cases)?;
    let run = conformance("autoscale", [file])?;
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(
        run.stdout
            .contains("failed a-2: per_pod_milli: expected 6, got 7"),
        "{run:?}"
    );
    assert!(!run.stdout.contains("a-1"), "{run:?}");
    assert_eq!(run.last_line(), "1 passed, 1 failed, 0 disputed");
    Ok(())
}

#[test]
fn folders_are_searched_in_sorted_order() -> Outcome {
    let folder = Folder::new()?;
    folder.cases("b.json", "per_pod_usage", &[usage_case("b-1", 7)])?;
    folder.cases("a/deep/c.json", "per_pod_usage", &[usage_case("c-1", 7)])?;
    folder.write("a/notes.txt", "not a case file")?;
    // A file that is named twice still counts once.
    let run = conformance("autoscale", [folder.path(), folder.path().join("b.json")])?;
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.last_line(), "2 passed, 0 failed, 0 disputed");
    let first = run.stdout.lines().next().unwrap_or_default();
    assert!(first.contains("c.json"), "{run:?}");
    Ok(())
}

#[test]
fn disputed_cases_count_apart_whatever_they_answer() -> Outcome {
    let folder = Folder::new()?;
    let cases = [
        usage_case("a-1", 6),
        usage_case("a-2", 7),
        usage_case("a-3", 7),
    ];
    folder.cases("one.json", "per_pod_usage", &cases)?;
    folder.cases("two.json", "per_pod_usage", &cases)?;
    let table = "| case | reason |\n|---|---|\n| `one/a-1` | wrong |\n| a-2 | wrong |\n";
    let list = folder.write("disputed.md", table)?;
    let words = [folder.path(), PathBuf::from("--disputed"), list.clone()];
    let run = conformance("autoscale", words)?;
    // `one/a-1` names the case of one file only; `a-2` that of both.
    assert_eq!(run.code, Some(1), "{run:?}");
    assert_eq!(run.last_line(), "2 passed, 1 failed, 3 disputed");

    let inline = format!("--disputed={}", list.display());
    let words = [folder.path().join("one.json"), PathBuf::from(inline)];
    let run = conformance("autoscale", words)?;
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_eq!(run.last_line(), "1 passed, 0 failed, 2 disputed");
    Ok(())
}

#[test]
fn shipped_cases_all_pass() -> Outcome {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/autoscale");
    let traces = [Path::new("--traces"), Path::new(".")];
    let run = conformance("autoscale", [shipped.as_path()].into_iter().chain(traces))?;
    assert_eq!(run.code, Some(0), "{}{}", run.stdout, run.stderr);
    assert!(run.last_line().contains(" passed, 0 failed, "), "{run:?}");
    assert!(!run.last_line().starts_with("0 "), "{run:?}");
    Ok(())
}
