#!/usr/bin/env bash
# Locks held by curl alone: the examples of the page about HTTP, and eight loops that add to one
# counter under one lock, which must come out exact.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
output=$(bash examples docs/reference/http.md 2>&1) || { echo "$output"; exit 1; }
for expected in '"detail":"could not acquire' '"code":"wait_timed_out"' '"reason":"released"' \
    '"held":true' 'event: snapshot' '"holders_total":1'; do
    grep -qF "$expected" <<<"$output" || { echo "$output"; echo "missing: $expected"; exit 1; }
done
[ "$(grep -c '^"token":2$' <<<"$output")" = 2 ] || { echo "$output"; echo "a repeat"; exit 1; }
tail -1 <<<"$output"

folder=$(mktemp -d)
cd "$folder"
"$BRAMAH_BIN" serve --in-memory --listen 127.0.0.1:0 >started 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait; rm -rf "$folder"' EXIT
for _ in $(seq 100); do
    address=$(grep -oE '127\.0\.0\.1:[0-9]+' started | head -1) && [ -n "$address" ] && break
    sleep 0.1
done

# The same over HTTP/2, if this curl can.
if curl --version | grep -q HTTP2; then
    version=$(curl -s --http2-prior-knowledge -o held -w '%{http_version}' \
        -X POST "$address/v1/locks/two")
    [ "$version" = 2 ] && grep -q '"token":1' held || { echo "HTTP/$version"; cat held; exit 1; }
fi

echo 0 >counter
add() {
    local hold
    for _ in $(seq 50); do
        hold=$(curl -sf -X POST "$address/v1/locks/counter" -d '{"wait": "60s", "ttl": "30s"}' |
            sed 's/.*"hold":"\([^"]*\)".*/\1/')
        # Read and write apart, with a process between: without the lock additions would be lost.
        count=$(cat counter)
        expr "$count" + 1 >counter
        curl -sf -o /dev/null -X DELETE "$address/v1/holds/$hold"
    done
}
loops=()
for _ in $(seq 8); do
    add &
    loops+=($!)
done
for loop in "${loops[@]}"; do
    wait "$loop"
done
[ "$(cat counter)" = 400 ] || { echo "the counter is $(cat counter), not 400"; exit 1; }
echo "8 loops of curl added 400 times under one lock"
