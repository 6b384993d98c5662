// Tables of what regsweep counted: sizes in one unit for people, exact in the title.
"use strict";

const tables = (() => {
  const headings = {
    repository: "Repository", tags: "Tags", size: "Size", exclusive: "Exclusive", shared: "Shared",
    untagged: "Untagged", reclaimable: "Reclaimable", newest_push: "Last push",
    media_type: "Media type", blobs: "Blobs", tagged: "Tagged", garbage: "Garbage",
    digest: "Blob", class: "Kept", repositories: "Repositories", owners: "Whose",
  };
  const mostRows = 50;

  /** The text of a value by its unit, and the exact one where that says more. */
  function text(value, unit, measure) {
    if (value === null) return ["", ""];
    if (unit === "bytes") {
      const bytes = value[`${measure}_bytes`];
      return [format.size(bytes), `${format.count(bytes)} bytes`];
    }
    if (unit === "count") return [format.count(value), ""];
    if (unit === "time") return [format.day(value), value];
    return [value, ""];
  }

  function cell(value, column, measure) {
    const [shown, exact] = text(value, column.unit, measure);
    const made = element("td", column.unit, shown);
    if (exact) made.title = exact;
    if (column.unit === "bytes" && value && value[`${measure}_bytes`] === 0) made.classList.add("zero");
    return made;
  }

  function row(values, columns, measure, className = "") {
    const made = element("tr", className);
    for (const column of columns) made.append(cell(values[column.key], column, measure));
    return made;
  }

  function order(value, column, measure) {
    if (value === null) return column.unit === "time" ? "" : -1;
    return column.unit === "bytes" ? value[`${measure}_bytes`] : value;
  }

  function sorted(rows, column, measure, down) {
    const sign = down ? -1 : 1;
    return [...rows].sort((a, b) => {
      const [x, y] = [order(a[column.key], column, measure), order(b[column.key], column, measure)];
      return x < y ? -sign : x > y ? sign : 0;
    });
  }

  function head(columns, state, redraw) {
    const tr = element("tr");
    for (const column of columns) {
      const th = element("th", column.unit);
      th.scope = "col";
      th.title = column.help;
      const label = headings[column.key] || column.key;
      if (!state) {
        th.textContent = label;
        tr.append(th);
        continue;
      }
      const button = element("button", "sort", label);
      button.type = "button";
      const now = state.key === column.key;
      th.setAttribute("aria-sort", !now ? "none" : state.down ? "descending" : "ascending");
      button.addEventListener("click", () => {
        state.down = now ? !state.down : column.unit !== "text";
        state.key = column.key;
        redraw(column.key);
      });
      th.append(button);
      tr.append(th);
    }
    const thead = element("thead");
    thead.append(tr);
    return thead;
  }

  /**
   * Draws a sheet into a box. `options`: columns (keys; default all), sort (a key), most (rows at
   * first), decorate(td, values, key) to make more of a cell.
   */
  function sheet(box, data, measure, options = {}) {
    const columns = data.columns.filter(({key}) => !options.columns || options.columns.includes(key));
    const state = box.state || (box.state = {key: options.sort, down: true, most: options.most || mostRows});
    const draw = focused => {
      const table = element("table");
      const column = columns.find(({key}) => key === state.key);
      const rows = column ? sorted(data.rows, column, measure, state.down) : data.rows;
      const body = element("tbody");
      for (const values of rows.slice(0, state.most)) {
        const tr = row(values, columns, measure);
        if (options.decorate) columns.forEach(({key}, i) => options.decorate(tr.children[i], values, key));
        body.append(tr);
      }
      table.append(head(columns, options.sort ? state : null, draw), body);
      const foot = element("tfoot");
      for (const values of data.rest) foot.append(row(values, columns, measure, "rest"));
      if (data.total) foot.append(row(data.total, columns, measure, "total"));
      table.append(foot);
      box.replaceChildren(table);
      if (rows.length > state.most) box.append(more(rows.length - state.most, state, draw));
      if (focused) {
        const i = columns.findIndex(({key}) => key === focused);
        table.querySelectorAll("th button")[i].focus();
      }
    };
    draw();
  }

  function more(count, state, draw) {
    const button = element("button", "more", `Show more (${format.count(count)} left)`);
    button.type = "button";
    button.addEventListener("click", () => {
      state.most += 4 * mostRows;
      draw();
    });
    return button;
  }

  /** Where the space is: the classes with their shares and the total. */
  function space(box, data, measure) {
    const table = element("table");
    const whole = data.total.size[`${measure}_bytes`];
    const tr = element("tr");
    for (const [name, unit] of [["What", "text"], ["Objects", "count"], ["Size", "bytes"], ["Share", "count"]]) {
      const th = element("th", unit, name);
      th.scope = "col";
      tr.append(th);
    }
    const thead = element("thead");
    thead.append(tr);
    const line = (space, className) => {
      const made = element("tr", className);
      const bytes = space.size[`${measure}_bytes`];
      const about = space.estimated ? "~" : "";
      const size = element("td", "bytes", about + format.size(bytes));
      size.title = `${about}${format.count(bytes)} bytes`;
      const name = element("td", "text");
      name.append(element("i", `dot ${space.class}`), space.label);
      made.append(name, element("td", "count", about + format.count(space.objects)), size,
                  element("td", "count", format.share(bytes, whole)));
      return made;
    };
    const body = element("tbody");
    for (const space of data.rows) if (space.objects) body.append(line(space, ""));
    const foot = element("tfoot");
    foot.append(line(data.total, "total"));
    table.append(thead, body, foot);
    box.replaceChildren(table);
    if (data.total.estimated) {
      box.append(element("p", "hint", "~ counted, not sized: audit --exact visits every inode."));
    }
  }

  return {sheet, space};
})();
