// The workbook in the page: a step is written, tried, kept in this browser, taken along as a file.
const HERE = document.currentScript.src;
const LOOK = `${EDITOR}
.workbook{margin:1.5rem 0;overflow-wrap:anywhere}
.workbook[open]>summary{margin-bottom:.8rem}
.workbook details{margin:.2rem 0}
.workbook details summary{min-height:44px;padding:.6rem 0;border:0;text-decoration:underline}
.workbook button{min-height:44px;margin:0 .5rem .5rem 0;padding:.2rem .9rem;border:1px solid var(--pst-color-border,#bbb);border-radius:6px;background:none;color:inherit;font:inherit}
.workbook .workbook-try{border-color:currentColor;font-weight:600}
.workbook-says{margin:.4rem 0 .8rem;padding:.2rem 0 .2rem .8rem;border-left:3px solid #d55e00;font:.85rem/1.5 var(--pst-font-family-monospace,monospace);white-space:pre-wrap;overflow-wrap:anywhere}
.workbook[data-state=right] .workbook-says{border-left-color:#009e73}
.workbook-says:empty{border-color:transparent}`;
make("style", document.head, {}, LOOK);
const NUMBERS = { NaN, Infinity, "-Infinity": -Infinity };
const books = [...document.querySelectorAll("details.workbook")];
let record, asking, waiting; // the step that is tried; the one that Python is loaded for

const fetched = async (name) => {
  const answer = await fetch(new URL(`python/${name}`, HERE));
  if (!answer.ok) throw new Error(answer.status);
  return JSON.parse(await answer.text(), (_, v) => NUMBERS[v] ?? v);
};
const place = (target) => `tinytorch-workbook:${record.number}:${target}`;
// Answers that were written, by target.
const written = (targets = Object.keys(record.exercises)) =>
  targets.flatMap((t) => { const text = kept(place(t)); return text === null ? [] : [[t, text]]; });
// The workbook with answers in the place of its blanks, and the first line of each.
const assembled = (answers, text = (piece) => piece) => {
  const starts = [];
  const all = record.pieces.reduce((sum, piece) => {
    if (typeof piece === "string") return sum + text(piece);
    const [target, indent] = piece;
    starts.push([sum.split("\n").length, target]);
    return sum + answers[target].trimEnd().replace(/^(?=.*\S)/gm, indent);
  }, "");
  return [all, starts];
};
// What it would import is there already.
const unimported = (text) => text.replace(/^(import|from) .*$/gm, "");
const python = new Python(new URL("python/bench.js", HERE), 5, (data) => asking?.told(data), () => waiting?.ask());

class Step {
  constructor(root) {
    this.root = root;
    this.targets = root.dataset.step.split(" ");
    root.querySelectorAll(":scope > :not(summary)").forEach((e) => (e.hidden = true));
    const body = make("div", root, { role: "group", "aria-label": root.querySelector("summary").textContent });
    this.editors = this.targets.map((target) => {
      const { blank, write, hints } = record.exercises[target];
      const told = make("p", body);
      make("code", told, {}, target);
      told.append(`: ${write}.`);
      const editor = new Editor(body, kept(place(target)) ?? blank, target, () => {
        kept(place(target), editor.text === blank ? null : editor.text);
        this.count();
      });
      editor.field.rows = Math.max(blank.split("\n").length, record.answers[target].split("\n").length) + 1;
      editor.field.addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.ask(); }, true);
      hints.forEach((hint, i) => {
        const fold = make("details", body);
        make("summary", fold, {}, hints.length > 1 ? `Hint ${i + 1}` : "Hint");
        hint.split("`").forEach((part, n) => (n % 2 ? make("code", fold, {}, part) : fold.append(part)));
      });
      return editor;
    });
    const button = (text, act, set) => {
      const e = make("button", body, { type: "button", ...set }, text);
      e.addEventListener("click", act);
      return e;
    };
    button("Try it", () => this.ask(), { class: "workbook-try" });
    this.again = button("Start again", () => this.anew());
    button(`Download ${record.file}`, () => this.download());
    this.says = make("p", body, { class: "workbook-says", role: "status" });
    this.counted = make("p", body);
    this.count();
  }
  count() {
    const all = Object.keys(record.exercises).length, folder = `modules/source/${record.folder}`;
    this.counted.textContent = `${written().length} of the ${all} answers are written; they stay in this browser. As ${folder}/${record.file}, the download is graded by “tito test ${record.number}”, and “tito export ${record.number}” puts it in the package's place.`;
  }
  tell(state, text) {
    this.root.dataset.state = state;
    this.says.textContent = text;
  }
  ask() {
    this.editors.forEach((editor) => editor.mark());
    const answers = written(this.targets);
    if (!answers.length) { this.tell("", `Nothing is written yet. Still to do: ${this.targets.map((t) => `${t}: ${record.exercises[t].write}`).join("; ")}.`); return; }
    if (python.busy) return;
    asking = this;
    python.start();
    waiting = python.ready ? null : this;
    if (waiting) { this.tell("", "Python is being loaded …"); return; }
    this.tell("", "It is being tried …");
    this.asked = answers;
    const [text, starts] = assembled({ ...record.answers, ...Object.fromEntries(answers) }, unimported);
    python.ask({ step: record.steps[this.targets.join(" ")], checks: record.checks, text, starts, answers });
  }
  told({ error, state, target, line, told }) {
    if (error) { this.tell("error", error); return; }
    if (state === "right") {
      const left = this.targets.filter((t) => !this.asked.some(([name]) => name === t));
      const count = record.steps[this.targets.join(" ")].checks.length;
      this.tell("right", `Right: it does what the package does, in all ${count} checks of “tito test ${record.number}” that try it, each with two sets of numbers. That command runs it with NumPy itself, and has the last word.${left.length ? ` Still to write in this step: ${left.join(", ")}.` : ""}`);
      return;
    }
    if (target && line) this.editors[this.targets.indexOf(target)].mark(line);
    this.tell(state, (target && line ? `Line ${line} of ${target}\n` : "") + told);
  }
  // Blank again; the same button brings back what was there.
  anew() {
    const before = this.before ?? null;
    this.before = before ? null : this.editors.map((editor) => editor.text);
    this.editors.forEach((editor, i) => editor.put(before ? before[i] : record.exercises[this.targets[i]].blank));
    this.again.textContent = before ? "Start again" : "Bring it back";
    this.tell("", "");
  }
  download() {
    const answers = Object.fromEntries(Object.entries(record.exercises).map(([t, e]) => [t, e.unwritten]));
    const [text] = assembled({ ...answers, ...Object.fromEntries(written()) });
    const link = make("a", null, { download: record.file, href: URL.createObjectURL(new Blob([text], { type: "text/x-python" })) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }
}
const begin = async (root) => {
  if (!root.open || root.dataset.begun) return;
  root.dataset.begun = "1";
  const status = make("p", root, { role: "status" }, "The workbook is being loaded …");
  try {
    record ??= await (begin.record ??= fetched("workbook.json"));
    python.start();
    new Step(root);
    status.remove();
  } catch (error) {
    begin.record = null;
    delete root.dataset.begun;
    status.textContent = "The workbook could not be loaded here: the site must be served, not opened as a file.";
    console.warn(error);
  }
};
books.forEach((root) => {
  root.addEventListener("toggle", () => begin(root));
  begin(root);
});
