// A field for lines of Python, and the worker that runs them; for figures and for the workbook.
const make = (tag, parent, set = {}, text) => {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(set)) e.setAttribute(name, value);
  if (text !== undefined) e.textContent = text;
  parent?.append(e);
  return e;
};
// Keys of JupyterLab stay away from what has the focus.
const own = { "data-lm-suppress-shortcuts": "true" };
const EDITOR = `
.live-editor{display:grid;grid-template-columns:auto 1fr;font:.85rem/1.5 var(--pst-font-family-monospace,monospace);border:1px solid var(--pst-color-border,#bbb);border-radius:6px;overflow:hidden}
.live-lines{margin:0;padding:.5rem;text-align:right;opacity:.75;background:none!important;border:0!important;font:inherit;color:inherit}
.live-lines b{background:#d55e00;color:#fff}
.live-editor textarea{min-width:0;padding:.5rem;border:0;resize:vertical;background:none;color:inherit;font:inherit;white-space:pre;overflow-x:auto;tab-size:4}
.live-error{margin:.4rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
.live-code summary{display:inline-block;box-sizing:border-box;min-height:44px;padding:.6rem .7rem;border:1px solid var(--pst-color-border,#bbb);border-radius:6px;cursor:pointer}`;
// What was written stays in this browser; null forgets it.
const kept = (place, text) => {
  try {
    if (text === undefined) return localStorage.getItem(place);
    text === null ? localStorage.removeItem(place) : localStorage.setItem(place, text);
  } catch { /* nothing can be kept here */ }
};
// Lines with their numbers; Tab and Enter indent as Python does.
class Editor {
  constructor(parent, text, name, changed) {
    const box = make("div", parent, { class: "live-editor" });
    this.lines = make("pre", box, { class: "live-lines", "aria-hidden": "true" });
    this.field = make("textarea", box, { spellcheck: "false", autocapitalize: "off", autocomplete: "off", autocorrect: "off", rows: text.trim().split("\n").length + 1,
      "aria-label": `The lines of ${name}. Tab indents; Escape, then Tab leaves the field.`, ...own });
    this.field.value = text;
    this.mark();
    this.field.addEventListener("input", () => { this.mark(); changed(); });
    this.field.addEventListener("keydown", (event) => this.key(event));
    this.field.addEventListener("scroll", () => (this.lines.scrollTop = this.field.scrollTop));
  }
  get text() { return this.field.value; }
  set text(text) {
    this.field.value = text;
    this.mark();
  }
  put(text) {
    this.field.value = text;
    this.field.dispatchEvent(new Event("input"));
  }
  mark(wrong) {
    this.lines.replaceChildren(...this.text.split("\n").flatMap((_, i) => [make(i + 1 === wrong ? "b" : "span", null, {}, String(i + 1)), "\n"]));
  }
  key(event) {
    const f = this.field, at = f.selectionStart, begin = f.value.lastIndexOf("\n", at - 1) + 1;
    event.stopPropagation();
    if (event.key === "Escape") { this.leave = true; return; }
    const put = (text, from, to) => { f.setRangeText(text, from, to, "end"); f.dispatchEvent(new Event("input")); event.preventDefault(); };
    if (event.key === "Tab" && !this.leave) {
      if (event.shiftKey) put("", begin, begin + f.value.slice(begin, begin + 4).match(/^ */)[0].length);
      else put(" ".repeat(4 - ((at - begin) % 4)), at, f.selectionEnd);
    } else if (event.key === "Enter") {
      const line = f.value.slice(begin, at);
      put("\n" + line.match(/^ */)[0] + (/:\s*(#.*)?$/.test(line) ? "    " : ""), at, f.selectionEnd);
    }
    if (event.key !== "Shift") this.leave = false;
  }
}
// Python in a worker of its own, which is ended when it takes too long.
class Python {
  constructor(url, seconds, told, ready = () => {}) { Object.assign(this, { url, seconds, told, tell: ready }); }
  start() {
    if (this.worker) return;
    this.ready = false;
    const gone = () => { this.busy = false; this.told({ error: "Python could not be loaded here.", line: 0 }); };
    try { this.worker = new Worker(this.url); }
    catch { gone(); return; }
    this.worker.onerror = gone;
    this.worker.onmessage = ({ data }) => {
      if (data.ready) { this.ready = true; this.tell(); return; }
      clearTimeout(this.limit);
      if (data.goesOn) { this.wait(); return; }
      this.busy = false;
      this.told(data);
    };
  }
  ask(task) {
    this.busy = true;
    this.worker.postMessage(task);
    this.wait();
  }
  // So long a part of it may take: a task, or what follows a message that it goes on.
  wait() {
    this.limit = setTimeout(() => {
      this.worker.terminate();
      this.worker = null;
      this.busy = false;
      this.told({ error: `It did not end within ${this.seconds} seconds: is there a loop without an end?`, line: 0, late: true });
      this.start();
    }, 1000 * this.seconds);
  }
}
