#!/usr/bin/env bash
# read_only.sh REGSWEEP: audit, explain, tags, gc and repair without --apply and garbage-collect --dry-run change
# nothing in a store: no name, size, mode, mtime or ctime; they work on a read-only mount; and no system call of
# theirs could.
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"

demo_store demo
demo_store --healthy healthy
tools=demo/docker/registry/v2/repositories/team/tools
: >"$tools/_manifests/tags/5/current/link" # an empty link that a repair would rewrite
mkdir demo/.regsweep-quarantine
echo kept >demo/.regsweep-quarantine/file
printf 'version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: %s\n' "$work/demo" >config.yml

listing() { # everything but atime: reading may change that
  find demo healthy config.yml -printf '%p %y %i %n %m %U %G %s %T@ %C@ %l\n' | sort
  find demo healthy config.yml -type f -exec sha256sum {} + | sort
}
commands=(
  "audit demo" "audit --exact demo" "audit --exact --json --jobs 32 demo" "audit -v config.yml"
  "audit --json healthy" "audit --exact healthy" "audit demo/docker/registry/v2"
  "explain demo" "explain --json config.yml"
  "delete demo team/app:latest" "delete --sweep --json demo team/app:latest" "prune --keep-last 1 demo"
  "tags demo" "why demo team/app:1.0" "why --json healthy team/proxy" "tags --json demo team/app" "tags config.yml"
  "export --format csv --table tags demo" "export --format ncdu --exact demo"
  "garbage-collect --dry-run demo" "garbage-collect -d -m demo" "garbage-collect -d config.yml"
  "garbage-collect -d -m --semantics registry-2.8 healthy" "garbage-collect -d -q healthy"
  "gc demo" "gc healthy" "gc --untagged --json healthy"
  "recover demo" "recover --json healthy" "recover -v healthy team/*"
  "repair demo" "repair --verify --drop-dangling --lost-found --from healthy --json demo"
  # and what must do nothing at all
  "audit demo nonsense" "frobnicate demo" "audit --apply demo" "tags --apply healthy"
)
listing >before
sleep 0.02 # ctime is as coarse as the kernel's clock tick
for command in "${commands[@]}"; do
  # shellcheck disable=SC2086
  run "$command" $command
  listing >after
  check "$what: changes nothing" cmp before after
done
# The listing can tell a difference.
: >healthy/new
listing >after
refuse "the listing sees a new file" cmp -s before after
rm healthy/new
chmod 600 demo/backup.log
listing >after
refuse "the listing sees a new mode" cmp -s before after
chmod 644 demo/backup.log
listing >before

# On a read-only mount everything works, with the same results.
mkdir mounted
if mount --bind demo mounted 2>/dev/null; then
  at_end+=("umount -l '$work/mounted' 2>/dev/null")
  if mount -o remount,bind,ro mounted 2>/dev/null; then
    refuse "the mount is read-only" bash -c ': >mounted/new' 2>/dev/null
    for arguments in "audit --json" "audit --json --exact" "tags --json" "garbage-collect -d -m" gc repair; do
      # shellcheck disable=SC2086
      run "$arguments, writable" $arguments demo
      want=$rc
      sed '/"disk"/,/}/d' out >writable
      # shellcheck disable=SC2086
      run "$arguments, read-only" $arguments mounted
      exits "$want"
      check "$what: the same result" cmp <(sed "s|$work/demo|$work/mounted|g" writable) \
        <(sed '/"disk"/,/}/d' out)
    done
  else
    not_checked "a read-only mount: no read-only remount here"
  fi
  umount mounted || true
else
  not_checked "a read-only mount: no bind mount here"
fi

# System calls -------------------------------------------------------------------------------------
if ! strace -f -o /dev/null true 2>/dev/null; then
  not_checked "system calls: strace does not work here"
  end
  exit 0
fi
# Everything that can change a file system, that can write through a descriptor or a mapping, or that
# talks to somebody.
changers=(
  socket connect bind sendto sendmsg
  unlink unlinkat rmdir rename renameat renameat2 mkdir mkdirat mknod mknodat link linkat symlink
  symlinkat chmod fchmod fchmodat chown fchown lchown fchownat utime utimes utimensat futimesat
  truncate ftruncate fallocate setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
  copy_file_range sendfile splice mount umount2 creat flock sync syncfs fsync fdatasync
  sync_file_range name_to_handle_at open_by_handle_at io_uring_setup io_submit execve execveat fork
  vfork
)
for call in "${changers[@]}"; do # names that this machine's strace does not know are left out
  if strace -e "trace=$call" -o /dev/null true 2>/dev/null; then known+=("$call"); fi
