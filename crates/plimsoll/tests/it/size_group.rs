//! `plimsoll size`: groups of nodes in eksctl's words.

use serde_json::{Value, json};

use crate::Dir;
use crate::size::{TYPES, answer, asked};

fn fields<'a>(of: &'a Value, names: &[&str]) -> Vec<&'a Value> {
    names.iter().map(|name| &of[*name]).collect()
}

/// The nodes of an answer by their offers, and its notes that are not about the objective.
fn nodes_and_notes(report: &Value) -> (Vec<(String, u64)>, Vec<&str>) {
    let nodes = report["instances"]["nodes"].as_array().unwrap();
    let nodes = nodes.iter().map(|n| {
        let name = n["instance"].as_str().unwrap();
        let option = n["option"].as_str().unwrap();
        (format!("{name} {option}"), n["count"].as_u64().unwrap())
    });
    let notes = report["notes"].as_array().unwrap().iter();
    let notes = notes.map(|note| note.as_str().unwrap());
    let notes = notes.filter(|note| !note.contains("availability") && !note.contains("headroom"));
    (nodes.collect(), notes.collect())
}

#[test]
fn a_group_in_eksctls_words_is_the_same_group() {
    let ours = "min_size = 3\nmax_size = 20\ninstance_types = [\"large\"]\n\
                on_demand_base_capacity = 2\non_demand_percentage_above_base_capacity = 0\n\
                spot_instance_pools = 2\n";
    let eksctl = "minSize = 3\nmaxSize = 20\n[pool.instancesDistribution]\n\
                  instanceTypes = [\"large\"]\nonDemandBaseCapacity = 2\n\
                  onDemandPercentageAboveBaseCapacity = 0\nspotInstancePools = 2\n";
    let of = |pool: &str| {
        answer(&format!(
            "[load]\nrequests_per_minute = 900\n[pool]\n{pool}{TYPES}"
        ))
    };
    let report = of(ours);
    assert_eq!(report, of(eksctl));
    // Three nodes: two of them reserved, the rest spot.
    let nodes = report["instances"]["nodes"].as_array().unwrap();
    let counts: Vec<Vec<&Value>> = nodes
        .iter()
        .map(|n| fields(n, &["option", "count"]))
        .collect();
    assert_eq!(json!(counts), json!([["reserved", 2], ["spot", 1]]));
    assert_eq!(report["types"].as_array().unwrap().len(), 1);
}

#[test]
fn what_a_distribution_does_not_say_is_as_at_aws() {
    let note = "onDemandPercentageAboveBaseCapacity is not given: 100, as at AWS: no spot nodes";
    let steady = [("large reserved".to_owned(), 3)];
    let mixed = [
        ("large reserved".to_owned(), 2),
        ("large spot".to_owned(), 1),
    ];
    for (pool, nodes, notes) in [
        // Ours: whichever is cheapest.
        ("on_demand_base_capacity = 2\n", &mixed[..], &[][..]),
        ("minSize = 1\n", &mixed, &[]),
        // eksctl's: none above the base.
        ("onDemandBaseCapacity = 2\n", &steady, &[note]),
        ("[pool.instancesDistribution]\n", &steady, &[note]),
        (
            "[pool.instancesDistribution]\nonDemandBaseCapacity = 2\n",
            &steady,
            &[note],
        ),
        (
            "[pool.instancesDistribution]\nonDemandBaseCapacity = 2\n\
             onDemandPercentageAboveBaseCapacity = 0\n",
            &mixed,
            &[],
        ),
    ] {
        let plan = format!("[load]\nrequests_per_minute = 1000\n[pool]\n{pool}{TYPES}")
            .replace("on_demand = 0.10", "on_demand = 0.30");
        let report = answer(&plan);
        assert_eq!(
            nodes_and_notes(&report),
            (nodes.to_vec(), notes.to_vec()),
            "{pool}"
        );
        // Asked for by name, there are spot nodes.
        let dir = Dir::new().with("plan.toml", plan);
        let report = asked(&dir, &["plan.toml", "--spot"]);
        assert_eq!(nodes_and_notes(&report), (mixed.to_vec(), vec![]), "{pool}");
    }
}

