// Medians, quartiles, and how sure a difference is.

export function quantile(values, q) {
  const v = [...values].sort((a, b) => a - b);
  const at = (v.length - 1) * q;
  const low = Math.floor(at);
  return v[low] + (v[Math.min(low + 1, v.length - 1)] - v[low]) * (at - low);
}
export const median = (values) => quantile(values, 0.5);

// Numbers in 0..1 from a seed (mulberry32), so that the same data give the same interval.
function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

// The difference of the medians a - b, and its 95 % interval by bootstrap: both
// samples drawn again, with replacement.
export function difference(a, b, draws = 4000) {
  const next = random(1);
  const again = (v) => median(v.map(() => v[Math.floor(next() * v.length)]));
  const all = Array.from({ length: draws }, () => again(a) - again(b));
  const d = median(a) - median(b);
  const [low, high] = [quantile(all, 0.025), quantile(all, 0.975)];
  return { difference: d, low, high, sure: low > 0 || high < 0 };
}
