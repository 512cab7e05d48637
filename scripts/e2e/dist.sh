#!/usr/bin/env bash
# The program is split into a small one and a file with its lines, and the lines are found again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$PWD/target}
cargo run --quiet --package xtask -- dist "$(realpath "$BRAMAH_BIN")"
cp "$CARGO_TARGET_DIR"/dist/bramah{,.debug} "$folder"
cd "$folder"
fail() { echo "$*" >&2; exit 1; }

./bramah --version >/dev/null || fail "the small program does not run"
[ $((2 * $(stat -c %s bramah))) -lt "$(stat -c %s "$(realpath "$BRAMAH_BIN")")" ] ||
    fail "the small program is not small"
# It has the names of functions, and nothing of lines but where they are.
readelf -S -W bramah >sections
grep -q debug_line sections && fail "the small program has lines"
readelf -p .gnu_debuglink bramah >link
grep -q 'bramah\.debug' link || fail "it does not name the file"
nm -C bramah >names
start=$(grep -E ' t bramah::main$' names | cut -d' ' -f1) || fail "it has no names of functions"
# Also to who finds the lines by the small program alone, as it does itself in a backtrace.
for file in bramah bramah.debug; do
    addr2line -e "$file" "0x$start" | grep -qE 'crates/cli/src/main\.rs:[0-9]+' ||
        fail "$file: no line of main: $(addr2line -e "$file" "0x$start")"
done
mv bramah.debug elsewhere
addr2line -e bramah "0x$start" | grep -q main.rs && fail "the lines are in the small program"
echo "dist: $(stat -c %s bramah) bytes run, $(stat -c %s elsewhere) bytes know their lines"
