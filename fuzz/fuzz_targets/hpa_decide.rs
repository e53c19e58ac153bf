//! Any accepted configuration on any run of observations: no panic, bounds kept, no data no change.
#![no_main]

use autoscale_core::{Decision, Hpa, Kpa, Policy};
use libfuzzer_sys::fuzz_target;

#[path = "../../crates/autoscale-core/tests/it/decode.rs"]
#[allow(dead_code)] // shared with the property tests
mod decode;

use decode::Bytes;

fuzz_target!(|data: &[u8]| {
    let mut bytes = Bytes::new(data);
    let mut hpa = Hpa::new(bytes.hpa_config()).expect("an accepted configuration");
    let mut kpa = Kpa::new(bytes.kpa_config()).expect("an accepted configuration");
    let mut out = Decision::default();
    let mut spec = bytes.u32();
    for _ in 0..8 {
        let now = bytes.duration();
        let seen = bytes.observation(spec);
        kpa.decide_into(now, &seen, &mut out);
        assert!(!out.blind || out.replicas == spec, "{out:?}");
        hpa.decide_into(now, &seen, &mut out);
        assert!(!out.blind || out.replicas == spec, "{out:?}");
        let config = hpa.config();
        let bounds = config.min_replicas..=config.max_replicas;
        let at_zero = out.replicas == 0 && spec == 0;
        assert!(
            bounds.contains(&out.replicas) || at_zero,
            "{out:?} of {bounds:?}"
        );
        spec = if bytes.byte().is_multiple_of(8) {
            bytes.u32()
        } else {
            out.replicas
        };
    }
});
