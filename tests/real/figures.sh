#!/usr/bin/env bash
# figures.sh ROOT
#
# An independent calculation of what `regsweep audit --json --exact ROOT` says, with find, du,
# sha256sum, jq, awk, sort, comm and nothing of ours. Prints one JSON object with the field names
# of docs/json.md (schema regsweep.audit/1), plus "damaged": blobs whose content is not their name.
#
# For healthy stores: a manifest that is not JSON ends the calculation. The rules:
#   documents   revisions, tags' digests and, recursively, the children of indexes
#   references  config, layers, manifests, blobs, fsLayers[].blobSum; a digest that is another's
#               alias (a layer link at one digest that holds another) refers to it
#   tagged      reached from a tag, and from every revision whose subject is so reached
#   untagged    reached from a revision or a tag, not tagged;  garbage: the rest
#   a repository's SIZE is what its tags and revisions reach, UNTAGGED is that less what is tagged
#   by its own tags; RECLAIMABLE is the garbage that only its layer links name.
#
# Exit: 0 printed, 1 failed, 2 usage, 77 a needed program is missing.

# shellcheck disable=SC2016  # single quotes hold awk and jq programs
set -euo pipefail
export LC_ALL=C

if [ $# -ne 1 ]; then
    echo "usage: figures.sh ROOT" >&2
    exit 2
fi
for program in jq awk sha256sum; do
    if ! command -v "$program" >/dev/null; then
        echo "figures: skipped: $program is not installed" >&2
        exit 77
    fi
done

root=$(cd -- "$1" && pwd -P)
store=$root/docker/registry/v2
if [ ! -d "$store/repositories" ] || [ ! -d "$store/blobs" ]; then
    echo "figures: $root holds no docker/registry/v2 with blobs and repositories" >&2
    exit 1
fi

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
cd "$work"

# --- what is there ----------------------------------------------------------------------------

# blobs: digest, st_size, st_blocks * 512
find "$store/blobs" -mindepth 4 -maxdepth 4 -type f -name data -printf '%P\t%s\t%b\n' |
    awk -F '[/\t]' -v OFS='\t' '{ print $1 ":" $3, $5, $6 * 512 }' | sort >blobs
cut -f 1 blobs >present

# repositories: any directory with one of the registry's three; nothing else begins with _.
find "$store/repositories" -mindepth 1 -type d -name '_*' -prune -printf '%P\n' |
    awk '{
        at = match($0, /\/_(layers|manifests|uploads)$/)
        if (at > 1) print substr($0, 1, at - 1)
    }' | sort -u >repositories

# members: every file below those: repository, kind (_layers, ...), path after it, size, allocated
find "$store/repositories" -type f -printf '%P\t%s\t%b\n' |
    awk -F '\t' -v OFS='\t' '{
        n = split($1, part, "/")
        name = ""
        for (i = 1; i <= n && part[i] !~ /^_/; ++i) name = name (i > 1 ? "/" : "") part[i]
        if (i == 1 || i >= n) next
        print name, part[i], substr($1, length(name) + length(part[i]) + 3), $2, $3 * 512
    }' >members

# links: kind, repository, digest in the path (or the tag), content
awk -F '\t' -v OFS='\t' -v store="$store/repositories/" '
    {
        n = split($3, part, "/")
        if (part[n] != "link") next
        kind = ""
        if ($2 == "_layers" && n == 3) {
            kind = "layer"; subject = part[1] ":" part[2]
        } else if ($2 == "_manifests" && part[1] == "revisions" && n == 4) {
            kind = "revision"; subject = part[2] ":" part[3]
        } else if ($2 == "_manifests" && part[1] == "tags" && part[3] == "current" && n == 4) {
            kind = "tag"; subject = part[2]
        }
        if (kind != "") print store $1 "/" $2 "/" $3, kind, $1, subject
    }' members | sort >link_paths
cut -f 1 link_paths | tr '\n' '\0' | xargs -0 -r awk 'FNR == 1 { print FILENAME "\t" $0 }' |
    awk -F '\t' -v OFS='\t' '
        NR == FNR { content[$1] = $2; next }
        { print $2, $3, $4, content[$1] }' - link_paths >links

# --- references -------------------------------------------------------------------------------

# edges: from, "blob" | "child" | "subject", to. Each round reads the documents found by the last
# one in a few jq processes; indexes in indexes are rare, so 32 rounds are plenty.
awk -F '\t' '$1 == "revision" { print $3; if ($4 != "") print $4 }
             $1 == "tag" && $4 != "" { print $4 }' links | sort -u | comm -12 - present >todo
