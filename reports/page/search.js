// Finds repositories, namespaces and tags by a part of their name.
"use strict";

const search = (() => {
  const mostHits = 12;
  const input = document.getElementById("search");
  const list = document.getElementById("hits");
  let hits = [];
  let active = -1;

  /** Names that begin with what was typed come first, then short ones. */
  function find(places, typed) {
    const wanted = typed.trim().toLowerCase();
    if (!wanted) return [];
    const found = [];
    for (const at of places) {
      if (at.kind !== "tag" && !at.key) continue;
      const name = at.name.toLowerCase();
      const where = name.indexOf(wanted);
      if (where < 0) continue;
      found.push({at, rank: (where === 0 ? 0 : 1) + (at.kind === "tag" ? 2 : 0), length: name.length});
    }
    found.sort((a, b) => a.rank - b.rank || a.length - b.length);
    return found.map(({at}) => at);
  }

  function mark(next) {
    active = next;
    [...list.children].forEach((item, i) => item.setAttribute("aria-selected", String(i === active)));
    if (active >= 0 && hits[active]) input.setAttribute("aria-activedescendant", `hit-${active}`);
    else input.removeAttribute("aria-activedescendant");
  }

  function close() {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    mark(-1);
  }

  function show(found, measure, go) {
    hits = found.slice(0, mostHits);
    list.replaceChildren();
    hits.forEach((at, i) => {
      const item = element("li");
      item.id = `hit-${i}`;
      item.setAttribute("role", "option");
      item.append(element("span", "kind", at.kind), element("span", "name", at.name),
                  element("span", "size", format.size(bytesOf(at, measure))));
      item.addEventListener("pointerdown", event => {
        event.preventDefault();
        choose(i, go);
      });
      list.append(item);
    });
    const left = found.length - hits.length;
    const none = input.value.trim() && !found.length;
    if (left || none) {
      const note = element("li", "note", none ? "Nothing has this in its name." : `${format.count(left)} more`);
      note.setAttribute("aria-disabled", "true");
      list.append(note);
    }
    list.hidden = list.children.length === 0;
    input.setAttribute("aria-expanded", String(!list.hidden));
    mark(hits.length ? 0 : -1);
  }

  function choose(i, go) {
    const at = hits[i];
    if (!at) return;
    input.value = "";
    close();
    go(at);
  }

  function keys(event, go) {
    if (event.key === "ArrowDown") mark(Math.min(active + 1, hits.length - 1));
    else if (event.key === "ArrowUp") mark(Math.max(active - 1, 0));
    else if (event.key === "Enter") choose(active, go);
    else if (event.key === "Escape") {
      input.value = "";
      close();
      input.blur();
    } else return;
    event.preventDefault();
  }

  /** `measure()` is the one in use; `go(at)` shows a place. */
  function start(places, measure, go) {
    input.addEventListener("input", () => show(find(places, input.value), measure(), go));
    input.addEventListener("keydown", event => keys(event, go));
    input.addEventListener("blur", close);
  }

  return {start, find, focus: () => input.focus()};
})();
