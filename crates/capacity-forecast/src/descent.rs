//! Minimisation with a gradient: BFGS with a backtracking line search.
//!
//! Nocedal & Wright, *Numerical Optimization*, 2nd edition, §6.1; the first step scales the
//! inverse Hessian (their 6.20). Cost: one evaluation and O(d²) an iteration. A step that gives no
//! number is shortened; an update without curvature is left out; two iterations in a row without
//! progress end it.

/// Most halvings of one step.
const SHORTENINGS: usize = 24;
/// The share of the promised decrease that a step must bring.
const ARMIJO: f64 = 1e-4;

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Lowers `cost(x, gradient)` from `x`, for at most `iterations` or until an iteration brings less
/// than `tolerance`. Gives the least cost, at `x`; what it began with if that is not a number.
pub(crate) fn minimize(
    mut cost: impl FnMut(&[f64], &mut [f64]) -> f64,
    x: &mut [f64],
    iterations: usize,
    tolerance: f64,
) -> f64 {
    let size = x.len();
    let mut gradient = vec![0.0; size];
    let mut least = cost(x, &mut gradient);
    if !least.is_finite() {
        return least;
    }
    let mut inverse = vec![0.0; size * size];
    let mut fresh = true;
    let (mut trial, mut slope) = (vec![0.0; size], vec![0.0; size]);
    let (mut way, mut turned) = (vec![0.0; size], vec![0.0; size]);
    let mut idle = 0;
    for _ in 0..iterations {
        let steep = dot(&gradient, &gradient).sqrt();
        if steep <= 1e-12 {
            break;
        }
        if fresh {
            let first = 0.3 / steep.max(0.3);
            inverse.fill(0.0);
            for diagonal in inverse.iter_mut().step_by(size + 1) {
                *diagonal = first;
            }
        }
        for (way, row) in way.iter_mut().zip(inverse.chunks_exact(size)) {
            *way = -dot(row, &gradient);
        }
        let promise = dot(&way, &gradient);
        if promise >= 0.0 || !promise.is_finite() {
            if fresh {
                break;
            }
            fresh = true;
            continue;
        }
        let mut length = 1.0;
        let mut reached = None;
        for _ in 0..SHORTENINGS {
            for ((trial, from), way) in trial.iter_mut().zip(&*x).zip(&way) {
                *trial = from + length * way;
            }
            let value = cost(&trial, &mut slope);
            if value.is_finite() && value <= least + ARMIJO * length * promise {
                reached = Some(value);
                break;
            }
            // The parabola through both costs and the slope, kept within half and a tenth.
            let curve = value - least - length * promise;
            let best = -promise * length * length / (2.0 * curve);
            length = if best.is_finite() {
                best.clamp(0.1 * length, 0.5 * length)
            } else {
                0.25 * length
            };
        }
        let Some(value) = reached else {
            if fresh {
                break;
            }
            fresh = true;
            continue;
        };
        for ((from, to), (way, (old, new))) in x
            .iter_mut()
            .zip(&trial)
            .zip(way.iter_mut().zip(gradient.iter_mut().zip(&slope)))
        {
            *way = to - *from;
            *from = *to;
            // From here on `gradient` holds the change until it is replaced below.
            *old = new - *old;
        }
        let bent = dot(&way, &gradient);
        let change = dot(&gradient, &gradient);
        if bent > 1e-12 * change.max(f64::MIN_POSITIVE) {
            if fresh {
                for diagonal in inverse.iter_mut().step_by(size + 1) {
                    *diagonal = bent / change;
                }
                fresh = false;
            }
            for (turned, row) in turned.iter_mut().zip(inverse.chunks_exact(size)) {
                *turned = dot(row, &gradient);
            }
            let own = (1.0 + dot(&gradient, &turned) / bent) / bent;
            for ((row, way_row), turned_row) in
                inverse.chunks_exact_mut(size).zip(&way).zip(&turned)
            {
                for ((cell, way), turned) in row.iter_mut().zip(&way).zip(&turned) {
                    *cell += own * way_row * way - (turned_row * way + way_row * turned) / bent;
                }
            }
        }
        gradient.copy_from_slice(&slope);
        idle = if least - value < tolerance {
            idle + 1
        } else {
            0
        };
        least = value;
        if idle >= 2 {
            break;
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use super::minimize;

    #[test]
    fn finds_the_bottom_of_a_curved_valley() {
        let mut x = [-1.2, 1.0];
        let cost = |x: &[f64], slope: &mut [f64]| {
            let (Some(a), Some(b)) = (x.first(), x.last()) else {
                return f64::NAN;
            };
            let (across, along) = (b - a * a, 1.0 - a);
            slope.copy_from_slice(&[-400.0 * a * across - 2.0 * along, 200.0 * across]);
            100.0 * across * across + along * along
        };
        let least = minimize(cost, &mut x, 200, 1e-14);
        assert!(least < 1e-10, "{least}");
        assert!(x.iter().all(|v| (v - 1.0).abs() < 1e-4), "{x:?}");
    }

    #[test]
    fn a_start_without_a_cost_stays() {
        let mut x = [1.0];
        assert!(minimize(|_, _| f64::NAN, &mut x, 10, 1e-9).is_nan());
        assert!(x.iter().all(|v| (v - 1.0).abs() < f64::EPSILON));
    }
}
