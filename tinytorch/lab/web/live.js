// Live figures on a page: drawing, handles, knobs. What they show comes from `E.figure`.
const STYLE = `
.live-figure{margin:0;color:inherit;text-align:left;font-size:.9375rem;line-height:1.4}
.live-figure[data-live] .live-still{display:none}
html[data-theme=dark] .bd-content .bd-article div.cell_output .text_html:has(.live-figure){padding:0;color:inherit;background:none}
.live-panels{display:flex;flex-wrap:wrap;gap:.5rem 1rem}
.live-panel{position:relative;flex:1 1 17rem;min-width:0;height:18rem}
.live-panel canvas{position:absolute;inset:0;width:100%;height:100%}
.live-handle{position:absolute;width:44px;height:44px;margin:-22px 0 0 -22px;padding:0;border:0;background:none;touch-action:none;cursor:grab}
.live-handle::after{content:"";position:absolute;inset:13px;border-radius:50%;background:currentColor;border:2px solid var(--pst-color-background,#fff);box-shadow:0 0 0 1.5px currentColor}
.live-handle:focus-visible{outline:3px solid #d55e00;outline-offset:-8px;border-radius:50%}
.live-key,.live-buttons{display:flex;flex-wrap:wrap;gap:.25rem .5rem;margin:.5rem 0}
.live-figure button:not(.live-handle),.live-figure select{min-height:44px;padding:.2rem .7rem;border:1px solid var(--pst-color-border,#bbb);border-radius:6px;background:none;color:inherit;font:inherit}
.live-figure button[aria-pressed=false]{opacity:.5;text-decoration:line-through}
.live-swatch{display:inline-block;width:1.6em;margin-right:.4em;vertical-align:middle;border-top:3px solid}
.live-key b{font-weight:600;margin-left:.4em;font-variant-numeric:tabular-nums}
.live-knob{display:grid;grid-template-columns:9.5rem 1fr 4.5rem;align-items:center;gap:.6rem;min-height:44px;margin:0}
.live-knob input{width:100%;min-width:0;height:44px;margin:0;accent-color:var(--pst-color-primary,#0072b2)}
.live-shown{font-variant-numeric:tabular-nums;text-align:right}
.live-says{min-height:2.8em;margin:.4rem 0 0}
.live-code{margin:.6rem 0}
.live-status{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);margin:0}
@media (min-width:577px){.live-panel:nth-last-child(3):first-child,.live-panel:nth-last-child(3):first-child~*{flex-basis:12rem;height:16rem}}
@media (max-width:576px){.live-panel{flex-basis:100%;height:15.5rem}.live-panel:not(:only-child){height:11.5rem}.live-knob{grid-template-columns:1fr auto;row-gap:0}.live-knob input{grid-column:1/-1;grid-row:2;height:36px}.live-figure .live-key button{padding:0 .5rem;font-size:.875rem}.live-key .live-swatch{width:1.3em}}
@media print{.live-figure[data-live] .live-still{display:block}.live-body{display:none}}`;
const HEAT = [[254, 232, 56], [124, 123, 120], [0, 34, 78]]; // colours of a map, from low to high
const clip = (v, a, b) => Math.min(Math.max(v, Math.min(a, b)), Math.max(a, b));
// Where the site keeps its scripts; a notebook has no such place.
const BASE = document.currentScript?.src;

