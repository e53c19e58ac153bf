/// A policy from its snapshot and back: both are a `config` and a `state`. `$fit`, where a state has
/// parts of the configuration's size, gives a state that was read back that size.
macro_rules! snapshot {
    ($policy:ident, $snapshot:ident $(, $fit:expr)?) => {
        impl From<$policy> for $snapshot {
            fn from(policy: $policy) -> Self {
                Self {
                    config: policy.config,
                    state: policy.state,
                }
            }
        }

        impl TryFrom<$snapshot> for $policy {
            type Error = ConfigError;

            fn try_from(snapshot: $snapshot) -> Result<Self, ConfigError> {
                let mut policy = Self::new(snapshot.config)?;
                policy.state = snapshot.state;
                $(
                    let fit: fn(&mut Self) = $fit;
                    fit(&mut policy);
                )?
                Ok(policy)
            }
        }
    };
}
pub(crate) use snapshot;
