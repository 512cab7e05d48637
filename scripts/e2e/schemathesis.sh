#!/usr/bin/env bash
# Many requests that are made from the server's description of itself, good and bad, over the real
# server: it must never fail, and never answer what it does not describe.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The version that was tried.
version=4.32.5
tools=${CARGO_TARGET_DIR:-$PWD/target}/tools/schemathesis-$version
if [ ! -x "$tools/bin/schemathesis" ]; then
    if ! python3 -m venv "$tools" >/dev/null 2>&1; then
        echo "SKIPPED: schemathesis (python3 has no venv: install python3-venv)"
        exit 0
    fi
    if ! timeout 300 "$tools/bin/pip" install --quiet "schemathesis==$version"; then
        rm -rf "$tools"
        echo "SKIPPED: schemathesis (it could not be fetched)"
        exit 0
    fi
fi

folder=$(mktemp -d)
"$BRAMAH_BIN" serve --in-memory --listen 127.0.0.1:0 >"$folder/started" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait; rm -rf "$folder"' EXIT
for _ in $(seq 100); do
    address=$(grep -oE '127\.0\.0\.1:[0-9]+' "$folder/started" | head -1) || true
    [ -n "$address" ] && break
    sleep 0.1
done

# Left out: a watch never ends. A request that follows the description may be refused all the same,
# for a session or a hold that nobody has.
checks=not_a_server_error,status_code_conformance,content_type_conformance
checks+=,response_schema_conformance,unsupported_method
cd "$folder"
status=0
timeout 120 "$tools/bin/schemathesis" run "http://$address/openapi.json" \
    --exclude-path /v1/watch \
    --phases examples,coverage,fuzzing --max-examples "${BRAMAH_SCHEMATHESIS_EXAMPLES:-25}" \
    --request-timeout 15 --suppress-health-check all --no-color \
    --checks "$checks" >output 2>&1 || status=$?
if [ $status -ne 0 ]; then
    tail -150 output
    exit 1
fi
grep -E 'Generated|generated|cases|passed' output | tail -3
