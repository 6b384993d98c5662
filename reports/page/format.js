// How numbers, sizes and times look: as in regsweep's text output.
"use strict";

const format = (() => {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

  /** 1911032 → "1,911,032" */
  function count(number) {
    return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
  }

  /** "812.4 GiB": powers of 1024, one decimal. */
  function size(bytes) {
    let unit = 0;
    let value = bytes;
    while (value >= 1024 && unit + 1 < units.length) {
      value /= 1024;
      ++unit;
    }
    if (unit === 0) return `${count(bytes)} B`;
    if (value.toFixed(1) === "1024.0" && unit + 1 < units.length) return `1.0 ${units[unit + 1]}`;
    return `${value.toFixed(1)} ${units[unit]}`;
  }

  /** "70.9 %" of `whole`. */
  function share(part, whole) {
    return whole === 0 ? "–" : `${(100 * part / whole).toFixed(1)} %`;
  }

  /** "1 tag", "2 tags", "3 repositories". */
  function counted(number, word) {
    if (number === 1) return `1 ${word}`;
    return `${count(number)} ${word.endsWith("y") ? word.slice(0, -1) + "ies" : word + "s"}`;
  }

  /** The day of an RFC 3339 time. */
  function day(time) {
    return time === null ? "–" : time.slice(0, 10);
  }

  return {count, size, share, counted, day};
})();

/** An element with a class and a text: names never become HTML. */
function element(name, className = "", text = null) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== null) made.textContent = text;
  return made;
}

/** A figure with its name above and a note below. */
function card(name, value, note, className = "") {
  const made = element("div", `card ${className}`);
  made.append(element("span", "label", name), element("strong", "", value), element("span", "note", note));
  return made;
}