/// As a scaling guide has it.
const CLUSTER: &str = r#"apiVersion: eksctl.io/v1alpha5
kind: ClusterConfig
metadata:
  name: ara-cluster
nodeGroups:
  - name: spot-workers
    instancesDistribution:
      instanceTypes: ["t3.large", "t3.xlarge"]
      onDemandBaseCapacity: 2
      onDemandPercentageAboveBaseCapacity: 0
      spotInstancePools: 2
    minSize: 3
    maxSize: 20
"#;

#[test]
fn a_cluster_is_read_as_it_is() {
    let plan = "pool:\n  minSize: 3\n  maxSize: 20\n  instancesDistribution:\n    \
                instanceTypes: [t3.large, t3.xlarge]\n    onDemandBaseCapacity: 2\n    \
                onDemandPercentageAboveBaseCapacity: 0\n    spotInstancePools: 2\n";
    let types = include_str!("../../data/size/types.toml");
    let dir = Dir::new()
        .with("cluster.yaml", CLUSTER)
        .with("types.toml", types)
        .with("plan.yaml", format!("table: types.toml\n{plan}"));
    let flags = ["--load", "1000/m", "--headroom", "20%"];
    let mut cluster = asked(&dir, &[&["cluster.yaml"], &flags[..]].concat());
    let mut plan = asked(&dir, &[&["plan.yaml"], &flags[..]].concat());
    assert_eq!(
        cluster["notes"][0],
        "node group spot-workers of cluster.yaml"
    );
    for report in [&mut cluster, &mut plan] {
        for field in ["plan", "command", "notes"] {
            report[field] = Value::Null;
        }
    }
    assert_eq!(cluster, plan);
    // Two on-demand nodes, the rest spot.
    let options = cluster["instances"]["nodes"].as_array().unwrap();
    let counts: Vec<Vec<&Value>> = options
        .iter()
        .map(|n| fields(n, &["option", "count"]))
        .collect();
    assert_eq!(
        json!(counts),
        json!([["spot", 1], ["reserved", 2], ["spot", 1]])
    );
}

const GROUPS: &str = r#"kind: ClusterConfig
nodeGroups:
  - name: mixed
    maxSize: 9
    instancesDistribution:
      instanceTypes: [small, large]
      maxPrice: 0.2
      spotAllocationStrategy: capacity-optimized
      onDemandPercentageAboveBaseCapacity: 50
  - {name: plain, instanceType: large, maxSize: 9, labels: {a: b}}
managedNodeGroups:
  - name: spot
    instanceTypes: [large]
    spot: true
    desiredCapacity: 3
  - {name: any, maxSize: 9, launchTemplate: {id: lt-1}}
"#;

#[test]
fn one_group_of_several_is_named() {
    let second = TYPES
        .replace("small", "other")
        .replace("on_demand = 0.10", "spot = 0.01");
    let second = second
        .split("[[types]]")
        .nth(1)
        .map(|one| format!("[[types]]{one}"));
    let types = format!("{TYPES}{}", second.unwrap());
    let dir = Dir::new().with("c.yaml", GROUPS).with("types.toml", types);
    let of = |group: &str, load: &str| {
        let args = [
            "c.yaml",
            "--load",
            load,
            "--types",
            "types.toml",
            "--node-group",
            group,
        ];
        asked(&dir, &args)
    };
    let node = |name: &str, count: u64| (name.to_owned(), count);
    for (group, load, nodes, notes) in [
        (
            // 1200: half of three nodes, rounded up, is not spot.
            "mixed",
            "1000/m",
            vec![node("large reserved", 2), node("large spot", 1)],
            &[
                "node group mixed of c.yaml",
                "c.yaml:7: maxPrice is not followed: spot nodes are taken at the table's price",
                "c.yaml:8: spotAllocationStrategy is not followed: spot nodes are of the cheapest pools",
            ][..],
        ),
        (
            "plain",
            "1000/m",
            vec![node("large reserved", 3)],
            &["node group plain of c.yaml"],
        ),
        (
            "any",
            "1000/m",
            vec![node("small on_demand", 2), node("large reserved", 2)],
            &[
                "node group any of c.yaml",
                "c.yaml:16: launchTemplate is not followed: its types are those of the table, all of them",
                "no instance type is named: all types of the table",
            ],
        ),
    ] {
        let report = of(group, load);
        assert_eq!(nodes_and_notes(&report), (nodes, notes.to_vec()), "{group}");
    }
    // Spot nodes of one type may all be lost at once: no mix will do.
    let report = of("spot", "1000/m");
    assert_eq!(report["instances"], Value::Null);
    assert_eq!(report["bars"][0]["met"], false);
    let notes = report["notes"].as_array().unwrap();
    for note in [
        "c.yaml:15: desiredCapacity is not followed: it is where the group starts, not how many it needs",
        "maxSize is not given: any number of nodes",
    ] {
        assert!(notes.contains(&json!(note)), "{notes:?}");
    }
    assert_eq!(
        report["command"],
        "plimsoll size c.yaml --load 1000/m --types types.toml --node-group spot"
    );
}

