#!/usr/bin/env bash
# soak.sh REGSWEEP [SECONDS]: pushes, deletions and unfinished uploads through a live registry while audit, verify,
# why, tags and repos run all the time (20 s unless SECONDS says otherwise). No crash; no damage is claimed
# (exit 3), since the registry never leaves any; incomplete (exit 4) is a run only because something
# went or was written to meanwhile. Afterwards all is whole.
#
# Exit: 0 all right, 1 a check failed, 2 usage, 77 something needed is missing.
# shellcheck source=../sweep/lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/../sweep/lib.bash"
seconds=20
if (($# == 2)); then
  seconds=$2
  set -- "$1"
fi
begin_sweep "$@"
# shellcheck source=../sweep/registry.bash
source "$here/registry.bash"
begin_registry
allowed+="3 " # some of these commands only look

root=$work/store
mkdir -p "$root"
start "$root"
image_layout
push one steady/app:one
push many steady/app:many

cat >client.py <<'PYTHON'
"""client.py ADDRESS SEED END: pushes, deletes and abandons uploads until END (seconds since 1970); prints how often."""
import collections, hashlib, http.client, json, random, sys, time
address, seed, end = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
rnd = random.Random(seed)
link = http.client.HTTPConnection(address, timeout=60)
done = collections.Counter()

def ask(method, path, body=None, want=(200, 201, 202, 204, 404), **headers):
    link.request(method, path, body, headers)
    answer = link.getresponse()
    answer.read()
    if answer.status not in want:
        sys.exit(f"{method} {path}: {answer.status}")
    return answer

def location(answer):
    there = answer.getheader("Location")
    return there[there.index("/v2/"):]

def upload(name, data):
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    if ask("HEAD", f"/v2/{name}/blobs/{digest}").status == 200:
        return digest
    at = location(ask("POST", f"/v2/{name}/blobs/uploads/", b""))
    half = len(data) // 2
    at = location(ask("PATCH", at, data[:half], **{"Content-Type": "application/octet-stream"}))
    at = location(ask("PATCH", at, data[half:], **{"Content-Type": "application/octet-stream"}))
    ask("PUT", f"{at}&digest={digest}", b"", want=(201,))
    return digest

image, index = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json")
shared = [random.Random(i).randbytes(20_000) for i in range(8)]
alive = []

def put(name, reference, document):
    data = json.dumps(document).encode()
    ask("PUT", f"/v2/{name}/manifests/{reference}", data, want=(201,), **{"Content-Type": document["mediaType"]})
    return "sha256:" + hashlib.sha256(data).hexdigest(), len(data)

def push():
    name = rnd.choice([f"app{seed}", f"team{seed}/app", f"team{seed}/tool/x", f"new{seed}/{rnd.randrange(40)}"])
    parts = [rnd.choice(shared), rnd.randbytes(rnd.choice((10, 3000, 300_000)))]
    config = json.dumps({"architecture": "amd64", "os": "linux", "n": rnd.random()}).encode()
    layers = [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": upload(name, part), "size": len(part)} for part in parts]
    document = {"schemaVersion": 2, "mediaType": image, "config": {
        "mediaType": "application/vnd.oci.image.config.v1+json", "digest": upload(name, config), "size": len(config)}, "layers": layers}
    tag = f"t{rnd.randrange(30)}"
    if rnd.random() < 0.2:  # an index
        digest, size = put(name, "sha256:" + hashlib.sha256(json.dumps(document).encode()).hexdigest(), document)
        digest, _ = put(name, tag, {"schemaVersion": 2, "mediaType": index, "manifests": [
            {"mediaType": image, "digest": digest, "size": size, "platform": {"os": "linux", "architecture": "amd64"}}]})
    else:
        digest, _ = put(name, tag, document)
    alive.append((name, digest))
    done["pushes"] += 1

while time.time() < end:
    push()
    if rnd.random() < 0.6 and alive:
        name, digest = alive.pop(rnd.randrange(len(alive)))
        if ask("DELETE", f"/v2/{name}/manifests/{digest}").status == 202:
            done["deletes"] += 1
    if rnd.random() < 0.2:
        at = location(ask("POST", f"/v2/app{seed}/blobs/uploads/", b""))
        at = location(ask("PATCH", at, rnd.randbytes(9000), **{"Content-Type": "application/octet-stream"}))
        if rnd.random() < 0.5:
            ask("DELETE", at)
        done["unfinished"] += 1
print(dict(done))
PYTHON
end_time=$(($(date +%s) + seconds))
clients=()
at_end+=('for one in "${clients[@]}"; do kill "$one" 2>/dev/null; wait "$one"; done')
for seed in 1 2; do
  python3 client.py "$address" $seed $end_time >"client.$seed" &
  clients+=($!)
done
(
  pushed=0
  while (($(date +%s) < end_time)); do
    push two "skopeo/app:n$((pushed % 5))" || exit 1
    pushed=$((pushed + 1))
  done
  echo "{'skopeo pushes': $pushed}" >client.3
) &
clients+=($!)

declare -A statuses
steady_digest=$("$regsweep" tags --json "$root" steady/app 2>/dev/null | jq -r '.tags[] | select(.tag == "one") | .digest')
look() { # ARGUMENT…
  limit=60 run "$*" "$@"
  local key="$1 $rc"
  statuses[$key]=$((${statuses[$key]:-0} + 1))
  exits 0 4
  ((rc != 4)) || because
  [[ $1 == why ]] || holds "d['complete'] is ($rc == 0)"
}
because() { # what made the last run incomplete is that something changed
  case $what in
    audit*) holds "'store-changed' in codes" "'unreadable' not in codes" ;;
    verify*) holds "all('went' in str(u) or 'written to' in str(u) or 'while' in str(u) for u in d['unknown'])" \
      "not d['damaged'] and not d['broken_tags']" ;;
    *) says incomplete ;;
  esac
}
while (($(date +%s) < end_time)); do
  look audit --json "$root"
  look verify --json "$root"
  look tags --json "$root"
  look audit --json --exact --jobs 8 "$root"
  look why --json "$root" "$steady_digest"
  look repos --json "$root"
  look audit --json --jobs 1 "$root"
done
for one in "${clients[@]}"; do wait "$one" || fail "a client failed: $(tail -n 1 client.*)"; done
clients=()
echo "$name: $seconds s: $(paste -sd ' ' client.1 client.2 client.3); runs by exit status:$(
  for key in "${!statuses[@]}"; do printf ' %s: %s;' "$key" "${statuses[$key]}"; done | tr ';' '\n' | sort | paste -sd ';')"
stop
for arguments in "audit --json --exact" "verify --json" "tags --json"; do
  # shellcheck disable=SC2086
  run "$arguments afterwards" $arguments "$root"
  exits 0
done
check "the pushes came" test "$(grep -ohE "'pushes': [0-9]+" client.1 client.2 | awk '{ sum += $2 } END { print sum + 0 }')" -ge 10
end
