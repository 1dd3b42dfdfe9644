// What a figure shows in a state, without its drawing: the build runs this beside the package.
// A state is an array K of all its numbers, in the order of `spec.knobs`.
E.values = (knob) => ({
  at: (i) =>
    knob.values ? knob.values[i]
    : knob.log ? Number((knob.low * (knob.high / knob.low) ** (i / knob.count)).toPrecision(3))
    : Number((knob.low + i * knob.step).toFixed(knob.decimals)),
  of(value) {
    const { low, high, count, values, log, step } = knob;
    if (values) return values.reduce((best, v, i) => (Math.abs(v - value) < Math.abs(values[best] - value) ? i : best), 0);
    const i = log ? (count * Math.log(value / low)) / Math.log(high / low) : (value - low) / step;
    return Math.min(count, Math.max(0, Math.round(i)));
  },
});

// v to so many digits, as Python's `live.shown` writes it.
E.shown = (v, digits = 3) => {
  if (v !== v) return "no number";
  if (!Number.isFinite(v)) return v > 0 ? "∞" : "−∞";
  const [mantissa, e] = v.toExponential(digits - 1).split("e"), size = Math.abs(v);
  const small = size === 0 || (size >= 1e-3 && size < 1e6);
  const text = small ? String(Number(`${mantissa}e${e}`)) : `${Number(mantissa)}·10${Number(e)}`.replace(/^(-?)1·/, "$1");
  const raised = small ? text : text.replace(/10(-?\d+)$/, (_, n) => "10" + [...n].map((c) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(c)]).join(""));
  return raised.replace("-", "−");
};

