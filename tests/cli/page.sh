#!/usr/bin/env bash
# audit --html: the page in a real browser, and what happens when it cannot be written.
#
# usage: tests/cli/page.sh REGSWEEP
# shellcheck source=tests/cli/lib.bash
source "$(dirname -- "${BASH_SOURCE[0]}")/lib.bash"
begin "$@"

demo_store "$work/demo" >/dev/null

run "help" audit --help
shows "--html"

run "a page beside the text" audit -q "$work/demo" --html "$work/demo.html"
exits 0 1 3
shows "WHERE THE SPACE IS"
check "the page is there" test -s "$work/demo.html"
check "nothing temporary is left" test -z "$(compgen -G "$work/demo.html.*")"
check "it is small" test "$(stat -c %s "$work/demo.html")" -lt 1000000
check "it has d3 inside" grep -qF "d3js.org" "$work/demo.html"

run "a page beside JSON in a file" audit -q --json -o "$work/demo.json" "$work/demo" --html "$work/again.html"
check "both are there" test -s "$work/demo.json" -a -s "$work/again.html"

run "a directory that is not there" audit -q "$work/demo" --html "$work/absent/page.html"
exits 2
says "cannot write"
shows "WHERE THE SPACE IS"

run "one file for both" audit -q --json -o "$work/one" "$work/demo" --html "$work/../$(basename "$work")/one"
exits 2
says "can hold only one of the two"
check "neither was written" test ! -e "$work/one"

run "no name" audit -q "$work/demo" --html ""
exits 2
run "no file" audit -q "$work/demo" --html -
exits 2

: >"$work/there.html"
chmod 600 "$work/there.html"
run "over an older page" audit -q "$work/demo" --html "$work/there.html"
check "the mode stays" test "$(stat -c %a "$work/there.html")" = 600
check "the page is whole" grep -qF "</html>" "$work/there.html"

# ---- in a browser -------------------------------------------------------------------------------

python=$(python_that "import selenium") || skip "python3-selenium is not installed"
need chromium chromedriver

rc=0
timeout -k 5 300 "$python" "$source_dir/tests/page/page_test.py" "$regsweep" "$work" || rc=$?
checks=$((checks + 1))
((rc == 0)) || fail "the page in a browser: exit $rc"
end
