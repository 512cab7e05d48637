#!/usr/bin/env bash
# Runs every shell example of README.md in one shell, in its order, and stops at the first that
# fails. Blocks that are marked `no-test` are left out. `cargo` stands for the program that was
# built already.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d)
mkdir "$folder/bin"
ln -s "$(realpath "$BRAMAH_BIN")" "$folder/bin/bramah"
cd "$folder"

{
    cat <<'SHELL'
set -euo pipefail
cargo() {
    case "$1" in
        run) shift 3; bramah "$@" ;;
        install) ;;
        *) echo "README uses cargo $1" >&2; exit 1 ;;
    esac
}
# As a reader would wait for the server before typing on.
answers() {
    for _ in $(seq 100); do
        bramah ls >/dev/null 2>&1 && return
        sleep 0.1
    done
    return 1
}
trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT
SHELL
    awk '
        /^```sh$/ {on = 1; next}
        /^```/ {on = 0}
        on {print}
        on && /^bramah serve .*&$/ {print "answers"}
    ' "$root/README.md"
} >examples.sh

status=0
PATH=$folder/bin:$PATH timeout 60 bash examples.sh >output 2>&1 || status=$?
if [ $status -ne 0 ] || ! grep -q '^10.0.0.7:80' output; then
    cat output
    echo "readme: an example failed (exit $status)" >&2
    exit 1
fi
echo "README.md: $(grep -cE '^(bramah|cargo run|hold=)' examples.sh) examples passed"
rm -r "$folder"
