use super::*;

#[test]
fn wrong_values_are_named_with_line_and_path() {
    for (from, to, message) in [
        (
            "maxReplicas: 10",
            "maxReplicas: \"ten\"",
            "11:16: spec.maxReplicas is \"ten\", must be a whole number",
        ),
        (
            "maxReplicas: 10",
            "maxReplicas: 5000000000",
            "11:16: spec.maxReplicas is 5000000000, must be a whole number from -2147483648 to \
             2147483647",
        ),
        (
            "maxReplicas: 10",
            "maxReplicas: [10]",
            "11:3: spec.maxReplicas is a list, must be a whole number",
        ),
        (
            "  maxReplicas: 10\n",
            "",
            "5:1: spec.maxReplicas is missing",
        ),
        (
            "maxReplicas: 10",
            "maxReplicas: 0",
            "11:16: spec.maxReplicas is 0, must be at least 1",
        ),
        (
            "minReplicas: 2",
            "minReplicas: 12",
            "10:16: spec.minReplicas is 12, must be at most spec.maxReplicas (10)",
        ),
        (
            "name: web\nspec",
            "name: 5\nspec",
            "4:9: metadata.name is 5, must be a string in quotes",
        ),
        (
            "  name: web\nspec",
            "spec",
            "3:1: metadata is empty, must be a mapping",
        ),
        (
            "averageValue: 1e3",
            "averageValue: 10 m",
            "19:25: spec.metrics[0].pods.target.averageValue: \"10 m\" is not a quantity: write a \
             number with one of the suffixes n, u, m, k, M, G, T, P, E, Ki, Mi, Gi, Ti, Pi, Ei, an \
             exponent such as e3, or none",
        ),
        (
            "averageValue: 1e3",
            "averageValue: 0",
            "19:25: spec.metrics[0].pods.target.averageValue is 0, must be greater than 0",
        ),
        (
            "          averageValue: 1e3\n",
            "",
            "17:9: spec.metrics[0].pods.target.averageValue is missing: \
             spec.metrics[0].pods.target.type is AverageValue",
        ),
        (
            "type: Pods",
            "type: Podz",
            "13:13: spec.metrics[0].type has the unknown value \"Podz\"; did you mean \"Pods\"?",
        ),
        (
            "type: AverageValue",
            "type: Mean",
            "18:17: spec.metrics[0].pods.target.type has the unknown value \"Mean\"; valid values: \
             Utilization, AverageValue, Value",
        ),
        (
            "  metrics:",
            "  behavior:\n    scaleUp:\n      policies:\n        - {type: Pods, value: 1, \
             periodSeconds: 9000}\n  metrics:",
            "15:49: spec.behavior.scaleUp.policies[0].periodSeconds is 9000, must be 1 … 1800",
        ),
        (
            "  minReplicas: 2",
            "  minReplicas: !x 2",
            "10:16: tag !x is not supported",
        ),
    ] {
        assert_eq!(broken(from, to), format!("web.yaml:{message}"));
    }
}

#[test]
fn files_that_are_not_yaml_are_refused_with_their_line() {
    assert_eq!(
        broken("  maxReplicas: 10", "  minReplicas: 10"),
        "web.yaml:11:3: key \"minReplicas\" is given twice"
    );
    assert_eq!(
        broken("  minReplicas", "\tminReplicas"),
        "web.yaml:10:1: not valid YAML: a tab in the indentation, use spaces"
    );
    let open = broken("name: web\nspec", "name: \"web\nspec");
    assert!(
        open.starts_with("web.yaml:") && open.contains("not valid YAML"),
        "{open}"
    );
    let colon = broken("kind: Deployment", "kind: a: b");
    assert!(
        colon.starts_with("web.yaml:8:") && colon.contains("not valid YAML"),
        "{colon}"
    );
    for empty in ["", "---\n", "# nothing\n", "---\n---\n"] {
        assert_eq!(
            error_of("empty.yaml", empty),
            "empty.yaml: holds no HorizontalPodAutoscaler"
        );
    }
    assert_eq!(
        error_of("a.yaml", "just text\n"),
        "a.yaml:1:1: the file is \"just text\", must be a mapping"
    );
    assert_eq!(
        error_of("a.yaml", b"a: 1\nb: \xff\n"),
        "a.yaml:2: not valid UTF-8"
    );
    assert_eq!(
        error_of("a.yaml", "#".repeat(1 << 20) + "\n"),
        "a.yaml: larger than 1 MiB"
    );
    assert_eq!(
        error_of("a.txt", ""),
        "a.txt: a policy file ends in .yaml, .yml, .json, .tf or .toml"
    );
    let missing = load(Path::new("tests/manifests/none.yaml"))
        .unwrap_err()
        .to_string();
    assert!(
        missing.starts_with("tests/manifests/none.yaml: cannot be read: "),
        "{missing}"
    );
}

#[test]
fn deep_nesting_is_refused() {
    for text in [
        "- ".repeat(100_000),
        "? ".repeat(100_000),
        "[".repeat(100_000),
        "[".repeat(100) + &"]".repeat(100),
        "- ".repeat(100) + "a",
    ] {
        let error = error_of("deep.yaml", text);
        assert!(error.starts_with("deep.yaml:1:"), "{error}");
    }
    let deep = format!("kind = \"fixed\"\nx = {}{}", "[".repeat(75), "]".repeat(75));
    let error = error_of("deep.toml", deep);
    assert!(error.starts_with("deep.toml:2:"), "{error}");
}
