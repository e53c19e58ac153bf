//! Replays conformance cases through the public API of this workspace's crates.
//!
//! The runner turns a case's input into a crate's own types, calls the crate, and compares every
//! expected field. It decides nothing itself and skips nothing: what it does not know, it refuses.

mod args;
mod autoscale;
mod cache;
mod disputed;
mod fields;
mod forecast;
mod load;
mod report;
mod resilience;
mod suite;

use std::io::{self, Write};
use std::process::ExitCode;

use args::{Args, Parsed, USAGE};
use disputed::Disputed;
use load::{BadInput, CaseFile};
use report::{FileReport, Outcome, Totals};
use suite::Checker;

fn main() -> ExitCode {
    let args = match Args::parse(std::env::args_os().skip(1)) {
        Ok(Parsed::Run(args)) => args,
        Ok(Parsed::Help) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprint!("conformance: {message}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match run(&args) {
        Ok(reports) => {
            let totals = reports.iter().map(FileReport::totals).sum::<Totals>();
            // A reader that has gone away changes nothing about the result.
            let _ = print(&reports, totals);
            ExitCode::from(u8::from(totals.failed > 0))
        }
        Err(problems) => {
            for problem in problems {
                eprintln!("conformance: {problem}");
            }
            ExitCode::from(2)
        }
    }
}

/// Runs every file, or says everything that is wrong with the input.
fn run(args: &Args) -> Result<Vec<FileReport>, Vec<BadInput>> {
    let disputed = Disputed::read(args.disputed.as_deref()).map_err(|e| vec![e])?;
    let paths = load::find(&args.paths).map_err(|e| vec![e])?;
    let mut reports = Vec::new();
    let mut problems = Vec::new();
    for path in paths {
        let loaded = CaseFile::read(&path, args.suite).and_then(|file| {
            let checker = suite::checker(args.suite, &file.kind)
                .ok_or_else(|| file.refuse(format!("kind {} is not built yet", file.kind)))?;
            Ok((file, checker))
        });
        match loaded {
            Ok((file, checker)) => reports.push(check(&file, checker, &disputed, &mut problems)),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(reports)
    } else {
        Err(problems)
    }
}

fn check(
    file: &CaseFile,
    checker: Checker,
    disputed: &Disputed,
    problems: &mut Vec<BadInput>,
) -> FileReport {
    let mut report = FileReport::new(file);
    for case in &file.cases {
        match checker(&case.body) {
            Ok(_) if disputed.contains(&file.stem, &case.id) => report.add(Outcome::Disputed),
            Ok(None) => report.add(Outcome::Passed),
            Ok(Some(difference)) => report.add(Outcome::Failed {
                id: case.id.clone(),
                difference,
            }),
            Err(refused) => problems.push(file.refuse_case(&case.id, &refused)),
        }
    }
    report
}

fn print(reports: &[FileReport], totals: Totals) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for report in reports {
        write!(out, "{report}")?;
    }
    writeln!(out, "{totals}")?;
    out.flush()
}
