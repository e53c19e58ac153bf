/// Setters of a configuration's fields; with `start` and a value each, also an example made of them.
macro_rules! setters {
    ($start:literal; $($setter:ident: $field:ident, $type:ty, $example:literal;)*) => {$(
        #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
        #[doc = concat!(
            "\n```\n# use circuit_breaker::*;\n# use std::time::Duration;\nlet config = ", $start, ".",
            stringify!($setter), "(", $example, ");\nassert_eq!(config.", stringify!($field), ", ",
            $example, ");\n```"
        )]
        #[must_use]
        pub fn $setter(mut self, value: $type) -> Self {
            self.$field = value;
            self
        }
    )*};
    ($($setter:ident: $field:ident, $type:ty;)*) => {$(
        #[doc = concat!("Sets [`", stringify!($field), "`](Self::", stringify!($field), ").")]
        #[must_use]
        pub fn $setter(mut self, value: $type) -> Self {
            self.$field = value;
            self
        }
    )*};
}
pub(crate) use setters;