done
list=$(IFS=,; echo "${known[*]}")
cat >calls.py <<'PYTHON'
"""calls.py TRACE: prints each call that could change something; exit 1 if there is one."""
import re, sys
bad, opens, first_exec = [], 0, True
for line in open(sys.argv[1], errors="replace"):
    line = re.sub(r"^\d+ +", "", line)
    call = re.match(r"(?:<\.\.\. )?(\w+)", line)
    if not call or line.startswith(("+++", "---")):
        continue
    call = call[1]
    if call in ("open", "openat", "openat2"):
        opens += 1
        if re.search(r"O_WRONLY|O_RDWR|O_CREAT|O_TRUNC|O_APPEND|O_TMPFILE", line):
            bad.append(line)
    elif call in ("write", "pwrite64", "writev", "pwritev", "pwritev2"):
        if not re.match(r"(?:<\.\.\. )?\w+ resumed|\w+\([12][,<]", line):
            bad.append(line)
    elif call in ("mmap", "mprotect"):
        if "PROT_WRITE" in line and "MAP_SHARED" in line and "MAP_ANONYMOUS" not in line:
            bad.append(line)
    elif call == "execve" and first_exec:
        first_exec = False
    else:
        bad.append(line)
for line in bad[:10]:
    print("may change something: " + line.rstrip()[:300], file=sys.stderr)
if opens < int(sys.argv[2]):
    sys.exit(f"only {opens} files were opened: the trace is not one of a scan")
sys.exit(1 if bad else 0)
PYTHON
trace() { # WHAT ARGUMENT…
  what="system calls of $1"
  shift
  rc=0
  strace -f -qq -y -s 16 -o trace \
    -e "trace=open,openat,openat2,write,pwrite64,writev,pwritev,pwritev2,mmap,mprotect,$list" \
    timeout 60 "$regsweep" "$@" >out 2>err || rc=$?
  # timeout itself runs first: what it does is not the program's
  python3 - <<'PYTHON'
import re
lines = open("trace", errors="replace").read().split("\n")
start = max(i for i, line in enumerate(lines) if re.search(r'execve\("[^"]*regsweep"', line) and "= 0" in line)
pid = lines[start].split()[0]
timeout_pid = lines[0].split()[0]
keep = [l for l in lines[start:] if l and l.split()[0] != (timeout_pid if timeout_pid != pid else "")]
open("trace", "w").write("\n".join(keep) + "\n")
PYTHON
}
for arguments in "audit demo" "audit --exact --json --jobs 4 demo" "tags demo" "why demo team/app:1.0" \
  "repos demo" "repos --tags --format csv demo" "export --format csv --table edges demo" \
  "garbage-collect --dry-run -m demo" "garbage-collect -d --semantics registry-2.8 config.yml" \
  "gc healthy" "repair --verify --drop-dangling --lost-found --from healthy demo"; do
  # shellcheck disable=SC2086
  trace "$arguments" $arguments
  no_crash
  check "$what: none can change anything" python3 calls.py trace 100
done
# With --output: only that file and its temporary one, and below the store nothing.
trace "audit -o" audit -o "$work/result" demo
check "audit -o: writes only its result" bash -c '
  grep -E "O_WRONLY|O_RDWR|O_CREAT" trace | grep -v "\"$1/result" && exit 1
  grep -E "^[0-9]+ +(unlink|rename|mkdir|chmod|chown|utime|link|symlink)" trace | grep -v "\"$1/result" && exit 1
  exit 0' _ "$work"
# The check of calls can fail.
printf '%s\n' '7 execve("x", [], 0) = 0' '7 openat(3, "a", O_RDONLY|O_CLOEXEC) = 4' \
  '7 openat(3, "b", O_WRONLY|O_CREAT, 0644) = 4' >trace
refuse "an open for writing is found" python3 calls.py trace 1 2>/dev/null
printf '%s\n' '7 execve("x", [], 0) = 0' '7 openat(3, "a", O_RDONLY|O_CLOEXEC) = 4' \
  '7 unlinkat(3</s>, "b", 0) = 0' >trace
refuse "a removal is found" python3 calls.py trace 1 2>/dev/null
listing >after
check "after all of it nothing has changed" cmp before after
end
