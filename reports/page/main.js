// Puts the page together: where one is (the address' hash), which sizes are shown, the keys.
"use strict";

(() => {
  const get = id => document.getElementById(id);
  const data = JSON.parse(get("data").textContent);
  const tree = makeTree(data.tree);
  const map = get("map");
  let measure = "allocated";
  let here = tree.root;
  let wanted = null;  // the tag to focus once its repository is drawn

  function hashOf(at) {
    return `#${encodeURIComponent(at.key).replaceAll("%2F", "/")}`;
  }

  function placeOfHash() {
    let key = location.hash.slice(1);
    try {
      key = decodeURIComponent(key);
    } catch {
      key = "";  // no address of ours
    }
    const [, offset, of] = key.match(/^o(\d+)\/(.+)$/s) || [];
    const at = tree.byKey.get(of || key) || tree.root;
    return of ? treemap.othersFrom(at, measure, Number(offset)) : at;
  }

  /** Goes somewhere; the browser's history remembers it. */
  function go(at) {
    const to = at.key && at.children.length ? at : at.parent;
    wanted = to === at ? null : at;
    tip.hide();
    if (hashOf(to) === location.hash) drawMap(true);
    else location.hash = hashOf(to);
  }

  function drawCrumbs() {
    const list = element("ol");
    const path = [];
    for (let at = here; at; at = at.parent) path.unshift(at);
    for (const at of path) {
      const item = element("li");
      const link = element("a", "", at.label);
      link.href = hashOf(at);
      if (at === here) link.setAttribute("aria-current", "location");
      item.append(link);
      list.append(item);
    }
    const back = element("button", "up", "↑ Up");
    back.type = "button";
    back.disabled = here.parent === null;
    back.addEventListener("click", () => go(here.parent));
    get("crumbs").replaceChildren(list, back);
  }

  function drawHere() {
    const total = bytesOf(here, measure);
    const parts = [format.size(total)];
    if (here.repositories > 1) parts.push(format.counted(here.repositories, "repository"));
    parts.push(format.counted(here.tags, "tag"), format.counted(here.blobs, "blob"),
               `${format.share(here[measure].garbage, total)} reclaimable`);
    get("here").textContent = parts.join(" · ");
  }

  function drawMap(takeFocus) {
    drawCrumbs();
    drawHere();
    treemap.draw(map, here, measure, go);
    const box = wanted && [...map.children].find(child => child.place === wanted ||
                                                             (wanted.key && child.place?.key === wanted.key));
    const first = box || map.querySelector("button");
    if (box) box.classList.add("wanted");
    if (takeFocus && first) treemap.focus(map, first);
    wanted = null;
  }

  function drawTotals() {
    const sizes = name => data.space.rows.find(row => row.class === name).size[`${measure}_bytes`];
    const whole = data.space.total.size[`${measure}_bytes`];
    const blobs = sizes("tagged") + sizes("untagged") + sizes("garbage");
    const old = data.old_uploads;
    get("totals").replaceChildren(
      card("Blobs", format.size(blobs), format.counted(data.counts.blobs, "blob")),
      card("Repositories", format.count(data.counts.repositories), format.counted(data.counts.tags, "tag")),
      card("Garbage", format.size(sizes("garbage")), `${format.share(sizes("garbage"), blobs)} of all blobs`, "garbage"),
      card("Untagged", format.size(sizes("untagged")), `${format.share(sizes("untagged"), blobs)} of all blobs`, "untagged"),
      card("Old uploads", format.size(old.size[`${measure}_bytes`]),
           `${format.count(old.objects)} older than ${Math.round(old.older_than_seconds / 86400)} days`),
      card("Everything", (data.space.total.estimated ? "~" : "") + format.size(whole), "all files of the store"));
  }

  function drawLegend() {
    const scale = treemap.colours();
    const ramp = element("span", "ramp");
    ramp.style.background = `linear-gradient(to right, ${d3.range(0, 1.01, 0.1).map(scale).join(",")})`;
    get("legend").replaceChildren(element("span", "", "Reclaimable"), element("span", "end", "0 %"), ramp,
                                  element("span", "end", "100 %"), element("i", "swatch mostly-untagged"),
                                  element("span", "end", "mostly untagged"));
  }

  function drawFindings() {
    get("refusals").hidden = data.refusals.length === 0;
    get("refusals").textContent = `No blob may go as things are: ${data.refusals.join("; ")}`;
    const list = element("ul");
    for (const finding of data.findings) {
      const item = element("li", finding.concern);
      const title = element("p", "message");
      title.append(element("span", "sign", finding.concern), finding.message);
      item.append(title, element("p", "meaning", finding.meaning));
      if (finding.subjects.length) {
        const some = finding.subjects.slice(0, 5).join(", ");
        const left = finding.objects - Math.min(5, finding.subjects.length);
        item.append(element("p", "subjects", left > 0 ? `${some} … and ${format.count(left)} more` : some));
      }
      if (finding.next) item.append(element("code", "next", finding.next));
      list.append(item);
    }
    get("findings").replaceChildren(data.findings.length ? list : element("p", "hint", "Nothing to remark."));
  }

  function linkRepository(td, values, key) {
    if (key !== "repository") return;
    const at = tree.byKey.get(`r/${values.repository}`);
    if (!at) return;
    const link = element("a", "", values.repository);
    link.href = hashOf(at);
    link.addEventListener("click", () => get("map-section").scrollIntoView());
    td.replaceChildren(link);
  }

  function shortDigest(td, values, key) {
    if (key === "digest") {
      td.title = values.digest;
      td.textContent = values.digest.replace(/^(\w+:\w{12})\w+$/, "$1…");
    } else if (key === "class") td.prepend(element("i", `dot ${values.class}`));
  }

  function drawTables() {
    tables.space(get("space"), data.space, measure);
    ages.draw(get("ages"), data, measure);
    tables.sheet(get("repositories"), data.repositories, measure, {sort: "size", decorate: linkRepository});
    tables.sheet(get("types"), data.media_types, measure, {columns: ["media_type", "blobs", "size", "garbage"], sort: "size"});
    tables.sheet(get("blobs"), data.largest_blobs, measure,
                 {columns: ["digest", "class", "size", "media_type", "owners"], most: 15, decorate: shortDigest});
  }

  function drawAll() {
    drawTotals();
    drawLegend();
    drawMap(false);
    drawTables();
  }

  function mapKeys(event) {
    const from = document.activeElement;
    if (event.key.startsWith("Arrow") && from.place) {
      const to = treemap.neighbour(map, from, event.key);
      if (to) treemap.focus(map, to);
    } else if (event.key === "Backspace" && here.parent) {
      wanted = here;
      location.hash = hashOf(here.parent);
    } else return;
    event.preventDefault();
  }

  function start() {
    document.title = `regsweep · ${data.root}`;
    get("root").textContent = data.root;
    get("when").textContent = `${data.time.slice(0, 16).replace("T", " ")} UTC`;
    get("incomplete").hidden = data.complete;
    get("foot").textContent = `regsweep ${data.version} · a picture of ${data.time}; it asks for nothing from the network`;
    get("measure").addEventListener("change", event => {
      measure = event.target.value;
      here = placeOfHash();
      drawAll();
    });
    get("skip").addEventListener("click", event => {
      event.preventDefault();
      map.querySelector("button")?.focus();
    });
    map.addEventListener("keydown", mapKeys);
    document.addEventListener("keydown", event => {
      if (event.key === "Escape") tip.hide();
      if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.matches("input")) return;
      event.preventDefault();
      search.focus();
    });
    search.start(tree.places, () => measure, at => {
      go(at);
      get("map-section").scrollIntoView();
    });
    addEventListener("hashchange", () => {
      const inMap = map.contains(document.activeElement) || wanted !== null;
      here = placeOfHash();
      drawMap(inMap);
    });
    let width = map.clientWidth;
    addEventListener("resize", () => {
      if (map.clientWidth === width) return;
      width = map.clientWidth;
      drawMap(false);
    });
    for (const query of ["(prefers-color-scheme: dark)", "print"]) {
      matchMedia(query).addEventListener("change", () => {
        drawLegend();
        drawMap(false);
      });
    }
    here = placeOfHash();
    drawAll();
    drawFindings();
  }

  start();
})();
