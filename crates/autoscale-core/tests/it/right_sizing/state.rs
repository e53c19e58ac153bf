use autoscale_core::{Resources, RightSizing, RightSizingSnapshot, VerticalDecision};

use super::{Container, MIB, config, noise};

fn use_at(minute: u64) -> (f64, f64) {
    let level = if minute % 3000 < 400 { 2.0 } else { 1.0 };
    let bytes = (500.0 + 0.3 * (minute % 2000) as f64) * MIB as f64;
    (level * noise(minute), bytes)
}

fn go_on(container: &mut Container, minutes: u64) -> Vec<VerticalDecision> {
    (0..minutes)
        .map(|_| {
            let (cores, bytes) = use_at(container.minute);
            container.see(Some(cores), Some(bytes)).clone()
        })
        .collect()
}

#[test]
fn a_snapshot_goes_on_bit_for_bit() {
    let mut running = Container::new(config(), Resources::new(1000, 600 * MIB));
    go_on(&mut running, 3 * 1440 + 7);
    let text = serde_json::to_string(&running.sizer).unwrap();
    let mut restored = Container {
        sizer: serde_json::from_str(&text).unwrap(),
        last: running.last.clone(),
        ..running
    };
    assert_eq!(restored.sizer, running.sizer);
    let mut running = Container {
        sizer: running.sizer,
        ..restored.copy()
    };
    assert_eq!(go_on(&mut running, 3000), go_on(&mut restored, 3000));
    assert!(running.resizes > 1);
}

impl Container {
    fn copy(&self) -> Self {
        Self {
            sizer: self.sizer.clone(),
            last: self.last.clone(),
            ..*self
        }
    }
}

#[test]
fn a_state_that_cannot_be_is_refused() {
    let mut running = Container::new(config(), Resources::new(1000, 600 * MIB));
    go_on(&mut running, 100);
    let good = serde_json::to_value(RightSizingSnapshot::from(running.sizer)).unwrap();
    assert!(serde_json::from_value::<RightSizing>(good.clone()).is_ok());
    for (path, value) in [
        ("/state/cpu/levels/weights", serde_json::json!([])),
        ("/state/cpu/levels/weights/3/1", serde_json::json!(-1.0)),
        ("/state/cpu/followed", serde_json::json!(3)),
        ("/state/cpu/shadows/0/log_price", serde_json::json!(99.0)),
        ("/state/cpu/shadows/1/record/slack", serde_json::json!(-1.0)),
        ("/state/memory/highest/0", serde_json::json!(-1.0)),
        ("/state/memory/hours/1", serde_json::json!(-1.0)),
        ("/state/memory/rise", serde_json::json!(0.2)),
        (
            "/state/memory/shadows/2/budget/left",
            serde_json::json!(5.0),
        ),
        ("/state/memory/growth/step", serde_json::json!(-1.0)),
        ("/state/memory", serde_json::Value::Null),
        ("/state/budget/left", serde_json::json!(-5.0)),
    ] {
        let mut bad = good.clone();
        *bad.pointer_mut(path).unwrap() = value;
        assert!(
            serde_json::from_value::<RightSizing>(bad).is_err(),
            "{path}"
        );
    }
}
