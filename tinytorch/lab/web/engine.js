// What translated functions (tinytorch/lab/traced.py) are run with. No page, no drawing: the
// build runs this file by itself and compares what it computes with NumPy.
const E = (() => {
  const split = (a) => {
    const c = 134217729 * a, high = c - (c - a);
    return [high, a - high];
  };
  // (ah + al)(bh + bl) in twice the precision (Dekker 1971)
  const product = (ah, al, bh, bl) => {
    const p = ah * bh, [a1, a2] = split(ah), [b1, b2] = split(bh);
    let error = ((a1 * b1 - p) + a1 * b2 + a2 * b1) + a2 * b2;
    error = error + (ah * bl + al * bh);
    const s = p + error;
    return [s, error - (s - p)];
  };
  const whole = (base, n) => {
    if (n < 0) return 1 / whole(base, -n);
    let high = 1, low = 0, square = base, rest = 0;
    for (let left = n; left > 0; ) {
      if (left % 2) [high, low] = product(high, low, square, rest);
      left = Math.floor(left / 2);
      if (left) [square, rest] = product(square, rest, square, rest);
    }
    const result = high + low;
    return Number.isFinite(result) ? result : Math.pow(base, n);
  };
  // In a run the same base comes with every t: its powers are kept.
  let kept = new Map();
  const power = (base, n) => {
    if (!(n >= 0 && n < 4096)) return whole(base, n);
    let row = kept.get(base);
    if (!row) {
      if (kept.size > 512) kept = new Map();
      kept.set(base, (row = []));
    }
    return (row[n] ??= whole(base, n));
  };
  const E = {
    power,
    sign: (x) => (x > 0 ? 1 : x < 0 ? -1 : x === 0 ? 0 : x),
    max: (a, b) => (a >= b || a !== a ? a : b),
    min: (a, b) => (a <= b || a !== a ? a : b),
    mod: (a, b) => a - b * Math.floor(a / b),
    rint: (x) => {
      const f = Math.floor(x), half = x - f;
      return half < 0.5 || (half === 0.5 && f % 2 === 0) ? f : f + 1;
    },
    compile: (code) => new Function("E", "return " + code)(E),
    // A run: where it is after each step. `rate(t)` sets the first number; `noise` has a value for
    // each step and element, and stands scaled on the gradient.
    run({ rule, state, K, gradient, S, start, steps, rate, noise, sigma }) {
      const n = start.length, p = Float64Array.from(start), g = new Float64Array(n);
      const A = [p, g];
      for (let i = 0; i < state; i++) A.push(new Float64Array(n));
      const path = new Float64Array((steps + 1) * n);
      path.set(p);
      for (let t = 1; t <= steps; t++) {
        gradient(p, S, g);
        if (noise) for (let i = 0; i < n; i++) g[i] += sigma * noise[((t - 1) * n + i) % noise.length];
        if (rate) K[0] = rate(t - 1);
        rule(n, A, K, t);
        path.set(p, t * n);
      }
      return path;
    },
  };
  return E;
})();
