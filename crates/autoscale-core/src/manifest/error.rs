/// Why a manifest was refused. Each message names the field's path, the value and the bound.
///
/// ```
/// use autoscale_core::manifest::HorizontalPodAutoscaler;
/// # let text = r#"{
/// #     "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
/// #     "metadata": {"name": "api"},
/// #     "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "api"}, "maxReplicas": 9}
/// # }"#;
/// let mut manifest: HorizontalPodAutoscaler = serde_json::from_str(text)?;
/// manifest.spec.min_replicas = Some(12);
/// let message = manifest.config().err().map(|error| error.to_string());
/// let expected = "spec.minReplicas is 12, must be at most spec.maxReplicas (9)";
/// assert_eq!(message.as_deref(), Some(expected));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// A value is outside its range or not one of those allowed.
    #[error("{path} is {value}, must be {bound}")]
    OutOfRange {
        /// Path of the field, for example `spec.behavior.scaleUp.policies[0].value`.
        path: String,
        /// The value given.
        value: String,
        /// What is allowed.
        bound: &'static str,
    },
    /// A field that is needed is not there.
    #[error("{path} is missing: {need}")]
    Missing {
        /// Path of the field.
        path: String,
        /// Why it is needed.
        need: String,
    },
    /// A field is there that must not be.
    #[error("{path} must not be given: {why}")]
    Forbidden {
        /// Path of the field.
        path: String,
        /// What forbids it.
        why: String,
    },
    /// Two fields contradict each other.
    #[error("{path} is {value}, must be {relation} {other} ({other_value})")]
    Inconsistent {
        /// Path of the field.
        path: String,
        /// The value given.
        value: String,
        /// The relation that must hold, such as "at most".
        relation: &'static str,
        /// Path of the other field.
        other: &'static str,
        /// The other field's value.
        other_value: String,
    },
}

impl ManifestError {
    /// The path of the field that the error is about, from the document's root.
    ///
    /// ```
    /// use autoscale_core::manifest::ManifestError;
    /// let error = ManifestError::OutOfRange {
    ///     path: "spec.maxReplicas".into(),
    ///     value: "0".into(),
    ///     bound: "at least 1",
    /// };
    /// assert_eq!(error.path(), "spec.maxReplicas");
    /// assert_eq!(error.to_string(), "spec.maxReplicas is 0, must be at least 1");
    /// ```
    #[must_use]
    pub fn path(&self) -> &str {
        match self {
            Self::OutOfRange { path, .. }
            | Self::Missing { path, .. }
            | Self::Forbidden { path, .. }
            | Self::Inconsistent { path, .. } => path,
        }
    }

    pub(super) fn range(
        path: impl Into<String>,
        value: impl ToString,
        bound: &'static str,
    ) -> Self {
        Self::OutOfRange {
            path: path.into(),
            value: value.to_string(),
            bound,
        }
    }
}
