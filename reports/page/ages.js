// How old things are: blobs by the age of their file, tags by their last push.
"use strict";

const ages = (() => {
  /** Bars of one sheet; each bar is cut into `classes`. */
  function bars(title, help, sheet, measure, classes) {
    const figure = element("figure", "ages");
    figure.append(element("figcaption", "", title));
    const bytes = (row, key) => row[key][`${measure}_bytes`];
    const rows = [...sheet.rows, ...(sheet.rest || [])];
    const scale = d3.scaleLinear().domain([0, d3.max(rows, row => bytes(row, "size")) || 1]).range([0, 100]);
    const list = element("ul");
    for (const row of rows) {
      const item = element("li");
      const bar = element("span", "bar");
      for (const key of classes) {
        const piece = element("i", key === "size" ? "tagged" : key);
        piece.style.width = `${scale(bytes(row, key))}%`;
        if (bytes(row, key)) bar.append(piece);
      }
      const what = row.tags === undefined ? format.counted(row.blobs, "blob") : format.counted(row.tags, "tag");
      const parts = classes.filter(key => key !== "size" && bytes(row, key))
        .map(key => `${key} ${format.size(bytes(row, key))}`);
      item.title = [`${format.count(bytes(row, "size"))} bytes`, ...parts].join(", ");
      const none = row.blobs === 0 && !row.tags;
      item.append(element("span", "age", row.age), bar,
                  element("span", "figure", none ? "–" : format.size(bytes(row, "size"))),
                  element("span", "figure", none ? "" : what));
      if (none) item.className = "none";
      list.append(item);
    }
    figure.append(list, element("p", "hint", help));
    return figure;
  }

  function draw(box, data, measure) {
    box.replaceChildren(
      bars("Blobs, by when they were pushed first", "Tagged, untagged and garbage.",
           data.blob_ages, measure, ["tagged", "untagged", "garbage"]),
      bars("Tags, by when they were pushed last",
           "What these tags reach and no younger one does: it goes if they and all older ones go.",
           data.push_ages, measure, ["size"]));
  }

  return {draw};
})();
