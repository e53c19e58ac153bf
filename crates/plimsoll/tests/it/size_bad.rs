//! What `plimsoll size` refuses: one line with file, place, field, value and bound, and no file
//! created or changed.

use crate::size::TYPES;
use crate::{Dir, trace};

/// The refusal of a plan whose text is `plan`, after `error: plan.toml:`.
#[track_caller]
fn refusal(plan: &str) -> String {
    let dir = Dir::new().with("plan.toml", plan).with("old.json", "old");
    let before = dir.content();
    let run = dir.run(&[
        "size",
        "plan.toml",
        "--json",
        "old.json",
        "--html",
        "new.html",
    ]);
    let error = run.refused();
    assert_eq!(dir.content(), before, "{plan}");
    match error.strip_prefix("error: plan.toml:") {
        Some(rest) => rest.trim_start().to_owned(),
        None => panic!("{error}"),
    }
}

#[test]
fn fields_of_a_plan() {
    let mut wrong = Vec::new();
    for (plan, error) in [
        // Names.
        (
            "[load]\nrequests_per_minit = 5",
            "2:1: unknown field \"requests_per_minit\" in load; did you mean \"requests_per_minute\"?",
        ),
        (
            "[laod]\nusers = 5",
            "1:2: unknown field \"laod\"; did you mean \"load\"?",
        ),
        (
            "[[type]]\nname = \"a\"",
            "1:3: unknown field \"type\"; did you mean \"types\"?",
        ),
        (
            "[pool]\nonDemandBaseCapacty = 2",
            "2:1: unknown field \"onDemandBaseCapacty\" in pool; did you mean \"onDemandBaseCapacity\"?",
        ),
        (
            "[cache]\nopsper_s = 5",
            "2:1: unknown field \"opsper_s\"; did you mean \"ops_per_s\"?",
        ),
        (
            "[[types]]\nname = \"a\"\nmemory_gib = 4",
            "1:1: types[0].vcpu is missing",
        ),
        (
            "[load]\nunit = \"bytes\"",
            "2:8: load.unit has the unknown value \"bytes\"; valid values: requests, rps",
        ),
        // Kinds of values.
        (
            "[objective]\navailability = \"often\"",
            "2:16: objective.availability is \"often\", must be a share such as 0.2 or \"20%\"",
        ),
        (
            "[objective]\nheadroom = -0.5",
            "2:12: objective.headroom is -0.5, must be a share such as 0.2 or \"20%\"",
        ),
        (
            "[[types]]\nname = \"a\"\nvcpu = 1\nmemory_gib = 1\non_demand = \"cheap\"",
            "5:13: types[0].on_demand is \"cheap\", must be a price an hour, or a mapping with price_per_hour",
        ),
        (
            "[[types]]\nname = \"a\"\nvcpu = 1\nmemory_gib = 1\nspot = { price_per_our = 1 }",
            "5:10: unknown field \"price_per_our\" in types[0].spot; did you mean \"price_per_hour\"?",
        ),
        // Ranges of the load.
        (
            "[load]\nrequests_per_minute = -5",
            "2:23: load.requests_per_minute is -5, must be 0 … 1000000000",
        ),
        (
            "[load]\nrequests_per_minute = nan",
            "2:23: load.requests_per_minute is NaN, must be 0 … 1000000000",
        ),
        (
            "[load]\nusers = 2e9\nrequests_per_user_minute = 1",
            "2:9: load.users is 2000000000, must be 0 … 1000000000",
        ),
        (
            "[load]\nusers = 1e9\nrequests_per_user_minute = 10",
            "1:2: load is 10000000000, must be 0 … 1000000000",
        ),
        (
            "[load]\nusers = 5\nrequests_per_minute = 5",
            "2:9: load.requests_per_minute and load.users exclude each other: give one",
        ),
        (
            "[load]\nusers = 5",
            "2:9: load.requests_per_user_minute is missing: what one user asks for, or think_time (--requests-per-user as a flag)",
        ),
        (
            "[load]\nusers = 5\nthink_time = \"5s\"",
            "3:14: load.response_time is missing: how long a user waits for an answer",
        ),
        (
            "[load]\nusers = 5\nresponse_time = \"5s\"",
            "3:17: load.think_time is missing: how long a user thinks between requests",
        ),
        (
            "[load]\nusers = 5\nquantile = 0.9",
            "3:12: load.quantile is about a trace: none is given",
        ),
        (
            "[load]\nusers = 5\nutc_offset_hours = 2",
            "3:20: load.utc_offset_hours is about a trace: none is given",
        ),
        (
            "[load]\nhourly = [1, 2, 3]",
            "2:1: load.hourly has 3 entries, must have 24 or 168",
        ),
        (
            "[[phases]]\nname = \"a\"\nusers = -1\n[load]\nrequests_per_user_minute = 1",
            "3:9: phases[0].users is -1, must be above 0, at most 1000000000",
        ),
        (
            "[[phases]]\nname = \"a\"\nusers = 0\n[load]\nrequests_per_user_minute = 1",
            "3:9: phases[0].users is 0, must be above 0, at most 1000000000",
        ),
        (
            "[[phases]]\nname = \"a\"\nusers = 1\n[[phases]]\nname = \"a\"\nusers = 2\n[load]\nrequests_per_user_minute = 1",
            "5:8: phases[1].name is a, must be a name, once among the phases",
        ),
        (
            "[[phases]]\nname = \"\"\nusers = 1\n[load]\nrequests_per_user_minute = 1",
            "2:8: phases[0].name is empty, must be a name, once among the phases",
        ),
        (
            "name = \"nothing\"",
            "1:1: load is missing: requests_per_minute, users, trace or hourly in load; phases; endpoints; or a fleet, read_replicas or a cache to size",
        ),
        // Endpoints.
        (
            "[[endpoints]]\nmethod = \"GET\"\npath = \"/\"\np95_ms = 200\nmax_rps = 1000",
            "1:1: endpoints[0].offered_rps is missing: what is asked of it, or a share of the load",
        ),
        (
            "[[endpoints]]\nmethod = \"GET\"\npath = \"/\"\np95_ms = 200\nmax_rps = 1000\nshare = 0.5",
            "6:9: endpoints[0].share is a share of a load that the plan does not give: give load, or offered_rps",
        ),
        (
            "[[endpoints]]\nmethod = \"GET\"\npath = \"/\"\np95_ms = 200\nmax_rps = 0\noffered_rps = 5",
            "5:11: endpoints[0].max_rps is 0, must be above 0, at most 1000000000",
        ),
        (
            "[[endpoints]]\nmethod = \"GET\"\npath = \"/\"\np95_latency = \"200ms\"\nmax_rps = 9\noffered_rps = 5\nallowed_p95_ms = 100",
            "7:18: endpoints[0].allowed_p95_ms is 100, must be at least p95_ms, at which max_rps was measured",
        ),
        (
            "[load]\nrequests_per_minute = 6000\n[[endpoints]]\nmethod = \"GET\"\npath = \"/\"\np95_ms = 200\nmax_rps = 1000\nshare = 0.8",
            "3:3: the endpoints' shares add up to 0.8, must be the whole load, or replica.requests_per_minute must say what one carries of the rest (20 req/s)",
        ),
        (
            "[load]\nrequests_per_minute = 6000\n[[endpoints]]\nmethod = \"GET\"\npath = \"/\"\np95_ms = 200\nmax_rps = 1000\noffered_rps = 70",
            "3:3: the endpoints' loads add up to 70 of 100 req/s, must be the whole load, or replica.requests_per_minute must say what one carries of the rest (30 req/s)",
        ),
        // Objectives.
        (
            "[objective]\navailability = \"100%\"\n[load]\nusers = 1",
            "2:16: objective.availability is 1, must be 0 … 0.999999",
        ),
        (
            "[objective]\nreplica_availability = 0",
            "2:24: objective.replica_availability is 0, must be above 0, at most 1",
        ),
        (
            "[objective]\nheadroom = 101",
            "2:12: objective.headroom is 101, must be 0 … 10: it is a share, 30% is 0.3",
        ),
        (
            "[objective]\nheadroom = 30",
            "2:12: objective.headroom is 30, must be 0 … 10: it is a share, 30% is 0.3",
        ),
        (
            "[objective]\nsurvivor_headroom = \"1001%\"",
            "2:21: objective.survivor_headroom is 10.01, must be 0 … 10: it is a share, 30% is 0.3",
        ),
        (
            "[objective]\nmax_cost_per_month = 0",
            "2:22: objective.max_cost_per_month is 0, must be above 0",
        ),
        (
            "[objective]\nnode_vcpu = -1",
            "2:13: objective.node_vcpu is -1, must be 0 … 1000000",
        ),
        // What stands beside the application.
        (
            "[read_replicas]\nreads_per_s = 5",
            "1:1: read_replicas.reads_per_replica is missing",
        ),
        (
            "[read_replicas]\nreads_per_s = 5\nreads_per_replica = -1",
            "3:21: read_replicas.reads_per_replica is -1, must be a finite number > 0",
        ),
        (
            "[read_replicas]\nreads_per_s = -5\nreads_per_replica = 1",
            "2:15: read_replicas.reads_per_s is -5, must be 0 … 1000000000000",
        ),
        (
            "[cache]\nmemory_gib = 5",
            "2:14: cache.node_memory_gib is missing: memory of a node",
        ),
        (
            "[cache]\nmin_nodes = 3",
            "1:2: cache.memory_gib is missing: that, ops_per_s or latency_ms",
        ),
    ] {
        let found = refusal(plan);
        if found != error {
            wrong.push((found, error));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn instances_of_a_plan() {
    for (more, error) in [
        (
            "[pool]\nminSize = 5\nmaxSize = 3",
            "pool.min_size is 5, must be at most max_size (3)",
        ),
        (
            "[pool]\nmax_size = 0",
            "pool.max_size is 0, must be 1 … 65535",
        ),
        (
            "[pool]\nspotInstancePools = 0",
            "pool.spot_instance_pools is 0, must be 1 … 20",
        ),
        (
            "[pool.instancesDistribution]\nonDemandPercentageAboveBaseCapacity = 101",
            "pool.on_demand_percentage_above_base_capacity is 101, must be 0 … 100",
        ),
        (
            "[pool]\ninstanceTypes = [\"small\", \"huge\"]",
            "pool.instance_types[1] is huge, must be the name of a type in the table",
        ),
        (
            "[pool]\ninstance_types = []",
            "pool.instance_types is empty, must name at least one type",
        ),
        (
            "[pool]\npurchase_options = []",
            "pool.purchase_options is missing: at least one of on_demand, reserved, spot",
        ),
        (
            "[settings]\nworkers_per_vcpu = 0",
            "settings.workers_per_vcpu is 0, must be above 0, at most 1000",
        ),
        (
            "[right_sizing]\ncpu_utilization = 2",
            "right_sizing.cpu_utilization is 2, must be 0.01 … 1",
        ),
        (
            "[[fleet]]\ninstance = \"huge\"\noption = \"spot\"\ncount = 3\ncpu_utilization = 0.5\nmemory_utilization = 0.5",
            "fleet[0].instance is huge, must be the name of a type in the table",
        ),
        (
            "[[fleet]]\ninstance = \"small\"\noption = \"on_demand\"\ncount = 3\ncpu_utilization = 1.5\nmemory_utilization = 0.5",
            "fleet[0].cpu_utilization is 1.5, must be 0 … 1",
        ),
        (
            "[[types]]\nname = \"small\"\nvcpu = 1\nmemory_gib = 1\nrequests_per_minute = 1",
            "types[2].name is small, must be once in the table",
        ),
        (
            "[[types]]\nname = \"c\"\nvcpu = 0\nmemory_gib = 1\nrequests_per_minute = 1",
            "types[2].vcpu is 0, must be 0.001 … 1000000",
        ),
        (
            "[[types]]\nname = \"c\"\nvcpu = 1\nmemory_gib = 1\nrequests_per_minute = 1\non_demand = 0",
            "types[2].on_demand.price_per_hour is 0, must be above 0, at most 10000",
        ),
        (
            "[[types]]\nname = \"c\"\nvcpu = 1\nmemory_gib = 1",
            "types[2].requests_per_minute is missing: what c carries, or in replica what one takes (vcpu, memory_gib)",
        ),
    ] {
        let plan = format!("[load]\nrequests_per_minute = 1000\n{TYPES}\n{more}\n");
        let found = refusal(&plan);
        let (place, message) = found.split_once(": ").unwrap();
        assert_eq!(message, error, "{more}");
        // The line is within what was added.
        let line: usize = place.split(':').next().unwrap().parse().unwrap();
        let first = plan
            .find(more)
            .map(|at| plan[..at].lines().count())
            .unwrap();
        assert!(line > first, "{more}: line {line}, not after {first}");
    }
    let off_peak = format!(
        "[load]\nhourly = {:?}\n[off_peak]\nmax_blocks = 0\n{TYPES}",
        [5; 24]
    );
    assert_eq!(
        refusal(&off_peak),
        "4:14: off_peak.max_blocks is 0, must be 1 … 24"
    );
    let own = "[load]\nrequests_per_minute = 5\n";
    assert_eq!(
        refusal(own),
        "1:1: types is missing: instance types with what each carries; or replica.requests_per_minute"
    );
    let endpoint =
        "[[endpoints]]\nmethod = \"GET\"\npath = \"/\"\np95_ms = 1\nmax_rps = 1\noffered_rps = 1\n";
    assert_eq!(
        refusal(&format!("{endpoint}{TYPES}")),
        "1:1: replica is missing: what of a node one takes (vcpu, memory_gib or requests_per_minute)"
    );
}

#[test]
fn files() {
    let dir = Dir::new()
        .with("types.toml", TYPES)
        .with("empty.toml", "")
        .with("two.yaml", "load: {users: 1}\n---\nload: {users: 2}\n")
        .with(
            "plan.yaml",
            "table: types.toml\nload:\n  users: 5\n  reqests_per_user_minute: 5\n",
        )
        .with("gone.toml", "table = \"nowhere.toml\"\n")
        .with("both.toml", format!("table = \"types.toml\"\n{TYPES}"))
        .with("plan.txt", "")
        .with("bad.csv", "timestamp,value\n0,1\n60,x\n")
        .with("t.csv", trace([600; 60]))
        .with("trace.toml", "[load]\ntrace = \"nowhere.csv\"\n")
        .with("loads.toml", format!("[load]\nusers = 5\n{TYPES}"));
    for (args, error) in [
        (
            &["plan.txt"][..],
            "plan.txt: must end in .toml, .yaml, .yml or .json",
        ),
        (
            &["missing.toml"],
            "missing.toml: cannot be read: No such file or directory (os error 2)",
        ),
        (&["two.yaml"], "two.yaml: holds 2 documents, must hold 1"),
        (
            &["plan.yaml"],
            "plan.yaml:4:3: unknown field \"reqests_per_user_minute\" in load; did you mean \"requests_per_user_minute\"?",
        ),
        (
            &["gone.toml"],
            "gone.toml:1:9: table: nowhere.toml: cannot be read: No such file or directory (os error 2)",
        ),
        (
            &["both.toml"],
            "both.toml:1:9: table and types exclude each other: give one",
        ),
        (
            &["trace.toml"],
            "trace.toml:2:9: load.trace: nowhere.csv: cannot be read: No such file or directory (os error 2)",
        ),
        (
            &["bad.csv"],
            "bad.csv:3: value is \"x\", must be a number from 0 to 1e15",
        ),
        (
            &["--load", "5/m", "--types", "empty.toml"],
            "empty.toml:1:1: types is missing: at least one instance type",
        ),
        (
            &["--load", "5/m", "--types", "loads.toml"],
            "loads.toml:1:2: unknown field \"load\"; valid fields: types, currency, prices_made_up",
        ),
        (
            &["t.csv", "--load", "5/m"],
            "command line: the trace and --load or --users exclude each other: give one",
        ),
        (
            &["--load", "5/m", "--quantile", "99%"],
            "command line: --quantile and --unit are about a trace: none is given",
        ),
        (
            &["--users", "5"],
            "command line: load.requests_per_user_minute is missing: what one user asks for, or think_time (--requests-per-user as a flag)",
        ),
        (
            &["--types", "types.toml"],
            "command line: load is missing: requests_per_minute, users, trace or hourly in load; phases; endpoints; or a fleet, read_replicas or a cache to size",
        ),
        (
            &["loads.toml", "--json", "loads.toml"],
            "loads.toml: the plan and --json are the same file, must be different ones",
        ),
    ] {
        let before = dir.content();
        let found = dir.run(&[&["size"], args].concat()).refused();
        assert_eq!(found, format!("error: {error}"), "{args:?}");
        assert_eq!(dir.content(), before, "{args:?}");
    }
}

#[test]
fn flags() {
    let dir = Dir::new();
    for (args, word) in [
        (
            &["--load", "12000"][..],
            "must be a rate such as 12000/m or 200/s",
        ),
        (&["--load", "NaN/s"], "must be a rate"),
        (&["--load", "5/m", "--users", "5"], "cannot be used with"),
        (&["--users", "0"], "must be a number > 0"),
        (
            &["--headroom", "30"],
            "must be at most 10 (1000%): it is a share, 30% is 0.3",
        ),
        (&["--headroom=-1%"], "must be a share such as 0.2 or 20%"),
        (&["--availability", "100%"], "must be at most 0.999999"),
        (&["--quantile", "0"], "must be more than 0 and at most 1"),
        (&["--spot", "--no-spot"], "cannot be used with"),
        (&["--unit", "bytes"], "possible values: requests, rps"),
    ] {
        let run = dir.run(&[&["size"], args].concat());
        assert_eq!((run.code, run.stdout.as_str()), (Some(2), ""), "{args:?}");
        assert!(run.stderr.contains(word), "{args:?}: {}", run.stderr);
    }
}
