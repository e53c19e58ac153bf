use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, de};

/// An object's metadata. What the user writes is kept; what the API server adds is accepted and
/// dropped.
///
/// ```
/// use autoscale_core::manifest::ObjectMeta;
/// let meta: ObjectMeta =
///     serde_json::from_str(r#"{"name": "api", "labels": {"tier": "web"}, "uid": "4f2c"}"#)?;
/// assert_eq!(meta.name, "api");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct ObjectMeta {
    /// Name; required here, since policies are told apart by it.
    pub name: String,
    /// Prefix of a name that the server would make up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generate_name: Option<String>,
    /// Namespace; `None` is the caller's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Labels.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub labels: BTreeMap<String, String>,
    /// Annotations.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub annotations: BTreeMap<String, String>,
    /// Owners.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub owner_references: Vec<OwnerReference>,
    /// Finalizers.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub finalizers: Vec<String>,
    #[serde(default, skip_serializing)]
    uid: Ignored,
    #[serde(default, skip_serializing)]
    resource_version: Ignored,
    #[serde(default, skip_serializing)]
    generation: Ignored,
    #[serde(default, skip_serializing)]
    creation_timestamp: Ignored,
    #[serde(default, skip_serializing)]
    deletion_timestamp: Ignored,
    #[serde(default, skip_serializing)]
    deletion_grace_period_seconds: Ignored,
    #[serde(default, skip_serializing)]
    self_link: Ignored,
    #[serde(default, skip_serializing)]
    managed_fields: Ignored,
}

/// One owner of an object.
///
/// ```
/// use autoscale_core::manifest::OwnerReference;
/// let owner: OwnerReference = serde_json::from_str(
///     r#"{"apiVersion": "v1", "kind": "Team", "name": "shop", "uid": "7", "controller": true}"#,
/// )?;
/// assert_eq!((owner.kind.as_str(), owner.controller), ("Team", Some(true)));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct OwnerReference {
    /// API version of the owner.
    pub api_version: String,
    /// Kind of the owner.
    pub kind: String,
    /// Name of the owner.
    pub name: String,
    /// Unique id of the owner.
    pub uid: String,
    /// Whether the owner is the managing controller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub controller: Option<bool>,
    /// Whether the owner's deletion waits for this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block_owner_deletion: Option<bool>,
}

/// Another object: what is scaled, or what a metric describes.
///
/// ```
/// use autoscale_core::manifest::CrossVersionObjectReference;
/// let target: CrossVersionObjectReference = serde_json::from_str(
///     r#"{"apiVersion": "apps/v1", "kind": "Deployment", "name": "api"}"#,
/// )?;
/// assert_eq!(target.api_version.as_deref(), Some("apps/v1"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct CrossVersionObjectReference {
    /// API version, such as `apps/v1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_version: Option<String>,
    /// Kind, such as `Deployment`.
    pub kind: String,
    /// Name.
    pub name: String,
}

/// Selects series of a metric by their labels.
///
/// ```
/// use autoscale_core::manifest::LabelSelector;
/// let selector: LabelSelector = serde_json::from_str(
///     r#"{
///         "matchLabels": {"queue": "mail"},
///         "matchExpressions": [{"key": "zone", "operator": "Exists"}]
///     }"#,
/// )?;
/// assert_eq!((selector.match_labels.len(), selector.match_expressions.len()), (1, 1));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct LabelSelector {
    /// Labels that must have these values.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "BTreeMap::is_empty"
    )]
    pub match_labels: BTreeMap<String, String>,
    /// Further requirements; all must hold.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub match_expressions: Vec<LabelSelectorRequirement>,
}

/// One requirement on a label.
///
/// ```
/// use autoscale_core::manifest::{LabelSelectorOperator, LabelSelectorRequirement};
/// let zone: LabelSelectorRequirement =
///     serde_json::from_str(r#"{"key": "zone", "operator": "NotIn", "values": ["a", "b"]}"#)?;
/// assert_eq!((zone.operator, zone.values.len()), (LabelSelectorOperator::NotIn, 2));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct LabelSelectorRequirement {
    /// The label.
    pub key: String,
    /// How it relates to the values.
    pub operator: LabelSelectorOperator,
    /// The values; none for `Exists` and `DoesNotExist`.
    #[serde(
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub values: Vec<String>,
}

/// How a label relates to a requirement's values.
///
/// ```
/// use autoscale_core::manifest::LabelSelectorOperator;
/// let operator: LabelSelectorOperator = serde_json::from_str(r#""DoesNotExist""#)?;
/// assert_eq!(operator, LabelSelectorOperator::DoesNotExist);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LabelSelectorOperator {
    /// The label is one of the values.
    In,
    /// The label is none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
}

/// A field that is accepted, whatever it holds, and dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Ignored;

impl<'de> Deserialize<'de> for Ignored {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        de::IgnoredAny::deserialize(from).map(|_| Self)
    }
}

/// An explicit `null` is an absent field, as for the API server.
pub(super) fn null_as_default<'de, D, T>(from: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
