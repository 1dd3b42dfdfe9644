// Runs changed lines of a rule in real Python (Brython), beside a page that goes on (live.js).
importScripts("brython.js"); // PYTHON, arrays.py and follow.py, stands above
let task, paths, slopes, g;
Object.assign(self, {
  whole_number: (name, x) => Math[name](x),
  count: () => task.jobs.length,
  sources: (j) => task.jobs[j].stages.length,
  source: (j, k) => task.jobs[j].stages[k].source,
  changed: () => task.source,
  target: () => task.target,
  names: (j) => task.jobs[j].stages.map((s) => s.name).join(" "),
  keywords: (j, k) => task.jobs[j].stages[k].names.join(" "),
  size: (j, what) => (Array.isArray(task.jobs[j][what]) ? task.jobs[j][what].length : task.jobs[j][what]),
  start: (j, i) => task.jobs[j].start[i],
  given: (j, t, i) => task.jobs[j].numbers[t][i],
  slope(j, t, ...p) {
    const job = task.jobs[j], n = p.length;
    if (job.slopes) return (g = [job.slopes[t]]);
    slopes[j](Float64Array.from(p, Number), job.S, (g = new Float64Array(n)));
    if (job.noise) for (let i = 0; i < n; i++) g[i] += job.sigma * job.noise[(t * n + i) % job.noise.length];
  },
  g: (i) => g[i],
  is_rate: (j) => Boolean(task.jobs[j].rate),
  rate_names: (j) => task.jobs[j].names.join(" "),
  rate_value: (j, i) => task.jobs[j].values[i],
  factor: (j, t, value) => (paths[j][t] = Number(value)),
  put: (j, t, i, value) => (paths[j][(t + 1) * task.jobs[j].start.length + i] = Number(value)),
  done: (divided) => self.postMessage({ paths, divided }),
  failed: (error, line) => self.postMessage({ error: line ? `Line ${line}: ${error}` : error, line, paths }),
});
self.onmessage = ({ data }) => {
  task = data;
  slopes = task.jobs.map((job) => job.gradient && E.compile(job.gradient));
  paths = task.jobs.map((job) => {
    if (job.rate) return new Float64Array(job.steps).fill(NaN);
    const path = new Float64Array((job.steps + 1) * job.start.length).fill(NaN);
    path.set(job.start);
    return path;
  });
  try {
    self.run();
  } catch (error) {
    self.postMessage({ error: String(error), line: 0 });
  }
};
self.__BRYTHON__.runPythonSource(PYTHON, "main");
self.postMessage({ ready: true });
