//! Minimisation without a gradient within bounds: Nelder–Mead for a few unknowns.
//!
//! Reflection, expansion, contraction and shrinking with the dimension-dependent coefficients of
//! Gao & Han (2012), points clamped to the bounds. O(d²) an evaluation. A cost that is not a number
//! counts as infinite; a start outside the bounds is moved onto them. For two unknowns or more.

use crate::numeric::count_f64;

/// The first simplex: each coordinate in turn, larger by this share, or this amount where it is 0.
const STEP: f64 = 0.05;
const STEP_FROM_ZERO: f64 = 1e-4;

#[derive(Clone, Debug)]
struct Vertex<const N: usize> {
    x: [f64; N],
    cost: f64,
}

fn clamp<const N: usize>(mut x: [f64; N], bounds: &[(f64, f64); N]) -> [f64; N] {
    for (x, (low, high)) in x.iter_mut().zip(bounds) {
        *x = x.max(*low).min(*high);
    }
    x
}

/// `from + share (to − from)`, by coordinate.
fn along<const N: usize>(from: &[f64; N], to: &[f64; N], share: f64) -> [f64; N] {
    let mut x = *from;
    for (x, to) in x.iter_mut().zip(to) {
        *x += share * (to - *x);
    }
    x
}

/// The least cost that is found from `start`, and where. Ends when the standard deviation of the
/// simplex' costs is below `tolerance`, or after `iterations`.
pub(crate) fn minimize<const N: usize>(
    mut cost: impl FnMut(&[f64; N]) -> f64,
    start: [f64; N],
    bounds: &[(f64, f64); N],
    iterations: usize,
    tolerance: f64,
) -> ([f64; N], f64) {
    let size = count_f64(N.max(1));
    let expansion = 1.0 + 2.0 / size;
    let contraction = 0.75 - 0.5 / size;
    let shrinking = 1.0 - 1.0 / size;
    let mut vertex = |x: [f64; N]| {
        let x = clamp(x, bounds);
        let cost = cost(&x);
        let cost = if cost.is_nan() { f64::INFINITY } else { cost };
        Vertex { x, cost }
    };
    let start = clamp(start, bounds);
    let mut simplex = Vec::with_capacity(N + 1);
    for axis in 0..N {
        let mut x = start;
        if let Some(x) = x.get_mut(axis) {
            *x = if x.abs() > 0.0 {
                *x * (1.0 + STEP)
            } else {
                STEP_FROM_ZERO
            };
        }
        simplex.push(vertex(x));
    }
    simplex.push(vertex(start));
    for _ in 0..iterations {
        simplex.sort_by(|a, b| a.cost.total_cmp(&b.cost));
        let middle = simplex.iter().map(|v| v.cost).sum::<f64>() / (size + 1.0);
        let spread = simplex.iter().map(|v| (v.cost - middle).powi(2));
        if (spread.sum::<f64>() / (size + 1.0)).sqrt() < tolerance {
            break;
        }
        let [best, .., second, worst] = &simplex[..] else {
            break;
        };
        let best_x = best.x;
        let mut centre = [0.0; N];
        for vertex in simplex.iter().take(N) {
            for (centre, x) in centre.iter_mut().zip(&vertex.x) {
                *centre += x / size;
            }
        }
        let reflected = vertex(along(&centre, &worst.x, -1.0));
        let next = if reflected.cost < best.cost {
            let expanded = vertex(along(&centre, &reflected.x, expansion));
            Some(if expanded.cost < reflected.cost {
                expanded
            } else {
                reflected
            })
        } else if reflected.cost < second.cost {
            Some(reflected)
        } else if reflected.cost < worst.cost {
            let outside = vertex(along(&centre, &reflected.x, contraction));
            (outside.cost <= reflected.cost).then_some(outside)
        } else {
            let inside = vertex(along(&centre, &reflected.x, -contraction));
            (inside.cost < worst.cost).then_some(inside)
        };
        if let (Some(next), Some(worst)) = (next, simplex.last_mut()) {
            *worst = next;
            continue;
        }
        for point in simplex.iter_mut().skip(1) {
            *point = vertex(along(&best_x, &point.x, shrinking));
        }
    }
    simplex.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    simplex
        .first()
        .map_or((start, f64::INFINITY), |v| (v.x, v.cost))
}

#[cfg(test)]
mod tests {
    use super::minimize;

    #[test]
    fn finds_the_bottom_within_bounds() {
        let cost = |[a, b]: &[f64; 2]| (a - 3.0).powi(2) + (b + 1.0).powi(2);
        let bounds = [(0.0, 2.0), (-5.0, 5.0)];
        let ([a, b], least) = minimize(cost, [0.5, 0.0], &bounds, 500, 1e-12);
        assert!((a - 2.0).abs() < 1e-4 && (b + 1.0).abs() < 1e-3, "{a} {b}");
        assert!((least - 1.0).abs() < 1e-4);
    }

    #[test]
    fn no_number_is_never_the_least() {
        let cost = |[a, b]: &[f64; 2]| if *a < 1.0 { f64::NAN } else { a + b * b };
        let bounds = [(-9.0, 9.0); 2];
        let ([a, _], least) = minimize(cost, [4.0, 1.0], &bounds, 200, 1e-9);
        assert!(a >= 1.0 && (1.0..1.1).contains(&least), "{a} {least}");
    }
}
