// The places where blobs are at home, as the map draws them: every blob is in exactly one leaf.
"use strict";

/**
 * Makes the tree of `page_tree()`'s nodes. A place has
 *   kind      "store", "namespace", "repository", "tag", "rest" (a named part) or "others"
 *   name, label, key (for the address bar; "" if one cannot go there), parent, children
 *   blobs (0: not known), apparent and allocated: {tagged, untagged, garbage}, with everything below
 */
function makeTree(data) {
  const empty = () => ({tagged: 0, untagged: 0, garbage: 0});

  function place(kind, name, label, parent) {
    const made = {kind, name, label, parent, key: "", children: [], blobs: 0, tags: 0,
                  repositories: 0, apparent: empty(), allocated: empty()};
    if (parent) parent.children.push(made);
    return made;
  }

  function add(to, own) {
    if (own === 0) return;
    to.blobs += own[0];
    ["tagged", "untagged", "garbage"].forEach((what, i) => {
      to.apparent[what] += own[1 + i];
      to.allocated[what] += own[4 + i];
    });
  }

  /** A named part of what is at home at a place itself: some classes of it. */
  function part(at, label, own, classes) {
    const bytes = [0, 0, 0, 0, 0, 0].map((_, i) => classes.includes(i % 3) ? own[1 + i] : 0);
    if (bytes.every(value => value === 0)) return;
    const all = bytes.every((value, i) => value === own[1 + i]);
    add(place("rest", at.name, label, at), [all ? own[0] : 0, ...bytes]);
  }

  function addParts(at, own) {
    if (own === 0) return;
    at.blobs += own[0];
    if (at.kind === "repository") {
      part(at, "shared by its tags", own, [0]);
      part(at, "untagged", own, [1]);
    } else {
      part(at, "shared inside", own, [0, 1]);
    }
    part(at, "garbage", own, [2]);
  }

  function addUnlinked(root, own, label) {
    if (own === 0) return;
    root.blobs += own[0];
    part(root, label, own, [0, 1, 2]);
  }

  /** Adds what is below a place to it; the blobs of its own parts are counted already. */
  function sumUp(at) {
    for (const child of at.children) {
      sumUp(child);
      if (child.kind !== "rest" || child.tags !== 0) at.blobs += child.blobs;
      at.tags += child.tags;
      at.repositories += child.repositories;
      for (const what of ["tagged", "untagged", "garbage"]) {
        at.apparent[what] += child.apparent[what];
        at.allocated[what] += child.allocated[what];
      }
    }
  }

  const last = name => name.slice(name.lastIndexOf("/") + 1);
  const places = [];
  for (const [kind, parentRow, name, own] of data.nodes) {
    const parent = places.length === 0 ? null : places[parentRow];
    let at;
    if (parent === null) {
      at = place("store", "", "store", null);
      at.key = "/";
    } else if (kind === "namespace") {
      at = place(kind, name, last(name), parent);
      at.key = `n/${name}`;
    } else if (kind === "repository") {
      at = place(kind, name, name === parent.name ? `${last(name)} (itself)` : last(name), parent);
      at.key = `r/${name}`;
    } else if (kind === "smaller") {
      at = place("rest", parent.name, format.counted(name, "smaller tag"), parent);
      at.tags = name;
    } else {
      at = place("tag", `${parent.name}:${name}`, name, parent);
      at.tags = 1;
    }
    if (kind === "repository") at.repositories = 1;
    if (at.kind === "tag" || at.kind === "rest") add(at, own);
    else addParts(at, own);
    places.push(at);
  }
  const root = places[0];
  addUnlinked(root, data.orphans, "orphans");
  addUnlinked(root, data.unheld, "in no repository");
  sumUp(root);
  return {root, places, byKey: new Map(places.filter(at => at.key).map(at => [at.key, at]))};
}

/** All bytes of a place. */
function bytesOf(at, measure) {
  const split = at[measure];
  return split.tagged + split.untagged + split.garbage;
}

/** "team/app" or what else a place is called in full. */
function fullName(at) {
  if (at.kind === "store") return "the whole store";
  if (at.kind === "rest" || at.kind === "others") return at.name ? `${at.label} · ${at.name}` : at.label;
  return at.name;
}
