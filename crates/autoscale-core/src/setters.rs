/// `with_*` builders of a configuration's fields.
macro_rules! setters {
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
