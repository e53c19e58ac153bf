//! Room for labels beside the points that they name.
//!
//! Labels keep their size while a plot gets wider or narrower, so a spot must do at more than one
//! width.

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Area {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Area {
    const fn around(x: f64, y: f64, half: f64) -> Self {
        Self {
            left: x - half,
            right: x + half,
            top: y - half,
            bottom: y + half,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    fn holds(&self, x: f64, y: f64) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }
}

/// Where a label goes, relative to its point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    /// Class of the text's anchor.
    pub(super) anchor: &'static str,
    pub(super) dx: f64,
    /// To the base line.
    pub(super) dy: f64,
}

const SPOTS: [Spot; 8] = [
    Spot {
        anchor: "start",
        dx: 11.0,
        dy: 4.0,
    },
    Spot {
        anchor: "start",
        dx: 8.0,
        dy: -8.0,
    },
    Spot {
        anchor: "mid",
        dx: 0.0,
        dy: -12.0,
    },
    Spot {
        anchor: "start",
        dx: 8.0,
        dy: 16.0,
    },
    Spot {
        anchor: "end",
        dx: -11.0,
        dy: 4.0,
    },
    Spot {
        anchor: "mid",
        dx: 0.0,
        dy: 21.0,
    },
    Spot {
        anchor: "end",
        dx: -8.0,
        dy: -8.0,
    },
    Spot {
        anchor: "end",
        dx: -8.0,
        dy: 16.0,
    },
];

impl Spot {
    /// What a label of a width covers here.
    fn area(&self, x: f64, y: f64, width: f64) -> Area {
        let left = match self.anchor {
            "start" => x + self.dx,
            "end" => x + self.dx - width,
            _ => x - width / 2.0,
        };
        let top = y + self.dy - 12.0;
        Area {
            left,
            right: left + width,
            top,
            bottom: top + 15.0,
        }
    }
}

/// Lengths of curve, in steps of 2 pixels and over all widths, that a label may hide.
const MOST_COVERED: usize = 6;

/// Gives each label the spot that covers least of the curves and no label or marker.
#[derive(Debug)]
pub(super) struct Placer {
    height: f64,
    views: Vec<View>,
}

/// A plot at one width.
#[derive(Debug)]
struct View {
    width: f64,
    taken: Vec<Area>,
    points: Vec<(f64, f64)>,
}

impl Placer {
    /// For plots of these widths.
    pub(super) fn new(widths: &[f64], height: f64) -> Self {
        let view = |width: &f64| View {
            width: *width,
            taken: Vec::new(),
            points: Vec::new(),
        };
        Self {
            height,
            views: widths.iter().map(view).collect(),
        }
    }

    /// Nothing may cover this marker; x is a share of the width, here and below.
    pub(super) fn keep_free(&mut self, x: f64, y: f64) {
        for view in &mut self.views {
            view.taken.push(Area::around(x * view.width, y, 8.0));
        }
    }

    /// Better not covered: a straight part of a curve.
    pub(super) fn avoid(&mut self, from: (f64, f64), to: (f64, f64)) {
        for view in &mut self.views {
            let (x, y) = (from.0 * view.width, from.1);
            let (dx, dy) = (to.0 * view.width - x, to.1 - y);
            let parts = (dx.hypot(dy) / 2.0).ceil().clamp(1.0, 1000.0);
            let part = |i: u32| f64::from(i) / parts;
            view.points
                .extend((0..parts as u32).map(|i| (x + dx * part(i), y + dy * part(i))));
        }
    }

    /// A spot for a label of a width; `None` where there is no room.
    pub(super) fn place(&mut self, x: f64, y: f64, width: f64) -> Option<Spot> {
        let free = |spot: &&Spot| {
            self.views.iter().all(|view| {
                let area = spot.area(x * view.width, y, width);
                area.left >= 0.0
                    && area.right <= view.width
                    && area.top >= 0.0
                    && area.bottom <= self.height
                    && !view.taken.iter().any(|other| area.overlaps(other))
            })
        };
        let covered = |spot: &Spot| -> usize {
            let count = |view: &View| {
                let area = spot.area(x * view.width, y, width);
                view.points
                    .iter()
                    .filter(|(x, y)| area.holds(*x, *y))
                    .count()
            };
            self.views.iter().map(count).sum()
        };
        let spot = *SPOTS.iter().filter(free).min_by_key(|spot| covered(spot))?;
        if covered(&spot) > MOST_COVERED {
            return None;
        }
        for view in &mut self.views {
            view.taken.push(spot.area(x * view.width, y, width));
        }
        Some(spot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_place_do_not_overlap() {
        let mut placer = Placer::new(&[600.0, 1000.0], 400.0);
        placer.keep_free(0.5, 200.0);
        let spots: Vec<Spot> = (0..20)
            .map_while(|_| placer.place(0.5, 200.0, 60.0))
            .collect();
        assert!((4..=8).contains(&spots.len()), "{}", spots.len());
        for taken in placer.views.iter().map(|view| &view.taken) {
            for (i, a) in taken.iter().enumerate() {
                assert!(taken[..i].iter().all(|b| !a.overlaps(b)));
            }
        }
    }

    #[test]
    fn a_curve_is_not_covered() {
        let mut placer = Placer::new(&[600.0], 400.0);
        placer.avoid((0.53, 200.0), (0.57, 201.0));
        assert_eq!(placer.place(0.5, 200.0, 60.0).map(|s| s.dy), Some(-8.0));
        for y in (0..400).step_by(4) {
            placer.avoid((0.0, f64::from(y)), (1.0, f64::from(y)));
        }
        assert_eq!(placer.place(0.5, 300.0, 60.0), None);
    }
}
