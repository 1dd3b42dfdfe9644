// Bets (book/_ext/book_parts/bets.py): takes a guess, uncovers the answer, keeps the score on this machine.
(() => {
  if (window.bookBets) return;
  window.bookBets = true;
  const KEY = "tinytorch-bets";
  const plain = (value) => (value && typeof value === "object" && !Array.isArray(value) ? value : {});
  const read = () => {
    const text = localStorage.getItem(KEY);
    try { return plain(JSON.parse(text)); } catch { return {}; }
  };
  let kept = {};
  try { kept = read(); } catch { /* nothing can be kept here */ }
  const keep = (name) => {
    try { // beside what another tab has kept in the meantime
      kept = { ...read(), [name]: kept[name] };
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch { /* nor now */ }
  };
  const make = (tag, parent, set = {}, text) => {
    const e = document.createElement(tag);
    for (const [name, value] of Object.entries(set)) e.setAttribute(name, value);
    if (text !== undefined) e.textContent = text;
    parent?.append(e);
    return e;
  };
  const number = (text) => {
    const english = text.trim().replace(/−/g, "-").replace(/[\s%]/g, "").replace(/,(?=\d{3}\b)/g, "").replace(",", ".");
    return /^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i.test(english) ? Number(english) : NaN;
  };
  const all = [...document.querySelectorAll("details.bet")];
  const over = new Map();  // what is covered, and the bets that it waits for
  const score = (names) => {
    const placed = names.filter((n) => kept[n]?.guess !== undefined);
    return [placed.filter((n) => kept[n].right).length, placed.length];
  };
  let board;
  const tell = () => {
    const [right, placed] = score(all.map((bet) => bet.dataset.name)), [rightAll, placedAll] = score(Object.keys(kept));
    board.hidden = !placedAll;
    board.firstChild.textContent = `Your bets on this page: ${right} of ${placed} right. In the book: ${rightAll} of ${placedAll}. `;
  };
  const begin = (bet) => {
    const { name, answer, within, unit, covers, curve } = bet.dataset;
    const options = bet.dataset.options?.split(",").map((o) => o.trim());
    const covered = (covers?.split(",") ?? []).map((id) => document.getElementById(id.trim()) ?? document.querySelector(`.cell.tag_${CSS.escape(id.trim())}`)).filter(Boolean);
    const box = make("div", null, { class: "bet-box", role: "group", "aria-label": bet.querySelector("summary").textContent });
    bet.before(box);
    make("p", box, { class: "bet-question" }, bet.querySelector("summary").textContent);
    const form = make("form", box), verdict = make("p", box, { class: "bet-verdict", role: "status", tabindex: -1 });
    const open = () => {
      form.remove();
      for (const cover of covered) {
        const waiting = over.get(cover);
        waiting.delete(bet);
        cover.classList.toggle("bet-covered", waiting.size > 0);
      }
      bet.open = true;
      bet.hidden = false;
      bet.classList.add("bet-open");
      box.after(bet);
      dispatchEvent(new Event("resize"));
    };
    const judge = (guess) => {
      if (curve) {
        const truth = JSON.parse(answer), [, , low, high] = curve.split(",").map(Number);
        const off = truth.reduce((sum, v, i) => sum + Math.abs(v - guess[i]), 0) / truth.length / (high - low);
        return [off < Number(within) / 100, `on average ${Math.round(100 * off)} % of the axis away`];
      }
      if (options) return [guess === answer, `it is ${answer}`];
      const truth = number(answer);
      const right = Math.abs(guess - truth) <= (Math.abs(truth) * Number(within)) / 100 + 1e-12;
      return [right, `it is ${answer}${unit ? " " + unit : ""}`];
    };
    // What was kept may be spoiled, or an answer to what the page no longer asks.
    const possible = (guess) =>
      curve ? Array.isArray(guess) && guess.length === JSON.parse(answer).length && guess.every(Number.isFinite)
        : options ? options.includes(guess) : Number.isFinite(guess);
    const reveal = () => {
      open();
      const { guess } = kept[name];
      if (guess === undefined) return (verdict.textContent = "Shown without a bet.");
      const [right, truth] = judge(guess);
      kept[name].right = right;
      const said = curve ? "Your curve" : `You said ${guess}`;
      verdict.textContent = `${said}: ${right ? "right" : "not so"}, ${truth}.`;
      box.dataset.right = right;
      if (curve) draw(box, guess, JSON.parse(answer), curve);
      covered.forEach((cover) => mark(cover, guess));
      tell();
    };
    const settle = (placed) => {
      kept[name] = placed;
      reveal();
      keep(name);
      verdict.focus(); // the control that had it is gone
    };
    const place = (guess) => settle({ guess });
    if (curve) sketch(form, curve, JSON.parse(answer).length, place);
    else if (options)
      for (const option of options) make("button", form, { type: "button" }, option).addEventListener("click", () => place(option));
    else {
      const label = make("label", form, {}, "Your number ");
      const input = make("input", label, { inputmode: "decimal", autocomplete: "off", size: 8, maxlength: 40 });
      if (unit) label.append(` ${unit}`);
      make("button", form, { type: "submit" }, "Bet");
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        const guess = number(input.value);
        if (Number.isFinite(guess)) place(guess);
        else { verdict.textContent = `“${input.value.slice(0, 40)}” is not a number.`; input.focus(); }
      });
    }
    form.addEventListener("submit", (event) => event.preventDefault());
    make("button", form, { type: "button", class: "bet-show" }, "Show me").addEventListener("click", () => settle({}));
    bet.hidden = true;
    for (const cover of covered) {
      if (!over.has(cover)) over.set(cover, new Set());
      over.get(cover).add(bet);
      cover.classList.add("bet-covered");
    }
    const before = kept[name], sound = before === plain(before) && (!("guess" in before) || possible(before.guess));
    if (sound) reveal();
    else delete kept[name];
  };
  // The guess stands in a live figure's legend too.
  const mark = (cover, guess) => {
    const legend = () => cover.querySelectorAll(".live-key button").forEach((button) => {
      if (!button.querySelector("i") && button.textContent.startsWith(String(guess))) make("i", button, {}, " your bet");
    });
    legend();
    new MutationObserver(legend).observe(cover, { childList: true, subtree: true });
  };
  const points = (values, [low, high]) =>
    values.map((v, i) => `${(300 * i) / (values.length - 1)},${120 - (120 * (v - low)) / (high - low)}`).join(" ");
  const SVG = "http://www.w3.org/2000/svg";
  const plot = (parent) => {
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of Object.entries({ viewBox: "-4 -4 308 128", class: "bet-plot", "aria-hidden": "true" })) svg.setAttribute(name, value);
    parent.append(svg);
    return (values, ends, style) => {
      const line = svg.querySelector(`.${style}`) ?? svg.appendChild(document.createElementNS(SVG, "polyline"));
      line.setAttribute("class", style);
      line.setAttribute("points", points(values, ends));
    };
  };
  const draw = (box, guess, truth, curve) => {
    const line = plot(box), ends = curve.split(",").map(Number).slice(2);
    line(guess, ends, "bet-guess");
    line(truth, ends, "bet-truth");
  };
  const sketch = (form, curve, count, place) => {
    const [from, to, low, high] = curve.split(",").map(Number), values = Array(count).fill((low + high) / 2);
    const line = plot(form), row = make("div", form, { class: "bet-curve" });
    const show = () => line(values, [low, high], "bet-guess");
    const inputs = values.map((v, i) => {
      const at = from + ((to - from) * i) / (count - 1);
      const input = make("input", row, { type: "range", min: low, max: high, step: (high - low) / 50, value: v, "aria-label": `height at ${Number(at.toPrecision(3))}` });
      input.addEventListener("input", () => { values[i] = Number(input.value); show(); });
      return input;
    });
    const svg = form.querySelector("svg");
    const pen = (event) => {
      const box = svg.getBoundingClientRect(), part = (event.clientX - box.left) / box.width;
      const i = Math.min(count - 1, Math.max(0, Math.round(part * (count - 1))));
      values[i] = Math.min(high, Math.max(low, high - ((event.clientY - box.top) / box.height) * (high - low)));
      inputs[i].value = values[i];
      show();
    };
    svg.addEventListener("pointerdown", (event) => { svg.setPointerCapture(event.pointerId); pen(event); });
    svg.addEventListener("pointermove", (event) => svg.hasPointerCapture(event.pointerId) && pen(event));
    show();
    make("button", form, { type: "button" }, "Bet").addEventListener("click", () => place([...values]));
  };
  board = make("p", document.querySelector(".bd-article, main") ?? document.body, { class: "bet-score", role: "status" });
  board.append("");
  make("button", board, { type: "button" }, "Forget my bets").addEventListener("click", () => {
    try { localStorage.removeItem(KEY); } catch { /* nothing was kept */ }
    location.reload();
  });
  all.forEach(begin);
  tell();
})();
