//! Answers forecast tasks with `capacity-forecast` and augurs: `cf1 METHOD[,METHOD]|all TASKS.jsonl…`,
//! one JSON line a task on standard output. One thread; each method is warmed up on the first task.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::process::ExitCode;

use benches::forecast::{Method, Task};

fn main() -> ExitCode {
    match run(std::env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("cf1: {error}");
            ExitCode::from(2)
        }
    }
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let methods = methods(&arguments.next().ok_or("no method; all of them: all")?)?;
    let files: Vec<String> = arguments.collect();
    if files.is_empty() {
        return Err("no file of tasks".to_owned());
    }
    let mut out = BufWriter::new(io::stdout().lock());
    for file in &files {
        let tasks = read(file)?;
        for method in &methods {
            if let Some(first) = tasks.first() {
                let _ = method.answer(first);
            }
            for task in &tasks {
                let answer = method.answer(task);
                serde_json::to_writer(&mut out, &answer).map_err(|e| e.to_string())?;
                writeln!(out).map_err(|e| e.to_string())?;
            }
        }
    }
    out.flush().map_err(|e| e.to_string())
}

fn methods(names: &str) -> Result<Vec<Method>, String> {
    if names == "all" {
        return Ok(Method::ALL.into());
    }
    let method = |name: &str| {
        let known = Method::ALL.into_iter().find(|m| m.name() == name);
        known.ok_or_else(|| {
            let known = Method::ALL.map(Method::name).join(", ");
            format!("method {name:?}, must be one of {known}, or all")
        })
    };
    names.split(',').map(method).collect()
}

fn read(file: &str) -> Result<Vec<Task>, String> {
    let lines = BufReader::new(File::open(file).map_err(|e| format!("{file}: {e}"))?).lines();
    let task = |(number, line): (usize, io::Result<String>)| {
        let line = line.map_err(|e| format!("{file}: {e}"))?;
        serde_json::from_str(&line).map_err(|e| format!("{file}:{}: {e}", number + 1))
    };
    lines.enumerate().map(task).collect()
}
