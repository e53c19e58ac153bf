use core::time::Duration;

use crate::ConfigError;

pub(crate) fn check_warm_up(warm_up: Duration) -> Result<(), ConfigError> {
    if warm_up > Duration::from_secs(3600) {
        let given = crate::format_duration(warm_up);
        return Err(ConfigError::range("warm_up", given, "0 … 1h"));
    }
    Ok(())
}
