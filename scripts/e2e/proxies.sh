#!/usr/bin/env bash
# The lines of docs/operating/proxies.md, run by a real nginx and a real HAProxy in front of a
# server: long waits, names with slashes, a waiter that goes away, WebSocket and events. And that
# the lines are needed: without them the same fails.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
page=$root/docs/operating/proxies.md
folder=$(mktemp -d)
started=()
cleanup() {
    kill "${started[@]}" 2>/dev/null || true
    wait
    rm -rf "$folder"
}
trap cleanup EXIT
cd "$folder"
fail() { echo "$*" >&2; tail -n 5 "$folder"/*.log >&2 || true; exit 1; }

# until_so COMMAND...: until it succeeds, or about 30 s.
until_so() {
    local _
    for _ in $(seq 1500); do
        "$@" >/dev/null 2>&1 && return
        sleep 0.02
    done
    fail "in vain: $*"
}

# The block of the page in this language, with the addresses of this run.
lines() {
    awk -v begin="^\`\`\`$1\$" '$0 ~ begin {on = 1; next} /^```/ {on = 0} on' "$page" |
        sed "s|127\.0\.0\.1:7420|$server|; s|127\.0\.0\.1:8080|127.0.0.1:$port|"
}

# A port that nobody has at the moment, below those that the kernel gives to connections.
free_port() {
    while port=$((20000 + RANDOM % 12000)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || return 0
    done
}

"$BRAMAH_BIN" serve --in-memory --listen 127.0.0.1:0 >server.log 2>&1 &
started+=($!)
until_so grep -q 'serving bramah://127' server.log
server=$(grep -m1 -oE '127\.0\.0\.1:[1-9][0-9]*' server.log)

# run NGINX|HAPROXY [SED]: starts it with the page's lines, changed by this, and sets its address.
run() {
    free_port
    case "$1" in
        nginx)
            {
                echo "pid $folder/nginx.$port.pid; error_log stderr; daemon off;"
                [ "$(id -u)" -ne 0 ] || echo "user root;"
                echo "events {} http { access_log off;"
                for of in client_body proxy fastcgi uwsgi scgi; do
                    echo "${of}_temp_path $folder/$of;"
                done
                lines nginx | sed "${2:-}"
                echo "}"
            } >"nginx.$port.conf"
            nginx -p "$folder" -c "$folder/nginx.$port.conf" >"nginx.$port.log" 2>&1 &
            ;;
        haproxy)
            lines haproxy | sed "${2:-}" >"haproxy.$port.conf"
            haproxy -db -f "$folder/haproxy.$port.conf" >"haproxy.$port.log" 2>&1 &
            ;;
    esac
    started+=($!)
    api=http://127.0.0.1:$port
    until_so curl -sf -m 2 "$api/readyz?probe=1"
}

# status METHOD PATH [BODY]: what it is answered with.
status() {
    curl -s -m 20 -o answer -w '%{http_code}' -X "$1" "$api$2" ${3:+-d "$3"}
}
waiters() { curl -sf "http://$server/v1/locks/$1" | grep -q "\"waiters_total\":$2"; }

# A WebSocket's first answer.
websocket='
import base64, os, socket, sys
host, port = sys.argv[1].split(":")
s = socket.create_connection((host, int(port)), 10)
key = base64.b64encode(os.urandom(16)).decode()
s.sendall(f"GET /v1/ws HTTP/1.1\r\nHost: {sys.argv[1]}\r\nConnection: Upgrade\r\n"
          f"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
          "Sec-WebSocket-Protocol: bramah.v1.json\r\n\r\n".encode())
text = b"{\"id\":\"1\",\"getServerInfo\":{}}"
mask = os.urandom(4)
masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(text))
s.sendall(bytes([0x81, 0x80 | len(text)]) + mask + masked)
got = b""
while b"serverInfo" not in got:
    part = s.recv(4096)
    assert part, got
    got += part
assert got.startswith(b"HTTP/1.1 101"), got
'

# All that the page promises of a proxy that runs.
serves() {
    local name=$1 waiter hold
    [ "$(status POST /v1/locks/billing%2Fclose)" = 200 ] || fail "$name: $(cat answer)"
    curl -sf "http://$server/v1/locks/billing%2Fclose" | grep -q '"holders_total":1' ||
        fail "$name: it is another lock that is held"
    # A wait of 1.5 s is longer than the time-outs of proxies below.
    [ "$(status POST /v1/locks/billing%2Fclose '{"wait": "1500ms"}')" = 409 ] ||
        fail "$name: $(cat answer)"
    grep -q '"code":"wait_timed_out"' answer || fail "$name: $(cat answer)"

    curl -s -o /dev/null -X POST "$api/v1/locks/billing%2Fclose" -d '{"wait": "1m"}' &
    waiter=$!
    until_so waiters billing%2Fclose 1
    kill "$waiter"
    until_so waiters billing%2Fclose 0

    curl -sN "$api/v1/watch?name=$name" >"$name.events" &
    started+=($!)
    until_so grep -q 'event: snapshot' "$name.events"
    hold=$(curl -sf -X POST "$api/v1/locks/$name" | sed 's/.*"hold":"\([^"]*\)".*/\1/')
    until_so grep -q '"kind":"granted"' "$name.events"
    [ "$(status POST "/v1/holds/$hold/renew")" = 200 ] || fail "$name: $(cat answer)"
    [ "$(status DELETE "/v1/holds/$hold")" = 200 ] || fail "$name: $(cat answer)"
    until_so grep -q '"kind":"ended"' "$name.events"

    python3 -c "$websocket" "127.0.0.1:$port" || fail "$name: no WebSocket"
    curl -sf -X POST "http://$server/v1/locks/billing%2Fclose/revoke" >revoked
    echo "$name: long waits, slashes, who goes away, events and WebSocket"
}