: >read_already
: >edges
for ((round = 0; round < 32; ++round)); do
    [ -s todo ] || break
    awk -F : -v blobs="$store/blobs" \
        '{ printf "%s/%s/%s/%s/data%c", blobs, $1, substr($2, 1, 2), $2, 0 }' todo |
        xargs -0 jq -r '
            def objects_of(f): (f | arrays | .[] | objects);
            (input_filename | split("/") | .[-4] + ":" + .[-2]) as $from
            | ["document", $from, ""],
              ( objects
                | (.config | objects | .digest | strings | ["blob", .]),
                  (objects_of(.layers) | .digest | strings | ["blob", .]),
                  (objects_of(.blobs) | .digest | strings | ["blob", .]),
                  (objects_of(.fsLayers) | .blobSum | strings | ["blob", .]),
                  (objects_of(.manifests) | .digest | strings | ["child", .]),
                  (.subject | objects | .digest | strings | ["subject", .])
                | [.[0], $from, .[1]] )
            | @tsv' >found || {
        echo "figures: a manifest of this store is not JSON" >&2
        exit 1
    }
    awk -F '\t' '$1 == "document" { print $2 }' found | sort | cmp -s - todo || {
        echo "figures: a manifest holds no or more than one JSON document" >&2
        exit 1
    }
    awk -F '\t' -v OFS='\t' '$1 != "document" { print $2, $1, $3 }' found >>edges
    sort -m read_already todo -o read_already
    awk -F '\t' '$1 == "child" { print $3 }' found | sort -u | comm -12 - present |
        comm -23 - read_already >todo
done
if [ -s todo ]; then
    echo "figures: indexes are nested too deeply" >&2
    exit 1
fi

# --- damage and total -------------------------------------------------------------------------

damaged=$(find "$store/blobs" -mindepth 4 -maxdepth 4 -type f -name data -path '*/sha256/*' -print0 |
    xargs -0 -r sha256sum |
    awk '{ n = split($0, part, "/"); if (substr($0, 1, 64) != part[n - 1]) ++bad } END { print bad + 0 }')
total=$(du -s --block-size=1 -- "$root" | cut -f 1)

# --- closures and sums ------------------------------------------------------------------------

