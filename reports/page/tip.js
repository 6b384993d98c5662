// What is shown beside the pointer or the focused cell: the exact figures.
"use strict";

const tip = (() => {
  const box = document.getElementById("tip");

  function line(list, name, value, className = "") {
    list.append(element("dt", className, name), element("dd", "", value));
  }

  function lines(at, measure, whole) {
    const list = element("dl");
    const split = at[measure];
    const total = bytesOf(at, measure);
    const bytes = value => `${format.size(value)} (${format.count(value)} B)`;
    line(list, "Size", bytes(total));
    line(list, "Of this view", format.share(total, whole));
    if (split.tagged) line(list, "Tagged", bytes(split.tagged), "tagged");
    if (split.untagged) line(list, "Untagged", bytes(split.untagged), "untagged");
    if (split.garbage) line(list, "Garbage", bytes(split.garbage), "garbage");
    if (at.blobs) line(list, "Blobs", format.count(at.blobs));
    if (at.repositories > 1) line(list, "Repositories", format.count(at.repositories));
    if (at.tags > 1) line(list, "Tags", format.count(at.tags));
    return list;
  }

  const meanings = {
    "shared by its tags": "What several tags of this repository reach and nothing outside it.",
    "shared inside": "What several repositories in here reach and nothing outside.",
    "untagged": "Only untagged manifests reach it: gc --untagged frees it.",
    "garbage": "Nothing refers to it: gc frees it.",
    "orphans": "Nothing refers to it and no repository links it: gc frees it.",
    "in no repository": "Refers to something alive, but no repository has it.",
  };

  function show(at, measure, whole, near) {
    box.replaceChildren(element("strong", "", fullName(at)));
    if (at.kind === "rest" && meanings[at.label]) box.append(element("p", "", meanings[at.label]));
    box.append(lines(at, measure, whole));
    box.hidden = false;
    const width = box.offsetWidth;
    const height = box.offsetHeight;
    const left = Math.min(near.x + 14, innerWidth - width - 8);
    const below = near.y + 18;
    const top = below + height + 8 > innerHeight ? near.y - height - 12 : below;
    box.style.left = `${Math.max(8, left)}px`;
    box.style.top = `${Math.max(8, top)}px`;
  }

  function hide() {
    box.hidden = true;
  }

  return {show, hide};
})();
