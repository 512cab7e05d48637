#!/usr/bin/env bash
# The examples of README.md; one of them prints a value that was set before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
output=$(bash examples README.md 2>&1) || { echo "$output"; exit 1; }
grep -q '^10.0.0.7:80' <<<"$output" || { echo "$output"; exit 1; }
tail -1 <<<"$output"
