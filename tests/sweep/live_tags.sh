#!/usr/bin/env bash
# live_tags.sh ROOT
#
# An independent walk of a store, with nothing of regsweep's in it: every tag's closure (manifest, config,
# layers, children of an index, what those need), each blob's sha256 computed anew. Prints, sorted:
#   tag REPOSITORY:TAG DIGEST whole
#   tag REPOSITORY:TAG DIGEST broken: WHAT
#   link REPOSITORY DIGEST          a link that a whole tag needs, a layer's or a revision's, and that is there
# Exit: 0 printed, 2 usage, 77 a needed program is missing.
# shellcheck disable=SC2016  # single quotes hold awk and jq programs
set -euo pipefail
export LC_ALL=C

(($# == 1)) || { echo "usage: live_tags.sh ROOT" >&2; exit 2; }
for program in jq sha256sum awk; do
  command -v "$program" >/dev/null || { echo "live_tags: skipped: no $program" >&2; exit 77; }
done
v2=$1/docker/registry/v2
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT

# Blobs that are what their name says.
find "$v2/blobs/sha256" -type f -name data -print0 | xargs -0 -r sha256sum |
  awk '{ count = split($2, part, "/"); if (part[count - 1] == $1) print "good\tsha256:" $1 }' >"$work/good"

# Links and what is in them; tags among them.
find "$v2/repositories" -type f -name link -print0 | xargs -0 -r awk -v OFS='\t' -v base="$v2/repositories/" '
  FNR == 1 { print "link", substr(FILENAME, length(base) + 1), $0 }' >"$work/links"

# What the tags' manifests refer to, level by level. A child of an index is a manifest by its place.
awk -F '\t' '$2 ~ /\/current\/link$/ { print $3 }' "$work/links" | sort -u >"$work/level"
: >"$work/edges"
for _ in 1 2 3 4 5; do
  sort -u "$work/level" | comm -12 - <(cut -f 2 "$work/good" | sort) >"$work/readable"
  [[ -s $work/readable ]] || break
  while IFS=: read -r _ hex; do
    printf '%s\0' "$v2/blobs/sha256/${hex:0:2}/$hex/data"
  done <"$work/readable" | xargs -0 jq -r '
    def out($kind): "edge\t\(input_filename | split("/")[-2])\t\($kind)\t\(.)";
    (.config?, .layers[]?, .blobs[]? | .digest? // empty | out("blob")),
    (.fsLayers[]?.blobSum | out("blob")),
    (.manifests[]?.digest | out("manifest"))' >"$work/new"
  cat "$work/new" >>"$work/edges"
  awk -F '\t' '$3 == "manifest" { print $4 }' "$work/new" >"$work/level"
done
sort -u "$work/edges" -o "$work/edges"

awk -F '\t' '
  $1 == "good" { good[$2] = 1; next }
  $1 == "edge" { from = "sha256:" $2; kind[from, ++edges[from]] = $3; to[from, edges[from]] = $4; next }
  $2 ~ /\/_layers\// {
    split($2, half, "/_layers/"); split(half[2], part, "/")
    name = part[1] ":" part[2]
    layer[half[1], name] = 1
    if (name != $3) alias[name] = $3
    next
  }
  $2 ~ /\/_manifests\/revisions\// {
    split($2, half, "/_manifests/revisions/"); split(half[2], part, "/")
    revision[half[1], part[1] ":" part[2]] = 1
    next
  }
  $2 ~ /\/current\/link$/ {
    split($2, half, "/_manifests/tags/"); sub(/\/current\/link$/, "", half[2])
    tags[half[1] ":" half[2]] = $3
    of[half[1] ":" half[2]] = half[1]
  }
  function walk(digest, repository,   i, next_digest, wrong) {
    if (digest in alias) digest = alias[digest]
    if (!(digest in good)) return digest " is not there or damaged"
    for (i = 1; i <= edges[digest]; ++i) {
      next_digest = to[digest, i]
      if (kind[digest, i] == "blob" && ((repository, next_digest) in layer)) {
        needed[repository " " next_digest] = 1
      }
      if (kind[digest, i] == "manifest" && ((repository, next_digest) in revision)) {
        needed[repository " " next_digest] = 1
      }
      wrong = walk(next_digest, repository)
      if (wrong != "") return wrong
    }
    return ""
  }
  END {
    for (tag in tags) {
      wrong = walk(tags[tag], of[tag])
      print "tag", tag, tags[tag], (wrong == "" ? "whole" : "broken: " wrong)
      if (wrong == "" && ((of[tag], tags[tag]) in revision)) needed[of[tag] " " tags[tag]] = 1
    }
    for (link in needed) print "link", link
  }' "$work/good" "$work/edges" "$work/links" | sort