# Prints rows for jq: a path of keys, joined by "/" (a repository's name is a field of its own),
# and a value.
awk -F '\t' '
    function put(repository, key, value) { printf "%s\t%s\t%.0f\n", repository, key, value }
    function put_pair(repository, key, a, b) {
        put(repository, key "/apparent_bytes", a)
        put(repository, key "/allocated_bytes", b)
    }
    # reach(list, seen, referrers): every digest reached from the digests in list enters seen;
    # with referrers, also the revisions whose subject is reached.
    function reach(list, seen, referrers,    queue, head, tail, i, n, next_ones, d) {
        tail = split(list, queue, " ")
        n = 0
        for (i = 1; i <= tail; ++i)
            if (!(queue[i] in seen)) { seen[queue[i]] = 1; queue[++n] = queue[i] }
        tail = n
        for (head = 1; head <= tail; ++head) {
            d = queue[head]
            n = split(refers[d] (referrers ? referred[d] : ""), next_ones, " ")
            for (i = 1; i <= n; ++i)
                if (!(next_ones[i] in seen)) {
                    seen[next_ones[i]] = 1
                    queue[++tail] = next_ones[i]
                }
        }
    }

    FILENAME == "blobs" { size[$1] = $2; used[$1] = $3; ++blobs; next }
    FILENAME == "repositories" { name[++repositories] = $1; next }
    FILENAME == "members" {
        if ($2 == "_uploads") {
            uploads_a += $4; uploads_b += $5
            split($3, part, "/"); upload[$1 "/" part[1]] = 1
        }
        next
    }
    FILENAME == "links" && $1 == "layer" {
        ++layer_links; ++count["layer_links", $2]
        target = $4 != "" ? $4 : $3
        if (target != $3) refers[$3] = refers[$3] " " target
        if (!(($2, target) in linked)) {
            linked[$2, target] = 1
            ++linkers[target]; linker[target] = $2
        }
        next
    }
    FILENAME == "links" && $1 == "revision" {
        ++revisions; ++count["revisions", $2]
        is_revision[$3] = 1
        revision_roots[$2] = revision_roots[$2] " " $3
        if ($4 != "" && $4 != $3) {
            is_revision[$4] = 1
            revision_roots[$2] = revision_roots[$2] " " $4
        }
        next
    }
    FILENAME == "links" && $1 == "tag" {
        ++tags; ++count["tags", $2]
        if ($4 != "") tag_roots[$2] = tag_roots[$2] " " $4
        next
    }
    FILENAME == "edges" {
        if ($2 != "subject") refers[$1] = refers[$1] " " $3
        else if ($1 in is_revision) referred[$3] = referred[$3] " " $1
    }

    END {
        put("", "store/repositories", repositories)
        put("", "store/tags", tags)
        put("", "store/revisions", revisions)
        put("", "store/layer_links", layer_links)
        put("", "store/blobs", blobs)

        # The store: tagged, untagged, garbage.
        split("", tagged); split("", rooted)
        for (r = 1; r <= repositories; ++r) {
            all_tags = all_tags tag_roots[name[r]]
            all_roots = all_roots revision_roots[name[r]] tag_roots[name[r]]
        }
        reach(all_tags, tagged, 1)
        reach(all_roots, rooted, 1)
        for (d in size) {
            class = d in tagged ? "tagged" : d in rooted ? "untagged" : "garbage"
            ++objects[class]; class_a[class] += size[d]; class_b[class] += used[d]
            if (class == "garbage") {
                split_name = linkers[d] > 1 ? "several_repositories" \
                           : linkers[d] == 1 ? "one_repository" : "orphan"
                split_a[split_name] += size[d]; split_b[split_name] += used[d]
                if (linkers[d] == 1) {
                    back_a[linker[d]] += size[d]; back_b[linker[d]] += used[d]
                }
            }
        }
        for (d in upload) ++objects["uploads"]
        class_a["uploads"] = uploads_a; class_b["uploads"] = uploads_b
        n = split("tagged untagged garbage uploads", classes, " ")
        for (i = 1; i <= n; ++i) {
            put("", "space/" classes[i] "/objects", objects[classes[i]])
            put_pair("", "space/" classes[i], class_a[classes[i]], class_b[classes[i]])
        }
        n = split("one_repository several_repositories orphan", splits, " ")
        for (i = 1; i <= n; ++i)
            put_pair("", "garbage/" splits[i], split_a[splits[i]], split_b[splits[i]])

        # Repositories: first how many reach each blob, then each one on its own.
        for (r = 1; r <= repositories; ++r) {
            split("", own)
            reach(revision_roots[name[r]] tag_roots[name[r]], own, 0)
            for (d in own) if (d in size) ++reached_by[d]
        }
        for (r = 1; r <= repositories; ++r) {
            split("", own); split("", by_tag)
            reach(revision_roots[name[r]] tag_roots[name[r]], own, 0)
            reach(tag_roots[name[r]], by_tag, 1)
            all_a = all_b = alone_a = alone_b = untagged_a = untagged_b = 0
            for (d in own) if (d in size) {
                all_a += size[d]; all_b += used[d]
                if (reached_by[d] == 1) { alone_a += size[d]; alone_b += used[d] }
                if (!(d in by_tag)) { untagged_a += size[d]; untagged_b += used[d] }
            }
            put(name[r], "tags", count["tags", name[r]])
            put(name[r], "revisions", count["revisions", name[r]])
            put(name[r], "layer_links", count["layer_links", name[r]])
            put_pair(name[r], "size", all_a, all_b)
            put_pair(name[r], "exclusive", alone_a, alone_b)
            put_pair(name[r], "shared", all_a - alone_a, all_b - alone_b)
            put_pair(name[r], "untagged", untagged_a, untagged_b)
            put_pair(name[r], "reclaimable", back_a[name[r]], back_b[name[r]])
        }
    }' blobs repositories members links edges >rows

jq -n -R --arg root "$root" --argjson damaged "$damaged" --argjson total "$total" '
    [inputs | split("\t") | {repository: .[0], path: (.[1] | split("/")), value: (.[2] | tonumber)}]
    | (map(select(.repository == "")) | reduce .[] as $r ({}; setpath($r.path; $r.value))) as $all
    | { store: ({root: $root} + $all.store),
        space: ($all.space | to_entries | map({class: .key} + .value)),
        total: {allocated_bytes: $total},
        garbage: $all.garbage,
        damaged: $damaged,
        repositories: (map(select(.repository != "")) | group_by(.repository)
            | map(.[0].repository as $name
                  | reduce .[] as $r ({name: $name}; setpath($r.path; $r.value)))) }' rows
