//! Whatever a manifest says, it is refused or makes an HPA; what it says comes back as it was.
#![no_main]

use autoscale_core::Hpa;
use autoscale_core::manifest::HorizontalPodAutoscaler;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(manifest) = serde_json::from_str::<HorizontalPodAutoscaler>(text) else {
        return;
    };
    if let Ok(config) = manifest.config() {
        Hpa::new(config).expect("a manifest that was accepted");
    }
    let written = serde_json::to_string(&manifest).expect("a manifest can be written");
    let read: HorizontalPodAutoscaler = serde_json::from_str(&written).expect("and read back");
    assert_eq!(read, manifest);
});
