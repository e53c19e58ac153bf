//! How policies are told apart: by colour, shape of marker and dashes.

use maud::{Markup, html};

const COLOURS: usize = 6;
/// Shapes around 0, 0, of about equal area.
const SHAPES: [&str; 6] = [
    "M5,0A5,5 0 1 1 -5,0A5,5 0 1 1 5,0Z",
    "M-4.5,-4.5h9v9h-9Z",
    "M0,-5.8L5.6,4.2H-5.6Z",
    "M0,-6.2L6.2,0L0,6.2L-6.2,0Z",
    "M0,5.8L5.6,-4.2H-5.6Z",
    "M-1.9,-5.6h3.8v3.7h3.7v3.8h-3.7v3.7h-3.8v-3.7h-3.7v-3.8h3.7Z",
];

/// The look of the policy at a place in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look(pub(super) usize);

impl Look {
    /// Class that sets the colour.
    pub(super) fn class(self) -> String {
        format!("c{}", self.0 % COLOURS)
    }

    /// Class of its curves.
    pub(super) const fn curve(self) -> &'static str {
        ["curve", "curve dash", "curve dots"][self.0 / COLOURS % 3]
    }

    /// Reference to its marker. After as many policies as there are colours, every colour gets
    /// another shape.
    pub(super) fn marker(self) -> String {
        format!("#m{}", (self.0 + self.0 / COLOURS) % SHAPES.len())
    }

    /// Its marker within a line of text.
    pub(super) fn swatch(self) -> Markup {
        html! {
            svg class={ "swatch " (self.class()) } viewBox="-7 -7 14 14" aria-hidden="true" {
                use class="now" href=(self.marker()) {}
            }
        }
    }
}

/// The markers' definitions, once a page.
pub(super) fn definitions() -> Markup {
    html! {
        svg class="defs" width="0" height="0" aria-hidden="true" {
            defs {
                @for (i, shape) in SHAPES.into_iter().enumerate() {
                    path id={ "m" (i) } d=(shape) {}
                }
            }
        }
    }
}