#[test]
fn what_of_a_cluster_cannot_be_used_is_refused() {
    let load = ["--load", "1000/m"];
    let cluster = |groups: &str| format!("kind: ClusterConfig\n{groups}");
    for (text, args, error) in [
        (
            CLUSTER.to_owned(),
            &[][..],
            "is a ClusterConfig, it says which nodes there may be: what they are to carry is missing, give --load or --users",
        ),
        (
            GROUPS.to_owned(),
            &load,
            "10:5: holds 4 node groups (mixed, plain, spot, any): name one with --node-group",
        ),
        (
            CLUSTER.to_owned(),
            &["--load", "1000/m", "--node-group", "x"],
            "--node-group is x, must be one of spot-workers",
        ),
        (
            cluster("nodeGroups: []"),
            &load,
            "nodeGroups is missing: that or managedNodeGroups, with a group",
        ),
        (
            cluster("nodeGroups: 5"),
            &load,
            "2:13: nodeGroups must be a list",
        ),
        (
            cluster("nodeGroups:\n  - minSize: 1"),
            &load,
            "3:5: nodeGroups[0].name is missing",
        ),
        (
            CLUSTER.replace("onDemandBaseCapacity", "onDemandBaseCapacty"),
            &load,
            "9:7: unknown field \"onDemandBaseCapacty\" in instancesDistribution; did you mean \"onDemandBaseCapacity\"?",
        ),
        (
            CLUSTER.replace("maxSize: 20", "maxSize: 2"),
            &load,
            "12:14: pool.min_size is 3, must be at most max_size (2)",
        ),
        (
            CLUSTER.replace("t3.xlarge", "m5.large"),
            &load,
            "8:35: pool.instance_types[1] is m5.large, must be the name of a type in the table",
        ),
        (
            cluster("managedNodeGroups:\n  - {name: a, spot: 5}"),
            &load,
            "3:21: spot must be true or false",
        ),
        (
            cluster("nodeGroups:\n  - {name: a, spot: true}"),
            &load,
            "3:15: spot is of managedNodeGroups, a group of nodeGroups has instancesDistribution",
        ),
        (
            cluster("managedNodeGroups:\n  - {name: a, instancesDistribution: {}}"),
            &load,
            "3:15: instancesDistribution is of nodeGroups, a managed group has spot",
        ),
    ] {
        let dir = Dir::new().with("c.yaml", &text);
        let found = dir.run(&[&["size", "c.yaml"], args].concat()).refused();
        let found = found.strip_prefix("error: c.yaml:").map(str::trim_start);
        assert_eq!(found, Some(error), "{text}");
    }
    let none = Dir::new().run(&["size", "--load", "5/m", "--node-group", "a"]);
    assert_eq!(
        none.refused(),
        "error: command line: --node-group is about an eksctl ClusterConfig: none is given"
    );
}
