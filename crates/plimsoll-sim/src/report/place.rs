//! Room for labels beside the points that they name.

/// A rectangle in pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Area {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

impl Area {
    /// The square around a point.
    pub(super) const fn around(x: f64, y: f64, half: f64) -> Self {
        Self { left: x - half, right: x + half, top: y - half, bottom: y + half }
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

    fn within(&self, other: &Self) -> bool {
        other.holds(self.left, self.top) && other.holds(self.right, self.bottom)
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
    Spot { anchor: "start", dx: 11.0, dy: 4.0 },
    Spot { anchor: "start", dx: 8.0, dy: -8.0 },
    Spot { anchor: "mid", dx: 0.0, dy: -12.0 },
    Spot { anchor: "start", dx: 8.0, dy: 16.0 },
    Spot { anchor: "end", dx: -11.0, dy: 4.0 },
    Spot { anchor: "mid", dx: 0.0, dy: 21.0 },
    Spot { anchor: "end", dx: -8.0, dy: -8.0 },
    Spot { anchor: "end", dx: -8.0, dy: 16.0 },
];

/// Gives each label the spot that covers the fewest points and no label or marker.
#[derive(Debug)]
pub(super) struct Placer {
    frame: Area,
    taken: Vec<Area>,
    points: Vec<(f64, f64)>,
}

impl Placer {
    pub(super) const fn new(frame: Area) -> Self {
        Self { frame, taken: Vec::new(), points: Vec::new() }
    }

    /// Nothing may cover this.
    pub(super) fn keep_free(&mut self, area: Area) {
        self.taken.push(area);
    }

    /// Better not covered.
    pub(super) fn avoid(&mut self, x: f64, y: f64) {
        self.points.push((x, y));
    }

    /// A spot for a label of a width; `None` where there is no room.
    pub(super) fn place(&mut self, x: f64, y: f64, width: f64) -> Option<Spot> {
        let area = |spot: &Spot| {
            let left = match spot.anchor {
                "start" => x + spot.dx,
                "end" => x + spot.dx - width,
                _ => x - width / 2.0,
            };
            let top = y + spot.dy - 12.0;
            Area { left, right: left + width, top, bottom: top + 15.0 }
        };
        let covered = |spot: &Spot| {
            let area = area(spot);
            self.points.iter().filter(|(x, y)| area.holds(*x, *y)).count()
        };
        let free = |spot: &&Spot| {
            let area = area(spot);
            area.within(&self.frame) && !self.taken.iter().any(|other| area.overlaps(other))
        };
        let spot = *SPOTS.iter().filter(free).min_by_key(|spot| covered(spot))?;
        self.taken.push(area(&spot));
        Some(spot)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_one_place_do_not_overlap() {
        let frame = Area { left: 0.0, right: 600.0, top: 0.0, bottom: 400.0 };
        let mut placer = Placer::new(frame);
        placer.keep_free(Area::around(300.0, 200.0, 6.0));
        let spots: Vec<Spot> = (0..20).map_while(|_| placer.place(300.0, 200.0, 60.0)).collect();
        assert!((4..=8).contains(&spots.len()), "{}", spots.len());
        for (i, a) in placer.taken.iter().enumerate() {
            assert!(a.within(&frame) && placer.taken[..i].iter().all(|b| !a.overlaps(b)));
        }
    }

    #[test]
    fn a_point_is_covered_only_where_nothing_else_is_free() {
        let mut placer = Placer::new(Area { left: 0.0, right: 600.0, top: 0.0, bottom: 400.0 });
        placer.avoid(330.0, 200.0);
        assert_eq!(placer.place(300.0, 200.0, 60.0).map(|s| s.dy), Some(-8.0));
    }
}
