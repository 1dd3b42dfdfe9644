/* The search of the book: sections, found by the words people use, ranked by how much of a section
   they are. The index is made by this file too, when the book is built, in V8; it stands beside
   the pages as a script, so that the search also works where a page is opened from a file. */

const BookSearch = (() => {
  const COMMON = new Set(
    ("a an and are as at be been but by can could did do does for from had has have how i if in into " +
    "is it its me my of on one or our should so such than that the their them then there these they " +
    "this to use using used was we what when where which while who why will with would you your " +
    "about mean means get gets getting go goes work works explain explained vs versus difference between"
    ).split(" "));
  const FIELDS = { asked: 9, title: 7, page: 3, shown: 1.5, text: 1, code: 0.4 };
  const stemmer = new Stemmer();

  const plain = (text) => text.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").toLowerCase();
  const words = (text) => plain(text).replace(/[’']s\b/g, "").match(/[a-z0-9α-ω]+/g) || [];
  const apart = (text) => text.replace(/([a-z])([A-Z])/g, "$1 $2"); // CosineAnnealing
  const stem = (word) => (word.length < 4 ? word : stemmer.stemWord(word));

  /* sections: [{page, place, title, head, excerpt, worth, ...texts of FIELDS}] */
  function index(sections) {
    const found = new Map(), lengths = [];
    sections.forEach((section, number) => {
      const weights = new Map();
      for (const [field, weight] of Object.entries(FIELDS)) {
        const text = section[field] || "";
        const all = words(text);
        if (apart(text) !== text) all.push(...words(apart(text)));
        const share = field === "text" ? 1 : 1 / Math.sqrt(Math.max(1, all.length / 4));
        for (const word of all) {
          if (COMMON.has(word) && field === "text") continue;
          const key = stem(word);
          weights.set(key, (weights.get(key) || 0) + weight * (field === "code" ? 1 : share));
        }
      }
      lengths.push([...weights.values()].reduce((a, b) => a + b, 0));
      for (const [key, weight] of weights) {
        if (!found.has(key)) found.set(key, []);
        found.get(key).push([number, weight]);
      }
    });
    const mean = lengths.reduce((a, b) => a + b, 0) / Math.max(1, lengths.length);
    const entries = {};
    for (const [key, places] of [...found].sort((a, b) => (a[0] < b[0] ? -1 : 1))) {
      const rare = Math.log(1 + (sections.length - places.length + 0.5) / (places.length + 0.5));
      let before = 0;
      entries[key] = places.flatMap(([number, weight]) => {
        const share = weight / (weight + 2 * (0.4 + 0.6 * lengths[number] / mean));
        const step = number - before;
        before = number;
        const worth = sections[number].worth || 1;
        return [step, Math.max(1, Math.round(40 * rare * share * worth))];
      });
    }
    return {
      entries,
      sections: sections.map((s) => [s.page, s.place, s.title, s.head, s.excerpt]),
    };
  }

  function near(a, b, most) { // whether few enough letters differ
    if (Math.abs(a.length - b.length) > most) return false;
    let row = Array.from({ length: b.length + 1 }, (_, j) => j), last = null;
    for (let i = 1; i <= a.length; i++) {
      const next = [i];
      for (let j = 1; j <= b.length; j++) {
        next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (a[i - 1] !== b[j - 1]));
        if (last && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) next[j] = Math.min(next[j], last[j - 2] + 1);
      }
      last = row; row = next;
    }
    return row[b.length] <= most;
  }

  /* What a word of the query may stand for: itself; as it is typed, its beginnings; if nobody wrote
     it, what looks like it. */
  function meant(made, word, typing) {
    const key = stem(word), entries = made.entries;
    const keys = key in entries ? [[key, 1]] : [];
    if (typing && word.length > 1)
      for (const other in entries)
        if (other !== key && other.startsWith(word)) keys.push([other, 0.6]);
    if (!keys.length && word.length > 3)
      for (const other in entries)
        if (other[0] === word[0] && near(key, other, key.length > 6 ? 2 : 1)) keys.push([other, 0.5]);
    return keys;
  }

  function find(made, query, typing = false) {
    const all = words(query);
    const said = all.filter((word) => !COMMON.has(word));
    const places = said.length === 1 ? (made.entries[stem(said[0])] || []).length / 2 : 0;
    const asked = said.length && places < 60 ? said : all; // one word that is everywhere says little
    const scores = new Map();
    asked.forEach((word, at) => {
      const best = new Map();
      for (const [key, worth] of meant(made, word, typing && at === asked.length - 1)) {
        const places = made.entries[key];
        for (let i = 0, number = 0; i < places.length; i += 2) {
          number += places[i];
          best.set(number, Math.max(best.get(number) || 0, worth * places[i + 1]));
        }
      }
      for (const [number, score] of best) {
        const before = scores.get(number) || [0, 0];
        scores.set(number, [before[0] + score, before[1] + 1]);
      }
    });
    const named = all.join(" "); // who writes the whole name of something wants that
    const bonus = (number) => (words(made.sections[number][2]).join(" ") === named ? 2.5 : 1);
    return [...scores]
      .map(([number, [score, hits]]) => [score * bonus(number) * Math.pow(hits / asked.length, 1.5), number])
      .sort((a, b) => b[0] - a[0] || a[1] - b[1])
      .map(([, number]) => {
        const [page, place, title, head, excerpt] = made.sections[number];
        return { page, place, title, head, excerpt };
      });
  }

  return { index, find, words, stem };
})();

if (typeof document !== "undefined") {
  document.addEventListener("DOMContentLoaded", () => {
    const root = document.documentElement.dataset.content_root || "";
    let loading = null;
    const load = () => loading ||= new Promise((done) => {
      const script = document.createElement("script");
      script.src = `${root}searchindex.js`;
      script.onload = () => done(window.BOOK_INDEX);
      document.head.append(script);
    });

    const element = (name, text, parent, kind) => {
      const made = parent.appendChild(document.createElement(name));
      made.textContent = text;
      if (kind) made.className = kind;
      return made;
    };

    async function show(query, box, typing, most) {
      const made = await load();
      if (box.dataset.query === query) return;
      box.dataset.query = query;
      const found = query.trim() ? BookSearch.find(made, query, typing) : [];
      box.replaceChildren();
      const count = found.length > 60 ? "60 and more" : String(found.length);
      const said = element("p", "", box, "search-count");
      said.setAttribute("role", "status");
      if (query.trim())
        said.textContent = found.length ? `${count} places` : `Nothing about “${query.trim()}”.`;
      const list = element("ol", "", box, "search-found");
      const marks = new Set(BookSearch.words(query).map(BookSearch.stem));
      for (const { page, place, title, head, excerpt } of found.slice(0, most)) {
        const item = element("li", "", list);
        const link = element("a", title, item);
        link.href = `${root}${page}.html${place ? `#${place}` : ""}`;
        if (head && head !== title) element("span", head, item, "search-head");
        const line = element("p", "", item);
        for (const piece of excerpt.split(/([A-Za-z0-9]+)/))
          if (marks.has(BookSearch.stem(piece.toLowerCase()))) element("mark", piece, line);
          else line.append(piece);
      }
    }

    const dialog = document.getElementById("pst-search-dialog");
    if (dialog) {
      const field = dialog.querySelector("input"), box = element("div", "", dialog, "search-box");
      field.addEventListener("focus", load, { once: true });
      field.addEventListener("input", () => show(field.value, box, true, 8));
      box.addEventListener("click", (event) => event.target.closest("a") && dialog.close());
      dialog.addEventListener("keydown", (event) => {
        const links = [field, ...box.querySelectorAll("a")];
        const at = links.indexOf(document.activeElement);
        const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
        if (to === undefined || !links[to]) return;
        event.preventDefault();
        links[to].focus();
      });
    }

    const results = document.getElementById("search-results");
    if (results) {
      const field = document.querySelector(".bd-search-container form.bd-search input");
      field.value = new URLSearchParams(location.search).get("q") || "";
      field.addEventListener("input", () => show(field.value, results, true, 30));
      show(field.value, results, false, 30);
    }
  });
}
