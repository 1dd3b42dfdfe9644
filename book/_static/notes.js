/* What a citation, a term or a figure's number stands for, in the margin beside it, while the
   pointer or the keyboard is on it. Narrow pages have no margin, and follow the link. */

document.addEventListener("DOMContentLoaded", () => {
  const wide = matchMedia("(min-width: 1200px)");
  const note = document.body.appendChild(document.createElement("aside"));
  note.className = "margin-note d-print-none";
  note.hidden = true;
  note.setAttribute("aria-hidden", "true"); // the link itself leads there

  function content(link) {
    if (link.title) [link.dataset.note, link.title] = [link.title, ""]; // not shown twice
    if (link.dataset.note) return document.createTextNode(link.dataset.note);
    const at = link.getAttribute("href");
    const place = at.startsWith("#") && document.getElementById(decodeURIComponent(at.slice(1)));
    if (!place) return null;
    const drawn = place.querySelector("svg.figure, img");
    if (place.matches("div.math")) return place.cloneNode(true);
    return place.matches("figure") && drawn ? drawn.cloneNode(true) : null;
  }

  function show(event) {
    const link = event.target.closest(".bd-article a.reference.internal");
    const text = link && wide.matches && content(link);
    if (!text) return;
    note.replaceChildren(text);
    note.hidden = false;
    const article = document.querySelector(".bd-article").getBoundingClientRect();
    const top = link.getBoundingClientRect().top;
    note.style.left = `${article.right + 16}px`;
    note.style.width = `${Math.min(340, innerWidth - article.right - 40)}px`;
    note.style.top = `${Math.max(8, Math.min(top - 8, innerHeight - note.offsetHeight - 16))}px`;
  }
  const hide = () => { note.hidden = true; };

  document.addEventListener("pointerover", (event) => event.pointerType === "mouse" && show(event));
  document.addEventListener("pointerout", (event) => event.relatedTarget?.closest?.(".margin-note") || hide());
  note.addEventListener("pointerleave", hide);
  document.addEventListener("focusin", show);
  document.addEventListener("focusout", hide);
  document.addEventListener("keydown", (event) => event.key === "Escape" && hide());
  document.addEventListener("scroll", hide, { passive: true });
});
