// The map: up to three levels of places as rectangles, at most 300, the rest of a place as "N others".
"use strict";

const treemap = (() => {
  const mostCells = 300;
  const mostOuter = 120;
  const mostInner = 40;
  const head = 19;  // pixels for a group's name

  /** Reclaimable share → colour; the ends come from the style sheet. */
  function colours() {
    const style = getComputedStyle(document.documentElement);
    const colour = name => style.getPropertyValue(name).trim();
    return d3.scaleLinear().domain([0, 0.12, 0.5, 1]).clamp(true).interpolate(d3.interpolateLab)
      .range(["--keep", "--little", "--some", "--free"].map(colour));
  }

  function reclaimable(at, measure) {
    const total = bytesOf(at, measure);
    return total === 0 ? 0 : at[measure].garbage / total;
  }

  /** What stands for the places that are not drawn. */
  function others(parent, rest) {
    const sum = {kind: "others", name: parent.name, label: `${format.count(rest.length)} others`,
                 key: "", parent, children: [], blobs: 0, tags: 0, repositories: 0,
                 apparent: {tagged: 0, untagged: 0, garbage: 0},
                 allocated: {tagged: 0, untagged: 0, garbage: 0}};
    for (const at of rest) {
      for (const field of ["blobs", "tags", "repositories"]) sum[field] += at[field];
      for (const measure of ["apparent", "allocated"]) {
        for (const what of ["tagged", "untagged", "garbage"]) sum[measure][what] += at[measure][what];
      }
    }
    return sum;
  }

  /** The largest places directly below, and one more for all others: at most `most` + 1. */
  function largest(at, measure, most) {
    const some = at.children.filter(child => bytesOf(child, measure) !== 0)
      .sort((a, b) => bytesOf(b, measure) - bytesOf(a, measure));
    if (some.length <= most + 1) return some;
    return [...some.slice(0, most), others(at, some.slice(most))];
  }

  /**
   * What is drawn of a place: {at, inner: [cells]}. The leaves are all of its bytes. `pixels` is the
   * map's area: what would be too small to look into stays closed.
   */
  function choose(at, measure, pixels = 500000) {
    const cells = (place, most) => largest(place, measure, most).map(child => ({at: child, inner: []}));
    const chosen = {at, inner: cells(at, mostOuter)};
    const area = cell => bytesOf(cell.at, measure) / bytesOf(at, measure) * pixels;
    let left = mostCells - chosen.inner.length;
    let level = chosen.inner;
    for (const roomy of [0, 8000]) {
      const groups = level.filter(cell => cell.at.children.length !== 0 && area(cell) > roomy);
      let bytes = d3.sum(groups, cell => bytesOf(cell.at, measure));
      for (const cell of groups) {  // each its share of the cells that are left
        const most = Math.min(mostInner, Math.floor(left * bytesOf(cell.at, measure) / bytes) - 1);
        bytes -= bytesOf(cell.at, measure);
        if (most < 2) continue;
        cell.inner = cells(cell.at, most);
        left -= cell.inner.length;
      }
      level = groups.flatMap(cell => cell.inner);
    }
    return chosen;
  }

  function layout(chosen, measure, width, height) {
    const root = d3.hierarchy(chosen, cell => cell.inner.length ? cell.inner : null)
      .sum(cell => cell.inner.length ? 0 : bytesOf(cell.at, measure));
    d3.treemap().size([width, height]).tile(d3.treemapSquarify.ratio(1.3)).round(true)
      .paddingInner(node => [4, 2, 1][node.depth])
      .paddingTop(node => node.depth > 0 && node.children ? head : 0)
      .paddingRight(node => node.depth === 1 ? 2 : 1)
      .paddingLeft(node => node.depth === 1 ? 2 : 1)
      .paddingBottom(node => node.depth === 1 ? 2 : 1)(root);
    return root.descendants().slice(1);
  }

  /** Whether a cell leads somewhere. */
  function target(node) {
    const at = node.data.at;
    if (at.key && at.children.length) return at;
    return node.depth > 1 ? node.parent.data.at : null;
  }

  function describe(at, measure) {
    const total = bytesOf(at, measure);
    return `${fullName(at)}: ${format.size(total)}, ${format.count(total)} bytes, ` +
      `${format.share(at[measure].garbage, total)} reclaimable`;
  }

  function fill(box, node, measure, scale) {
    const at = node.data.at;
    const width = node.x1 - node.x0;
    const height = node.y1 - node.y0;
    const leaf = !node.children;
    const colour = scale(reclaimable(at, measure));
    box.className = `cell ${leaf ? "leaf" : "group"} ${at.kind}`;
    Object.assign(box.style, {left: `${node.x0}px`, top: `${node.y0}px`, width: `${width}px`,
                              height: `${height}px`});
    if (leaf) {
      box.style.backgroundColor = colour;
      box.style.color = d3.lab(colour).l > 58 ? "#10202a" : "#ffffff";
      if (at[measure].untagged > bytesOf(at, measure) / 2) box.classList.add("mostly-untagged");
    }
    if (!leaf && node.depth > 1) box.style.setProperty("--tint", colour);
    label(box, at, measure, width, height, node);
  }

  /** Writes the name where enough of it fits, and the size where there is room as well. */
  function label(box, at, measure, width, height, node) {
    const fits = 12 + 7 * at.label.length;
    if (height <= 15 || width < Math.min(fits, node.depth < 3 ? 40 : 72)) return;
    box.classList.add("named");
    box.append(element("span", "name", at.label));
    if (!node.children ? width > 74 && height > 34 : width > fits + 70) {
      box.append(element("span", "size", format.size(bytesOf(at, measure))));
    }
  }

  /** Draws a place. `go(at)` is called for a cell that leads somewhere. */
  function draw(map, at, measure, go) {
    const width = map.clientWidth;
    const height = map.clientHeight;
    const whole = bytesOf(at, measure);
    map.replaceChildren();
    if (whole === 0) {
      map.append(element("p", "nothing", "No blobs are here and nowhere else."));
      return;
    }
    const scale = colours();
    for (const node of layout(choose(at, measure, width * height), measure, width, height)) {
      if (node.x1 - node.x0 < 1 || node.y1 - node.y0 < 1) continue;
      const box = element("button");
      box.type = "button";
      box.tabIndex = -1;
      fill(box, node, measure, scale);
      box.setAttribute("aria-label", describe(node.data.at, measure));
      box.place = node.data.at;
      const to = target(node);
      if (to) box.addEventListener("click", () => go(to));
      else box.setAttribute("aria-disabled", "true");
      box.addEventListener("pointermove", event => tip.show(node.data.at, measure, whole, event));
      box.addEventListener("pointerleave", tip.hide);
      box.addEventListener("focus", () => {
        if (!box.matches(":focus-visible")) return;
        const edge = box.getBoundingClientRect();
        tip.show(node.data.at, measure, whole, {x: edge.left, y: edge.top + Math.min(edge.height, 40)});
      });
      box.addEventListener("blur", tip.hide);
      map.append(box);
    }
    if (map.firstElementChild) map.firstElementChild.tabIndex = 0;
  }

  /** The cell that an arrow key leads to from another: the nearest one in that direction. */
  function neighbour(map, from, key) {
    const [dx, dy] = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[key];
    const corner = box => {
      const edge = box.getBoundingClientRect();
      return {x: edge.left + edge.width / 2,
              y: box.classList.contains("group") ? edge.top + head / 2 : edge.top + edge.height / 2};
    };
    const here = corner(from);
    let best = null;
    let least = Infinity;
    for (const box of map.children) {
      const there = corner(box);
      const along = (there.x - here.x) * dx + (there.y - here.y) * dy;
      const across = Math.abs((there.x - here.x) * dy) + Math.abs((there.y - here.y) * dx);
      if (box === from || along <= 0.5) continue;
      const distance = along + 2 * across;
      if (distance < least) [best, least] = [box, distance];
    }
    return best;
  }

  function focus(map, box) {
    for (const other of map.children) other.tabIndex = -1;
    box.tabIndex = 0;
    box.focus();
  }

  return {draw, neighbour, focus, colours, choose, mostCells};
})();
