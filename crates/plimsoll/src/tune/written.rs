//! The text that is written for a tuned manifest.

use std::path::Path;

use autoscale_core::manifest::HorizontalPodAutoscaler;
use serde_json::Value;

use super::{Tuning, edit, show, yaml};
use crate::input_error::InputError;
use crate::policy_file;

/// The file's own text with the tuned values in it, or, where that is not safe, the manifest written
/// anew, with a note that says so. Either says what the setting says when it is read again.
pub(super) fn text(
    file: &Path,
    source: &str,
    given: &HorizontalPodAutoscaler,
    tuned: &HorizontalPodAutoscaler,
    tuning: &mut Tuning,
) -> Result<String, InputError> {
    let says_so =
        |text: &str| policy_file::manifest_of(file, text).is_ok_and(|(read, _)| read == *tuned);
    let values = (value(given)?, value(tuned)?);
    let edited = match edit::edited(source, &values.0, &values.1) {
        Ok(text) if says_so(&text) => return Ok(text),
        Ok(_) => "the edited text did not say what the setting says",
        Err(why) => why,
    };
    tuning.notes.push(format!(
        "the manifest is written anew, without comments and in the order of its keys: {edited}"
    ));
    let text = yaml::document(tuned, &show::summary(tuning))?;
    match says_so(&text) {
        true => Ok(text),
        false => {
            let message = "the tuned manifest cannot be written: read again it says something else";
            Err(InputError::new(file, None, message))
        }
    }
}

fn value(manifest: &HorizontalPodAutoscaler) -> Result<Value, InputError> {
    serde_json::to_value(manifest).map_err(|e| InputError::new("manifest", None, e.to_string()))
}
