//! Hindsight: the least that a request, level but for a number of changes, can ask for.

/// Boundaries lie on every so many steps, so that the search stays short: what is found can be
/// reached, and a finer one would find a little more.
const STEPS: usize = 3;

/// Least mean request that is never below the use, with at most so many changes.
///
/// Dynamic programming over where the last change was, one round a change.
pub(crate) fn least_request(usage: &[f64], changes: u64) -> f64 {
    let highest: Vec<f64> = usage
        .chunks(STEPS)
        .map(|part| part.iter().copied().fold(0.0, f64::max))
        .collect();
    let weights: Vec<f64> = usage.chunks(STEPS).map(|part| part.len() as f64).collect();
    let blocks = highest.len();
    // Least sum of the request over the first `end` blocks.
    let mut least = vec![f64::INFINITY; blocks + 1];
    least[0] = 0.0;
    let mut best = f64::INFINITY;
    for _ in 0..=changes {
        let mut next = vec![f64::INFINITY; blocks + 1];
        for (end, cost) in next.iter_mut().enumerate().skip(1) {
            let (mut request, mut weight) = (0.0_f64, 0.0);
            for start in (0..end).rev() {
                request = request.max(highest[start]);
                weight += weights[start];
                if weight * request > *cost {
                    break; // Longer parts only cost more.
                }
                *cost = cost.min(least[start] + weight * request);
            }
        }
        if next[blocks] >= best {
            break; // Another change saves nothing.
        }
        best = next[blocks];
        least = next;
    }
    best / usage.len() as f64
}
