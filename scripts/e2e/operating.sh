#!/usr/bin/env bash
# The examples of docs/operating, one after the other: a cluster, a backup of it, and its end.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
pages=(docs/operating/cluster.md docs/operating/backup.md docs/operating/recovery.md)
output=$(bash examples "${pages[@]}" 2>&1) || { echo "$output"; exit 1; }
tail -1 <<<"$output"