class Figure {
  constructor(root) {
    this.root = root;
    const spec = (this.spec = JSON.parse(root.querySelector("script[type='application/json']").textContent));
    this.figure = E.figure(spec);
    this.knobs = spec.knobs.map((k) => ({ ...k, ...E.values(k) }));
    this.first = spec.knobs.map((k) => k.at);
    this.K = Float64Array.from(this.first);
    this.off = new Set();
    this.heats = new Map();
    this.build();
    const place = root.closest("figure[id]") ?? root.closest("[id]:not(.live-figure)");
    this.anchor = document.querySelector(".bd-article") && (place?.id || root.id);
    this.read();
    root.dataset.live = "1";
    root.live = this;
    this.update();
    const resized = new ResizeObserver(() => { this.measure(); this.update(); });
    this.panels.forEach((panel) => resized.observe(panel.box));
  }
  build() {
    const { spec, root } = this;
    const body = make("div", root, { class: "live-body", role: "group", "aria-label": spec.alt });
    const row = make("div", body, { class: "live-panels" });
    this.panels = spec.panels.map((p) => {
      const box = make("div", row, { class: "live-panel" });
      const panel = { ...p, box, canvas: make("canvas", box, { "aria-hidden": "true" }) };
      panel.handles = p.handles.map((pair, h) => {
        const names = pair.filter((_, i) => !p.fixed[h][i]).map((i) => spec.knobs[i].label);
        const e = make("button", box, { class: "live-handle", type: "button", "aria-label": names.join(", ") + ": arrow keys move it", ...own });
        this.drag(panel, h, e);
        return { pair, fixed: p.fixed[h], e };
      });
      if (panel.handles.length) this.click(panel);
      return panel;
    });
    this.says = make("p", body, { class: "live-says", "aria-hidden": "true" });
    const key = make("div", body, { class: "live-key" });
    this.key = spec.marks.map((m, i) => {
      if (!m.key) return null;
      const e = make("button", key, { type: "button", "aria-pressed": "true", ...own });
      const swatch = make("span", e, { class: "live-swatch" });
      e.append(m.label, " "); // its name is read with the number after it
      e.addEventListener("click", () => {
        this.off.has(m.label) ? this.off.delete(m.label) : this.off.add(m.label);
        e.setAttribute("aria-pressed", !this.off.has(m.label));
        this.update();
      });
      return { e, swatch, number: make("b", e) };
    });
    this.inputs = this.knobs.map((k, i) => {
      if (k.kind === "handle") return null;
      const label = make("label", body, { class: "live-knob" });
      make("span", label, {}, k.label);
      if (k.kind === "choice") {
        const input = make("select", label, own);
        k.names.forEach((name, n) => make("option", input, { value: n }, name));
        input.addEventListener("change", () => this.set(i, Number(input.value)));
        return { input };
      }
      const input = make("input", label, { type: "range", min: 0, max: k.count, step: 1, ...own });
      const shown = make("span", label, { class: "live-shown", "aria-hidden": "true" });
      input.addEventListener("input", () => { if (k.kind === "time") this.pause(); this.set(i, k.at(Number(input.value))); });
      let before; // a finger that scrolls the page was none on the knob
      input.addEventListener("pointerdown", () => (before = this.K[i]));
      input.addEventListener("pointercancel", () => this.set(i, before));
      return { input, shown };
    });
    const buttons = make("div", body, { class: "live-buttons" });
    const button = (text, act) => {
      const e = make("button", buttons, { type: "button", ...own }, text);
      e.addEventListener("click", act);
      return e;
    };
    this.t = this.knobs.findIndex((k) => k.kind === "time");
    if (this.t >= 0) {
      this.player = button("Play", () => (this.playing ? this.pause() : this.play()));
      button("Step", () => { this.pause(); this.set(this.t, (this.K[this.t] + 1) % (this.knobs[this.t].count + 1)); });
    }
    if (Object.keys(spec.best).length)
      button("Best", () => { this.knobs.forEach((k, i) => k.name in spec.best && (this.K[i] = spec.best[k.name])); this.changed(); });
    button("Reset", () => this.reset());
    if (spec.change && BASE) this.code = new Code(this, body);
    this.status = make("p", body, { class: "live-status", role: "status", "aria-live": "polite" });
  }
  reset() {
    this.pause();
    this.K.set(this.first);
    this.code?.reset();
    this.off.clear();
    this.key.forEach((k) => k?.e.setAttribute("aria-pressed", true));
    this.changed();
  }
  set(i, value) { this.K[i] = value; this.changed(); }
  changed() { this.touched = true; this.update(); }
  play() {
    const k = this.knobs[this.t], seconds = clip(k.count / 20, 2, 6);
    let from = this.K[this.t] >= k.count ? 0 : this.K[this.t], began;
    this.player.textContent = "Pause";
    const frame = (now) => {
      began ??= now;
      const t = Math.min(k.count, Math.floor(from + ((now - began) / 1000 / seconds) * k.count));
      this.set(this.t, t);
      if (t >= k.count) this.pause();
      else if (this.playing) this.playing = requestAnimationFrame(frame);
    };
    this.playing = requestAnimationFrame(frame);
  }
  pause() {
    cancelAnimationFrame(this.playing);
    this.playing = 0;
    if (this.player) this.player.textContent = "Play";
  }
  // Handles and clicks
  move(panel, h, [u, v]) {
    const { pair, fixed } = panel.handles[h];
    [u, v].forEach((at, axis) => {
      if (fixed[axis]) return;
      const k = this.knobs[pair[axis]];
      this.K[pair[axis]] = k.at(k.of(clip(at, k.low, k.high)));
    });
    this.changed();
  }
  at(panel, event) {
    const box = panel.canvas.getBoundingClientRect();
    return panel.scale.back(event.clientX - box.left, event.clientY - box.top);
  }
  drag(panel, h, e) {
    e.addEventListener("pointerdown", (event) => { e.setPointerCapture(event.pointerId); });
    e.addEventListener("pointermove", (event) => { if (e.hasPointerCapture(event.pointerId)) this.move(panel, h, this.at(panel, event)); });
    e.addEventListener("keydown", (event) => {
      const way = { ArrowRight: [0, 1], ArrowLeft: [0, -1], ArrowUp: [1, 1], ArrowDown: [1, -1], Home: [2, 0] }[event.key];
      if (!way) return;
      const { pair, fixed } = panel.handles[h];
      if (way[0] === 2) pair.forEach((i, axis) => fixed[axis] || (this.K[i] = this.first[i]));
      else if (!fixed[way[0]]) {
        const i = pair[way[0]], k = this.knobs[i];
        this.K[i] = k.at(clip(k.of(this.K[i]) + way[1] * (event.shiftKey ? 10 : 1), 0, k.count));
      }
      event.preventDefault();
      event.stopPropagation();
      this.changed();
    });
  }
  nearest(panel, [u, v]) {
    const far = panel.handles.map(({ pair, fixed }) => {
      const [x, y] = pair.map((i, axis) => (fixed[axis] ? i : this.K[i]));
      return Math.hypot(panel.scale.x(x) - panel.scale.x(u), panel.scale.y(y) - panel.scale.y(v));
    });
    return far.indexOf(Math.min(...far));
  }
  click(panel) {
    const { canvas } = panel;
    let held = -1;
    canvas.style.cursor = "crosshair";
    canvas.addEventListener("pointerdown", (event) => {
      if (event.pointerType === "touch") return; // a finger may be scrolling: it waits for the click
      const at = this.at(panel, event);
      canvas.setPointerCapture(event.pointerId);
      this.move(panel, (held = this.nearest(panel, at)), at);
    });
    canvas.addEventListener("pointermove", (event) => { if (held >= 0) this.move(panel, held, this.at(panel, event)); });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (held = -1));
    canvas.addEventListener("click", (event) => {
      const at = this.at(panel, event);
      if (event.pointerType === "touch") this.move(panel, this.nearest(panel, at), at);
    });
  }
  // The address: #figure;knob=value;…&another;…, of those that were changed, the last one first.
  read() {
    let parts = [];
    try { parts = decodeURIComponent(location.hash.slice(1)).split("&").map((part) => part.split(";")); } catch { /* no address of ours */ }
    const at = parts.findIndex(([name, ...rest]) => name === this.anchor && rest.length);
    if (!this.anchor || at < 0) return;
    this.pause();
    this.K.set(this.first);
    for (const part of parts[at].slice(1)) {
      const [knob, value] = part.split("="), i = this.knobs.findIndex((k) => k.name === knob);
      if (i >= 0 && value?.trim() && Number.isFinite(Number(value))) {
        const k = this.knobs[i], v = clip(Number(value), k.low, k.high);
        this.K[i] = k.values || k.kind === "time" ? k.at(k.of(v)) : v;
      }
    }
    if (!at) this.root.scrollIntoView();
  }
  // What it adds to the address; nothing in the first state.
  address() {
    const parts = this.knobs.flatMap((k, i) => (this.K[i] === this.first[i] ? [] : [`${k.name}=${this.K[i]}`]));
    return this.anchor && parts.length ? [[this.anchor, ...parts].join(";")] : [];
  }
  write() {
    if (!this.anchor) return;
    const mine = this.address(), others = figures.flatMap((f) => (f === this ? [] : f.address()));
    history.replaceState(history.state, "", `#${[...(mine.length ? mine : others.length ? [] : [this.anchor]), ...others].join("&")}`);
  }
  // What it shows now
  update() {
    this.place();
    this.due ??= requestAnimationFrame(() => { this.due = undefined; this.draw(); });
  }
  place() { // at once, not with the next frame: the next key goes on from here
    this.knobs.forEach((k, i) => {
      const made = this.inputs[i];
      if (!made) return;
      made.input.value = made.shown ? k.of(this.K[i]) : this.K[i];
      if (made.shown) {
        made.shown.textContent = E.shown(this.K[i], 4);
        made.input.setAttribute("aria-valuetext", made.shown.textContent);
      }
    });
  }
  state() { return Object.fromEntries(this.knobs.map((k, i) => [k.name, this.K[i]])); }
  drawn() {
    return { state: [...this.K], says: this.says.textContent, keys: this.key.map((k) => k?.number.textContent ?? null),
      marks: this.shown.map((m) => m && [...m.y]) };
  }
  draw() {
    // What is read is read before anything is written: else styles are computed twice.
    const { color, fontFamily } = getComputedStyle(this.root);
    this.dark = color.match(/[\d.]+/g).slice(0, 3).reduce((a, b) => a + Number(b), 0) > 380;
    this.font = `14px ${fontFamily || "sans-serif"}`;
    if (this.panels[0].w === undefined) this.measure();
    this.code?.follow();
    this.shown = this.figure.marks(this.K, false, this.code?.paths);
    this.key.forEach((key, i) => {
      if (!key) return;
      const m = this.spec.marks[i];
      key.swatch.style.borderTop = `3px ${m.dots ? "dotted" : m.dash.length ? "dashed" : "solid"} ${this.color(m.color)}`;
      key.number.textContent = m.kind === "trace" ? E.shown(this.shown[i].y.at(-1)) : "";
    });
    this.panels.forEach((panel, n) => this.paint(panel, n));
    const words = this.figure.says(this.K, this.shown);
    this.says.textContent = words;
    this.root.dataset.state = JSON.stringify(this.state());
    clearTimeout(this.rest);
    if (this.touched)
      this.rest = setTimeout(() => {
        this.touched = false;
        this.status.textContent = words || this.spec.marks.flatMap((m, i) => (this.key[i] && m.kind === "trace" ? [`${m.label} ends at ${E.shown(this.shown[i].y.at(-1))}`] : [])).join(", ");
        if (!this.playing) this.write();
      }, 600);
  }
  // How large the panels are: asked when that has changed, for the page must be laid out to say it.
  measure() { for (const panel of this.panels) [panel.w, panel.h] = [panel.box.clientWidth, panel.box.clientHeight]; }
  // A colour of the book, lighter in the dark, where black is white.
  color(hex) {
    if (!this.dark) return hex;
    const part = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
    if (Math.max(...part) < 40) return "#eeeeee";
    return `rgb(${part.map((v) => Math.round(v + (255 - v) * 0.3)).join(" ")})`;
  }
  scale(panel, w, h) {
    let [left, right, top, bottom] = [46, 16, 24, 36];
    if (panel.equal) {
      const side = Math.min((w - left - right) / (panel.x[1] - panel.x[0]), (h - top - bottom) / (panel.y[1] - panel.y[0]));
      const spare = w - left - right - side * (panel.x[1] - panel.x[0]);
      left += spare / 2;
      right += spare / 2;
      bottom = h - top - side * (panel.y[1] - panel.y[0]);
    }
    const axis = ([a, b], log, from, to) => {
      const f = log ? Math.log : (v) => v, [fa, fb] = [f(a), f(b)];
      const go = (v) => from + ((f(v) - fa) / (fb - fa)) * (to - from);
      const back = (p) => { const v = fa + ((p - from) / (to - from)) * (fb - fa); return log ? Math.exp(v) : v; };
      return [go, back];
    };
    const [x, xb] = axis(panel.x, panel.xlog, left, w - right), [y, yb] = axis(panel.y, panel.ylog, h - bottom, top);
    return { x, y, back: (px, py) => [xb(px), yb(py)], left, right: w - right, top, bottom: h - bottom };
  }
  ticks([a, b], log, room) {
    if (log && b / a > 20) {
      const from = Math.ceil(Math.log10(a) - 1e-9), to = Math.floor(Math.log10(b) + 1e-9), every = Math.max(1, Math.ceil((to - from) / room));
      return Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, i) => 10 ** (from + i * every));
    }
    const rough = (b - a) / room, unit = 10 ** Math.floor(Math.log10(rough)), found = [];
    let step = unit * [1, 2, 5, 10].find((m) => m * unit >= rough);
    if (b - a < 3 * step) step /= 2;
    for (let i = Math.ceil(a / step - 1e-9); i * step <= b + 1e-9 * step; i++) found.push(i * step);
    return found;
  }
  paint(panel, n) {
    const { canvas, w, h } = panel, ratio = window.devicePixelRatio || 1;
    if (!w) return;
    if (canvas.width !== Math.round(w * ratio) || canvas.height !== Math.round(h * ratio)) {
      canvas.width = Math.round(w * ratio);
      canvas.height = Math.round(h * ratio);
    }
    const c = canvas.getContext("2d"), s = (panel.scale = this.scale(panel, w, h)), ink = this.dark ? "#dfe2e6" : "#333";
    c.setTransform(ratio, 0, 0, ratio, 0, 0);
    c.clearRect(0, 0, w, h);
    c.font = this.font;
    const marks = this.spec.marks.map((m, i) => [m, i]).filter(([m]) => m.panel === n);
    marks.filter(([m]) => m.kind === "heat").forEach(([m, i]) => { c.imageSmoothingEnabled = !m.kept; c.drawImage(this.heat(m, i, s), s.left, s.top, s.right - s.left, s.bottom - s.top); });
    c.strokeStyle = ink;
    c.fillStyle = ink;
    c.lineWidth = 1;
    c.globalAlpha = 0.75;
    c.beginPath();
    c.moveTo(s.left, s.top);
    c.lineTo(s.left, s.bottom);
    c.lineTo(s.right, s.bottom);
    c.stroke();
    c.globalAlpha = 1;
    c.textAlign = "center";
    for (const v of this.ticks(panel.x, panel.xlog, (s.right - s.left) / 70)) c.fillText(E.shown(v), s.x(v), s.bottom + 16);
    c.textAlign = "right";
    for (const v of this.ticks(panel.y, panel.ylog, (s.bottom - s.top) / 45)) c.fillText(E.shown(v), s.left - 5, s.y(v) + 4);
    c.fillText(panel.xlabel, s.right, s.bottom + 31);
    c.textAlign = "left";
    c.fillText(panel.ylabel, 4, 14);
    c.save();
    c.beginPath();
    c.rect(s.left, s.top, s.right - s.left, s.bottom - s.top);
    c.clip();
    for (const [m, i] of marks) if (m.kind !== "heat" && !this.off.has(m.label)) this.line(c, s, m, this.shown[i]);
    for (const { of, minima } of panel.minima)
      for (const [x, y] of minima[of === null ? 0 : this.K[of]]) this.star(c, s.x(x), s.y(y));
    c.restore();
    for (const [m, i] of marks) if (m.kind !== "heat" && !this.off.has(m.label)) this.end(c, s, m, this.shown[i]);
    for (const { pair, fixed, e } of panel.handles) {
      const [x, y] = pair.map((i, axis) => (fixed[axis] ? i : this.K[i]));
      e.style.left = `${(100 * clip(s.x(x), s.left, s.right)) / w}%`; // stays inside while the page is resized
      e.style.top = `${(100 * clip(s.y(y), s.top, s.bottom)) / h}%`;
    }
  }
  line(c, s, m, { x, y }) {
    c.strokeStyle = c.fillStyle = this.color(m.color);
    c.lineWidth = 2;
    c.beginPath();
    this.length = 0;
    let on = false, joined = false, px, py; // whether there is a point before, and the line ends there
    const far = 1e5;
    for (let i = 0; i < x.length; i++) {
      const [fromX, fromY] = [px, py];
      px = clip(s.x(x[i]), -far, far);
      py = clip(s.y(y[i]), -far, far);
      if (px !== px || py !== py) { on = joined = false; continue; }
      if (m.dots) { c.moveTo(px + 3.5, py); c.arc(px, py, 3.5, 0, 7); }
      else if (on) joined = this.segment(c, s, fromX, fromY, px, py, joined);
      on = true;
    }
    if (this.length < 20 * (s.right - s.left)) c.setLineDash(m.dash); // of what goes to and fro no dash is seen, and each costs time
    m.dots ? c.fill() : c.stroke();
    c.setLineDash([]);
    if (m.dots || m.kind === "curve") return;
    if (m.kind !== "path" || x.length >= 90) return;
    c.beginPath();
    for (let i = 0; i < x.length; i++) {
      const px = s.x(x[i]), py = s.y(y[i]);
      if (!(px > s.left - 3 && px < s.right + 3 && py > s.top - 3 && py < s.bottom + 3)) continue;
      c.moveTo(px + 2.5, py);
      c.arc(px, py, 2.5, 0, 7);
    }
    c.fill();
  }
  // The part of a segment that is in the frame or near it: what lies far outside costs time, dashed
  // most of all. Whether it reaches its end.
  segment(c, s, x, y, toX, toY, joined) {
    let from = 0, to = 1;
    for (const [way, low, high] of [[toX - x, s.left - 9 - x, s.right + 9 - x], [toY - y, s.top - 9 - y, s.bottom + 9 - y]]) {
      if (way === 0 && (low > 0 || high < 0)) return false;
      if (way === 0) continue;
      from = Math.max(from, Math.min(low / way, high / way));
      to = Math.min(to, Math.max(low / way, high / way));
    }
    if (from > to) return false;
    if (from > 0 || !joined) c.moveTo(x + from * (toX - x), y + from * (toY - y));
    this.length += (to - from) * Math.hypot(toX - x, toY - y);
    if (to === 1) c.lineTo(toX, toY);
    else c.lineTo(x + to * (toX - x), y + to * (toY - y));
    return to === 1;
  }
  // Where a run ends there is a dot, whole on the frame, and none beyond it.
  end(c, s, m, { x, y }) {
    if (m.dots || m.kind === "curve") return;
    const px = s.x(x.at(-1)), py = s.y(y.at(-1));
    if (!(px >= s.left - 1 && px <= s.right + 1 && py >= s.top - 1 && py <= s.bottom + 1)) return;
    c.fillStyle = this.color(m.color);
    c.beginPath();
    c.arc(px, py, 4.5, 0, 7);
    c.fill();
  }
  star(c, x, y) {
    c.beginPath();
    for (let i = 0; i < 10; i++) {
      const r = i % 2 ? 3.4 : 8, a = (i * Math.PI) / 5;
      c.lineTo(x + r * Math.sin(a), y - r * Math.cos(a));
    }
    c.closePath();
    c.fillStyle = "#fff";
    c.strokeStyle = "#000";
    c.lineWidth = 1.5;
    c.fill();
    c.stroke();
  }
  // A map is drawn anew only when a number that it depends on has changed.
  heat(m, i, s) {
    const cell = m.run === undefined ? 2 : 9, [nx, ny] = m.kept ? [m.kept[0][0].length, m.kept[0].length] : [s.right - s.left, s.bottom - s.top].map((size) => Math.max(2, Math.round(size / cell)));
    const used = [...this.K].filter((_, k) => m.depends.includes(k));
    const known = [nx, ny, this.dark, ...used].join();
    const before = this.heats.get(i);
    if (before?.known === known) return before.image;
    const z = this.figure.heat(i, this.K, nx, ny).y, fits = before && before.image.width === nx && before.image.height === ny;
    const image = fits ? before.image : make("canvas", null, { width: nx, height: ny });
    const c = image.getContext("2d"), data = c.createImageData(nx, ny), pixels = data.data;
    const greys = Array.from({ length: 10 }, (_, n) => (this.dark ? 30 + (62 * n) / 9 : 252 - (56 * n) / 9));
    let least = Infinity, most = -Infinity;
    for (const v of z) { if (v < least) least = v; if (v > most && v < Infinity) most = v; }
    const [a, b] = m.bands ? [0, Math.log1p(most - least)] : m.zlog ? m.limits.map(Math.log) : m.limits;
    for (let j = 0; j < ny; j++)
      for (let k = 0; k < nx; k++) {
        const v = z[(ny - 1 - j) * nx + k], at = 4 * (j * nx + k);
        let part = ((m.bands ? Math.log1p(v - least) : m.zlog ? Math.log(v) : v) - a) / (b - a);
        if (part !== part || v === Infinity) continue; // nothing is drawn there
        part = clip(part, 0, 1);
        if (m.bands) pixels[at] = pixels[at + 1] = pixels[at + 2] = greys[Math.min(9, Math.floor(part * 10))];
        else {
          const half = part < 0.5 ? 0 : 1, f = part * 2 - half, from = HEAT[half], to = HEAT[half + 1];
          for (let q = 0; q < 3; q++) pixels[at + q] = from[q] + (to[q] - from[q]) * f;
        }
        pixels[at + 3] = 255;
      }
    c.putImageData(data, 0, 0);
    this.heats.set(i, { known, image });
    return image;
  }
}
// The lines of a rule, to be changed: real Python runs them in a worker of its own.
class Code {
  constructor(figure, parent) {
    this.figure = figure;
    this.runs = figure.spec.runs.flatMap((r, i) => (r.change ? [i] : []));
    this.text = figure.spec.change;
    this.paths = {};
    const fold = make("details", parent, { class: "live-code" });
    make("summary", fold, own, "Change it");
    const name = this.target = this.text.match(/def (\w+)/)[1];
    this.editor = new Editor(fold, this.text, name, () => {
      clearTimeout(this.typed);
      this.typed = setTimeout(() => { this.changed = this.editor.text !== this.text; this.asked = null; this.kept(this.editor.text); if (!this.changed) this.reset(); figure.update(); }, 300);
    });
    this.error = make("p", fold, { class: "live-error", role: "status" });
    make("button", fold, { type: "button", ...own }, "Write it yourself").addEventListener("click", () => {
      const body = this.text.match(/^def[^]*?:\n( {4}"""[^]*?"""\n)?/)[0];
      this.editor.put(body + "    ");
      this.editor.field.focus();
    });
    fold.append(" ");
    make("button", fold, { type: "button", ...own }, "Reset the lines").addEventListener("click", () => { this.kept(null); this.reset(); figure.update(); });
    this.python = new Python(new URL("python/worker.js", BASE), 3, (data) => this.told(data), () => figure.update());
    fold.addEventListener("toggle", () => {
      if (!fold.open) return;
      this.python.start();
      const mine = this.kept();
      if (mine && !this.changed) this.editor.put(mine);
    });
  }
  kept(text) { return kept(`tinytorch-lines:${this.target}`, text === this.text ? null : text); }
  say(text, line) {
    this.error.textContent = text;
    this.editor.mark(line);
  }
  reset() {
    this.changed = false;
    this.paths = {};
    this.asked = null;
    this.editor.text = this.text;
    this.say("");
  }
  told(data) {
    if (data.late) { this.say(data.error); return; }
    if (!this.changed) return;
    if (data.error) this.say(data.error, data.line);
    else {
      this.say(this.figure.spec.trial ? this.verdict(data.paths.shift(), data.divided) : this.compared(data.paths[0]));
      data.paths.forEach((path, i) => (this.paths[this.runs[i]] = path));
    }
    this.figure.update();
  }
  // On the trial, where each known mistake shows: right, a mistake by its name, or neither.
  verdict(path, divided) {
    const at = this.parts(path, this.figure.spec.trial.right);
    return at < 0 ? "These lines do what the package's do."
      : this.known(path, divided) ?? `Another rule: it parts from the package's at step ${at} of the trial${Number.isFinite(path[at]) ? "" : ", with no finite number"}.`;
  }
  // A schedule, against the page's own in this state.
  compared(factors) {
    const { figure, K } = this.figure, [i] = this.runs;
    const at = this.parts(figure.rates(i, K, factors), figure.rates(i, K));
    return at < 0 ? "These lines do what the page's do." : `Another schedule: it parts from the page's at step ${at}.`;
  }
  // Numbers that are none name a mistake only if a division by zero made them: much else does.
  known(path, divided) {
    const tells = (m) => divided || m.path.slice(1).some((v) => v !== null);
    const found = this.figure.spec.trial.mistakes.find((m) => tells(m) && this.parts(path, m.path) < 0);
    return found && `A known mistake: ${found.name}. ${found.explanation}`;
  }
  parts(path, other) {
    const near = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b)) || !(Number.isFinite(a) || Number.isFinite(b));
    return path.findIndex((v, i) => !near(v, other[i] ?? NaN));
  }
  // Ask for the ways of the changed rule in the figure's state, one question at a time.
  follow() {
    const key = [...this.figure.K].filter((_, i) => i !== this.figure.t).join();
    if (!this.changed || this.python.busy || this.asked === key) return;
    this.python.start();
    if (!this.python.ready) { this.say("Python is being loaded …"); return; }
    this.asked = key;
    this.python.ask({ source: this.editor.text, target: this.target, jobs: [this.figure.spec.trial ?? [], this.runs.map((i) => this.figure.figure.job(i, this.figure.K))].flat() });
  }
}
const figures = [];
const scan = () => {
  for (const root of document.querySelectorAll(".live-figure:not([data-live])")) {
    if (!root.isConnected || root.dataset.failed) continue;
    try { figures.push(new Figure(root)); }
    catch (error) { root.dataset.failed = "1"; root.querySelector(".live-body")?.remove(); console.error(error); }
  }
};
make("style", document.head, {}, STYLE + EDITOR);
new MutationObserver(() => figures.forEach((f) => f.root.isConnected && f.update())).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "class"], subtree: false });
addEventListener("hashchange", () => figures.forEach((f) => { f.read(); f.update(); }));
window.tinyLive = { scan, E, figures };
scan();
