//! `plimsoll size`: from a load to replicas, instances, their cost and what they save.
//!
//! The load, as a rate, as users, as a trace or as a plan's phases, becomes replicas; the replicas
//! become the cheapest mix of instances that also survives the loss of its largest spot group and
//! keeps the error budget. Without a `replica` section a node is a replica, and the instance table
//! says what it carries. `docs/size.md` has the plan's format.

mod answer;
mod around;
mod compare;
mod figures;
mod fleet;
mod load;
mod nodes;
mod offers;
mod page;
mod phases;
mod plan;
mod report;
mod sheets;
mod show;
mod units;

use std::path::Path;

use autoscale_core::PurchaseOption;

pub(crate) use answer::MOST_HEADROOM;
pub(crate) use units::{Share, per_minute, share};

use self::plan::{Load, PlanFile, TraceUnit};
use crate::cli::{SizeArgs, UnitName};
use crate::input_error::InputError;
use crate::policy_file::Sections;
use crate::recorded::flag_error;
use crate::report_files::ReportFiles;

/// The four types of a scaling guide, with made-up prices.
const TABLE: &str = include_str!("../../data/size/types.toml");
const TABLE_NAME: &str = "types.toml (built in)";
/// A plan for them.
const PLAN: &str = include_str!("../../data/size/plan.toml");
const PLAN_NAME: &str = "plan.toml (built in)";

/// Runs the command; gives what to print, and whether every bar is met.
pub(crate) fn run(args: &SizeArgs) -> Result<(String, bool), InputError> {
    let file = args.file.iter().map(|path| ("the plan", path.as_path()));
    let types = args.types.iter().map(|path| ("--types", path.as_path()));
    let read: Vec<(&str, &Path)> = file.chain(types).collect();
    let files = ReportFiles::of(&args.output, None, &read)?;

    let (name, plan) = plan(args)?;
    let report = answer::answer(&plan, name, crate::command::size(args))?;
    let text = files.write(&report, page::page, show::tables)?;
    Ok((text, report.bars.iter().all(|bar| bar.met)))
}

/// The plan that the file and the flags make.
fn plan(args: &SizeArgs) -> Result<(String, PlanFile), InputError> {
    let is_trace = |path: &Path| {
        path.extension()
            .is_some_and(|e| e.eq_ignore_ascii_case("csv"))
    };
    let trace = args.file.as_deref().filter(|path| is_trace(path));
    let stated = args.load.is_some() || args.users.is_some();
    if trace.is_some() && stated {
        return Err(flag_error(
            &"the trace and --load or --users exclude each other: give one",
        ));
    }
    let (name, document) = match &args.file {
        Some(path) if trace.is_some() => (path.display().to_string(), Sections::none()),
        Some(path) => (path.display().to_string(), Sections::load(path)?),
        None if stated || args.types.is_some() => ("the command line".to_owned(), Sections::none()),
        None => {
            let document = Sections::parse(Path::new(PLAN_NAME), "toml", PLAN)?;
            (PLAN_NAME.to_owned(), document)
        }
    };
    let is_cluster = document.is_cluster();
    let (document, notes) = match (is_cluster, &args.node_group) {
        (true, group) if stated => document.node_group(group.as_deref())?,
        (true, _) => {
            let message = "is a ClusterConfig, it says which nodes there may be: what they are to \
                           carry is missing, give --load or --users";
            return Err(InputError::new(&name, None, message));
        }
        (false, Some(_)) => {
            return Err(flag_error(
                &"--node-group is about an eksctl ClusterConfig: none is given",
            ));
        }
        (false, None) => (document, Vec::new()),
    };
    let is_plan = args.file.is_some() && trace.is_none() && !is_cluster;
    let built_in = args.file.is_none() && !stated && args.types.is_none();
    let mut plan = PlanFile::new(document)?;
    plan.notes = notes;
    plan = match (&args.types, plan.table_path()?) {
        (Some(path), _) => plan.with_table(Sections::load(path)?)?,
        (None, Some(path)) if !built_in => {
            let table = Sections::load(&path).map_err(|e| plan.named_at("table", e))?;
            plan.with_table(table)?
        }
        (None, None) if is_plan => plan,
        _ => plan.with_table(Sections::parse(Path::new(TABLE_NAME), "toml", TABLE)?)?,
    };
    let given = &mut plan.plan;
    if let Some(path) = trace {
        given.load.trace = Some(path.to_owned());
    } else if stated {
        given.load = Load {
            requests_per_minute: args.load,
            users: args.users,
            requests_per_user_minute: given.load.requests_per_user_minute,
            think_time: given.load.think_time,
            response_time: given.load.response_time,
            ..Load::default()
        };
    }
    if let Some(rate) = args.requests_per_user {
        given.load.requests_per_user_minute = Some(rate);
        given.load.think_time = None;
    }
    given.load.unit = match args.unit {
        None => given.load.unit,
        Some(UnitName::Rps) => Some(TraceUnit::Rps),
        Some(UnitName::Requests) => Some(TraceUnit::Requests),
    };
    if (args.quantile.is_some() || args.unit.is_some()) && given.load.trace.is_none() {
        return Err(flag_error(
            &"--quantile and --unit are about a trace: none is given",
        ));
    }
    let objective = &mut given.objective;
    given.load.quantile = args.quantile.or(given.load.quantile);
    objective.headroom = args.headroom.or(objective.headroom);
    objective.availability = args.availability.or(objective.availability);
    if args.spot || args.no_spot {
        let options = &mut given.pool.purchase_options;
        let mut options_now = options
            .take()
            .unwrap_or_else(|| vec![PurchaseOption::OnDemand, PurchaseOption::Reserved]);
        options_now.retain(|option| *option != PurchaseOption::Spot);
        if args.spot {
            options_now.push(PurchaseOption::Spot);
        }
        *options = Some(options_now);
        // Asked for by name, spot nodes are not ruled out by what is only assumed.
        given.pool.as_at_aws &= !args.spot;
    }
    Ok((name, plan))
}
