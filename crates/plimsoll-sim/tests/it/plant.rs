//! Plant.
