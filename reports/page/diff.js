// The page of two audits compared: what grew, what shrank, what came and went.
"use strict";

(() => {
  const get = id => document.getElementById(id);
  const data = JSON.parse(get("data").textContent);
  const mostBars = 24;
  const step = 100;
  let measure = "allocated";
  let sort = {key: "size", by: "change"};
  let shown = step;

  const bytes = (change, when) => change[when][`${measure}_bytes`];

  /** "+1.2 GiB", "−300.0 MiB", "0 B". */
  function signedSize(number) {
    return (number > 0 ? "+" : number < 0 ? "−" : "") + format.size(Math.abs(number));
  }

  function signedCount(number) {
    return (number > 0 ? "+" : number < 0 ? "−" : "") + format.count(Math.abs(number));
  }

  function direction(number) {
    return number > 0 ? "grew" : number < 0 ? "shrank" : "zero";
  }

  function drawTotals() {
    const about = data.total.estimated ? "~" : "";
    const total = data.total.bytes;
    const counted = (name, change) =>
      card(name, signedCount(change.change), `${format.count(change.old)} → ${format.count(change.new)}`);
    const all = data.all_repositories;
    get("totals").replaceChildren(
      card("Everything", about + signedSize(bytes(total, "change")),
           `${format.size(bytes(total, "old"))} → ${format.size(bytes(total, "new"))}`,
           direction(bytes(total, "change"))),
      card("Exclusive", signedSize(bytes(all.exclusive, "change")), "of single repositories"),
      card("Shared", signedSize(bytes(all.not_exclusive, "change")), "of several, or of none"),
      card("Repositories", signedCount(data.store.repositories.change),
           `${format.count(data.new_repositories)} new, ${format.count(data.gone_repositories)} gone`),
      counted("Tags", data.store.tags), counted("Blobs", data.store.blobs));
  }

  /** Repositories with the text of the search in their names. */
  function chosen() {
    const text = get("search").value.trim().toLowerCase();
    return data.repositories.filter(({name}) => name.toLowerCase().includes(text));
  }

  function drawGrowth() {
    const rows = chosen().filter(row => bytes(row.size, "change") !== 0)
      .sort((a, b) => Math.abs(bytes(b.size, "change")) - Math.abs(bytes(a.size, "change"))).slice(0, mostBars);
    const length = d3.scaleLinear([0, d3.max(rows, row => Math.abs(bytes(row.size, "change"))) || 1], [0, 50]);
    const bars = rows.map(row => {
      const change = bytes(row.size, "change");
      const line = element("div", "bar-line");
      line.setAttribute("role", "listitem");
      line.title = `${format.count(bytes(row.size, "old"))} → ${format.count(bytes(row.size, "new"))} bytes`;
      const name = element("span", "name", row.name);
      if (row.state !== "changed") name.append(element("span", "state", row.state));
      const track = element("span", "track");
      const bar = element("i", `bar ${direction(change)}`);
      const width = Math.max(0.4, length(Math.abs(change)));
      bar.style.width = `${width}%`;
      bar.style.left = `${change > 0 ? 50 : 50 - width}%`;
      track.append(bar);
      line.append(name, track, element("span", `size ${direction(change)}`, signedSize(change)));
      return line;
    });
    get("growth").replaceChildren(...(bars.length ? bars : [element("p", "hint", "No repository changed its size.")]));
  }

  function table(headings, rows, foot) {
    const tr = element("tr");
    for (const heading of headings) {
      const th = element("th", heading.className || "bytes");
      th.scope = "col";
      if (heading.title) th.title = heading.title;
      if (heading.sort) {
        const button = element("button", "sort", heading.text);
        button.type = "button";
        button.addEventListener("click", heading.sort);
        th.append(button);
      } else th.textContent = heading.text;
      if (heading.sorted) th.setAttribute("aria-sort", "descending");
      tr.append(th);
    }
    const head = element("thead");
    head.append(tr);
    const body = element("tbody");
    body.append(...rows);
    const made = element("table");
    made.append(head, body);
    if (foot) {
      const tfoot = element("tfoot");
      tfoot.append(...foot);
      made.append(tfoot);
    }
    return made;
  }

  function cell(text, className, title = "") {
    const made = element("td", className, text);
    if (title) made.title = title;
    return made;
  }

  /** A change of bytes with the exact figures in its title. */
  function changeCell(change, about = "") {
    const by = bytes(change, "change");
    return cell(about + signedSize(by), `bytes ${direction(by)}`,
                `${format.count(bytes(change, "old"))} → ${format.count(bytes(change, "new"))} bytes`);
  }

  function drawSpace() {
    const line = (name, row, className = "") => {
      const tr = element("tr", className);
      const about = row.estimated ? "~" : "";
      tr.append(cell(name, "text"), cell(about + signedCount(row.objects.change), "count"),
                cell(about + format.size(bytes(row.bytes, "old")), "bytes"),
                cell(about + format.size(bytes(row.bytes, "new")), "bytes"), changeCell(row.bytes, about));
      return tr;
    };
    const rows = data.space.filter(row => row.objects.old || row.objects.new);
    get("space").replaceChildren(table(
      [{text: "What", className: "text"}, {text: "Objects"}, {text: "Old"}, {text: "New"}, {text: "Change"}],
      rows.map(row => line(row.label, row)), [line("total", data.total, "total")]));
  }

  const columns = [
    ["size", "Size", "Distinct blobs that tags and revisions reach; must not be added"],
    ["exclusive", "Exclusive", "What no other repository reaches"],
    ["untagged", "Untagged", "What only untagged revisions reach; must not be added"],
    ["reclaimable", "Reclaimable", "Garbage that no other repository links"],
  ];

  function value(row) {
    if (sort.key === "tags") return Math.abs(row.tags.change);
    return sort.by === "new" ? bytes(row[sort.key], "new") : Math.abs(bytes(row[sort.key], "change"));
  }

  function drawRepositories() {
    const rows = chosen();
    if (sort.key === "name") rows.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    else rows.sort((a, b) => value(b) - value(a));
    const by = (key, when = "change") => ({
      sorted: sort.key === key && sort.by === when,
      sort: () => {
        sort = {key, by: when};
        drawRepositories();
      },
    });
    const lines = rows.slice(0, shown).map(row => {
      const tr = element("tr");
      const name = cell(row.name, "text");
      if (row.state !== "changed") name.append(element("span", "state", row.state));
      tr.append(name, cell(format.size(bytes(row.size, "new")), "bytes"),
                ...columns.map(([key]) => changeCell(row[key])),
                cell(signedCount(row.tags.change), `count ${direction(row.tags.change)}`));
      return tr;
    });
    get("repositories").replaceChildren(table(
      [{text: "Repository", className: "text", ...by("name")}, {text: "Size now", ...by("size", "new")},
       ...columns.map(([key, text, title]) => ({text, title, ...by(key)})), {text: "Tags", ...by("tags")}],
      lines));
    if (rows.length > shown) {
      const more = element("button", "more", `Show more (${format.count(rows.length - shown)} left)`);
      more.type = "button";
      more.addEventListener("click", () => {
        shown += step;
        drawRepositories();
      });
      get("repositories").append(more);
    }
    get("unchanged").textContent =
      `${format.counted(data.unchanged_repositories, "repository")} as before.`;
  }

  function drawFindings() {
    const list = element("ul");
    for (const finding of data.findings) {
      const item = element("li", finding.concern);
      const title = element("p", "message");
      title.append(element("span", "sign", finding.concern), finding.message);
      item.append(title, element("p", "meaning",
                                 `${format.count(finding.objects.old)} → ${format.count(finding.objects.new)}`));
      list.append(item);
    }
    get("findings").replaceChildren(data.findings.length ? list : element("p", "hint", "None."));
  }

  function drawAll() {
    drawTotals();
    drawGrowth();
    drawSpace();
    drawRepositories();
  }

  function start() {
    get("root").textContent = data.new.root;
    get("when").textContent = `${data.old.file} → ${data.new.file}`;
    get("notes").replaceChildren(...data.notes.map(note => element("p", "banner", note.message)));
    get("foot").textContent = "It asks for nothing from the network.";
    get("measure").addEventListener("change", event => {
      measure = event.target.value;
      drawAll();
    });
    get("search").addEventListener("input", () => {
      shown = step;
      drawGrowth();
      drawRepositories();
    });
    document.addEventListener("keydown", event => {
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.matches("input")) return;
      event.preventDefault();
      get("search").focus();
    });
    drawAll();
    drawFindings();
  }

  start();
})();