E.figure = (spec) => {
  const compile = (all) => all.map((each) => ({ ...each, f: each.f && E.compile(each.f) }));
  let others = {}; // what changed lines gave, by run: its way, or the factors of its schedule
  const changes = {}, marks = compile(spec.marks), says = compile(spec.says);
  const runs = spec.runs.map((r) => {
    const made = { ...r };
    for (const part of ["rule", "gradient", "from", "settings", "rate", "sigma"])
      made[part] = r[part] && E.compile(r[part]);
    return made;
  });
  // The learning rate of step t; `factors` are those of another schedule.
  const rate = (r, K, factors) => {
    const lr = factors && r.settings([], K, [])[0];
    return factors ? (t) => lr * factors[t] : r.rate && ((t) => r.rate([t], K));
  };
  const path = (r, K, factors) =>
    E.run({
      rule: r.rule, state: r.state, K: r.settings([], K, []), gradient: r.gradient, S: K,
      start: r.from([], K, []), steps: r.steps, rate: rate(r, K, factors),
      noise: r.noise, sigma: r.sigma && r.sigma([], K),
    });
  const time = spec.knobs.findIndex((knob) => knob.kind === "time");
  const grid = (m, i) => {
    const [a, b] = m.span, at = m.count > 1 ? i / (m.count - 1) : 0;
    return m.log ? a * (b / a) ** at : a + (b - a) * at;
  };
  const show = {
    path(m, K, paths) {
      const way = paths[m.run], d = runs[m.run].d, [i, j] = m.of;
      const n = (time < 0 ? way.length / d : K[time] + 1);
      const x = new Float64Array(n), y = new Float64Array(n);
      for (let t = 0; t < n; t++) (x[t] = way[t * d + i]), (y[t] = way[t * d + j]);
      return { x, y };
    },
    trace(m, K, paths) {
      const way = paths[m.run], d = runs[m.run].d;
      const n = (time < 0 ? way.length / d : K[time] + 1);
      const x = new Float64Array(n), y = new Float64Array(n);
      for (let t = 0; t < n; t++) (x[t] = t), (y[t] = m.f(way.subarray(t * d, t * d + d), K, []));
      return { x, y };
    },
    rate(m, K) {
      const r = runs[m.run], at = rate(r, K, others[m.run]), x = Float64Array.from({ length: r.steps }, (_, t) => t);
      return { x, y: x.map(at) };
    },
    curve(m, K) {
      const x = new Float64Array(m.count), y = new Float64Array(m.count);
      for (let i = 0; i < m.count; i++) {
        const s = grid(m, i), out = m.f([s], K, []);
        if (typeof out === "number") (x[i] = s), (y[i] = out);
        else [x[i], y[i]] = out;
      }
      return { x, y };
    },
    rows(m, K) {
      const y = Float64Array.from(m.rows[E.values(spec.knobs[m.knob]).of(K[m.knob])], (v) => v ?? NaN);
      return { x: Float64Array.from(m.x), y };
    },
    // Values over a grid of the panel's plane, row by row from below.
    heat(m, K, paths, nx = 5, ny = 4) {
      const [a, b] = m.xspan, [c, d] = m.yspan, y = new Float64Array(nx * ny), k = Float64Array.from(K);
      if (m.kept) {
        const z = m.kept[E.values(spec.knobs[m.knob]).of(K[m.knob])], part = (i, n, count) => Math.floor((i / n) * count);
        for (let j = 0; j < ny; j++)
          for (let i = 0; i < nx; i++) y[j * nx + i] = z[part(j, ny, z.length)][part(i, nx, z[0].length)] ?? NaN;
        return { y };
      }
      const at = ([low, high], log, part) => (log ? low * (high / low) ** part : low + (high - low) * part);
      const us = Float64Array.from({ length: nx }, (_, i) => at([a, b], m.xlog, i / (nx - 1)));
      const place = [0, 0], out = []; // of all points: a map has tens of thousands
      for (let j = 0; j < ny; j++) {
        place[1] = at([c, d], m.ylog, j / (ny - 1));
        for (let i = 0; i < nx; i++) {
          place[0] = us[i];
          if (m.run === undefined) y[j * nx + i] = m.f(place, K, out);
          else {
            [k[m.over[0]], k[m.over[1]]] = place;
            const way = path(runs[m.run], k), n = runs[m.run].d;
            y[j * nx + i] = m.f(way.subarray(way.length - n), k, []);
          }
        }
      }
      return { y };
    },
  };
  return {
    heat: (m, K, nx, ny) => show.heat(marks[m], K, null, nx, ny),
    // What another program needs to take the same way with its own rule.
    job(i, K) {
      const r = spec.runs[i];
      if (r.change.rate) {
        const values = r.change.names.map((name) => K[spec.knobs.findIndex((knob) => knob.name === name)]);
        return { ...r.change, values, steps: r.steps, stages: [] };
      }
      const { numbers, stages } = r.change, given = (changes[i] ??= E.compile(numbers));
      return {
        stages, state: r.state, returns: 1 + r.state, steps: r.steps, gradient: r.gradient, S: [...K],
        start: [...runs[i].from([], K, [])], noise: r.noise, sigma: runs[i].sigma ? runs[i].sigma([], K) : 0,
        numbers: Array.from({ length: r.steps }, (_, t) => [...given([t + 1], K, [])]),
      };
    },
    rates: (i, K, factors) => Array.from({ length: runs[i].steps }, (_, t) => rate(runs[i], K, factors)(t)),
    marks(K, coarse = true, instead = {}) {
      others = instead;
      const paths = runs.map((r, i) => (r.change?.rate ? path(r, K, others[i]) : others[i] ?? path(r, K)));
      return marks.map((m) => (m.kind === "heat" && !coarse ? null : show[m.kind](m, K, paths)));
    },
    // The setting in words: the first sentence whose condition holds, its numbers filled in.
    says(K, shown) {
      const last = {};
      spec.knobs.forEach((knob, i) => (last[knob.name] = K[i]));
      spec.marks.forEach((m, i) => m.label && m.kind !== "path" && (last[m.label] ??= shown[i].y.at(-1)));
      const all = [...K, ...spec.labels.map((label) => last[label])];
      const one = says.find((s) => !s.f || s.f([], all));
      spec.knobs.forEach((knob) => knob.names && (last[knob.name] = knob.names[last[knob.name]]));
      const fill = (_, name) => (typeof last[name] === "number" ? E.shown(last[name], spec.knobs.some((k) => k.name === name) ? 4 : 3) : last[name] ?? name);
      return one ? one.text.replace(/\{([^}]+)\}/g, fill) : "";
    },
  };
};