if ! command -v nginx >/dev/null; then
    echo "SKIPPED: nginx (it is not installed: scripts/deps)"
else
    run nginx
    serves nginx
    # Without the lines.
    run nginx 's/proxy_read_timeout 11m/proxy_read_timeout 1s/'
    curl -sf -o /dev/null -X POST "http://$server/v1/locks/busy" -d '{"ttl": "1m"}'
    [ "$(status POST /v1/locks/busy '{"wait": "5s"}')" = 504 ] || fail "nginx waits: $(cat answer)"
    until_so waiters busy 0
    run nginx 's|http://bramah;|http://bramah/;|'
    [ "$(status POST /v1/locks/a%2Fb)" = 404 ] || fail "nginx leaves %2F: $(cat answer)"
    run nginx '/proxy_set_header Upgrade/d'
    python3 -c "$websocket" "127.0.0.1:$port" 2>/dev/null && fail "nginx upgrades by itself"
    # A member that is down.
    run nginx "s|server $server;|server 127.0.0.1:9; &|"
    for _ in 1 2 3 4; do
        [ "$(status POST "/v1/locks/up$port")" != 502 ] || fail "nginx asks no other member"
    done
fi
if ! command -v haproxy >/dev/null; then
    echo "SKIPPED: haproxy (it is not installed: scripts/deps)"
else
    run haproxy
    serves haproxy
    run haproxy 's/timeout server 11m/timeout server 1s/'
    curl -s -o /dev/null -X POST "http://$server/v1/locks/busy" -d '{"ttl": "1m"}'
    [ "$(status POST /v1/locks/busy '{"wait": "5s"}')" = 504 ] ||
        fail "haproxy waits: $(cat answer)"
    run haproxy 's|server one .*|server none 127.0.0.1:9\n    &|'
    for _ in 1 2 3 4; do
        [ "$(status POST "/v1/locks/up$port")" != 503 ] || fail "haproxy asks no other member"
    done
fi
