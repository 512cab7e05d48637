#!/usr/bin/env bash
# Real clients over WebSocket: Python's `websockets`, Node's built-in WebSocket and a page in
# headless Chromium. At once, on one lock, each opens a session and counts: it gets the lock, reads
# a number, writes it one higher and releases. The number must be exact.
#
# What is missing is installed (apt-get as root; pip into target/); a client that cannot be
# installed is left out with a line that says SKIPPED.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
turns=${TURNS:-100}
folder=$(mktemp -d)
started=()
cleanup() {
    for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
    wait
    rm -rf "$folder"
}
trap cleanup EXIT

fail() { echo "$*" >&2; exit 1; }

# install PACKAGE: from the distribution, if this is root and there is one.
install() {
    [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null || return 1
    export DEBIAN_FRONTEND=noninteractive
    timeout 60 apt-get install -q -y --no-install-recommends "$1" >/dev/null 2>&1 && return
    timeout 60 apt-get update -q >/dev/null 2>&1
    timeout 120 apt-get install -q -y --no-install-recommends "$1" >/dev/null 2>&1
}

# The first of these commands that there is.
first_of() {
    local command
    for command in "$@"; do command -v "$command" && return; done
    return 1
}

# The number, and what a page needs: a page is of another origin than the server.
cat >"$folder/desk.py" <<'PYTHON'
import http.server, sys

class Desk(http.server.BaseHTTPRequestHandler):
    number, ended, page = "0", [], open(sys.argv[1], "rb").read()

    def say(self, body, kind="text/plain"):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        if self.path.startswith("/page"):
            self.say(Desk.page, "text/html")
        elif self.path == "/ended":
            self.say("\n".join(Desk.ended).encode())
        else:
            self.say(Desk.number.encode())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        if self.path == "/ended":
            Desk.ended.append(body)
        else:
            Desk.number = body
        self.say(b"")

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Desk)
print(server.server_address[1], flush=True)
server.serve_forever()
PYTHON

# One client for Node and for browsers.
cat >"$folder/client.js" <<'SCRIPT'
async function count(url, desk, turns) {
  const socket = new WebSocket(url, ["bramah.v1.json"]);
  const replies = new Map(), grants = new Map();
  let id = 0, seq = 0;
  const gone = new Promise((_, reject) => {
    socket.onclose = (event) => reject(new Error(`closed: ${event.code} ${event.reason}`));
  });
  gone.catch(() => {});
  await Promise.race([gone, new Promise((resolve) => (socket.onopen = resolve))]);
  socket.onmessage = (message) => {
    const { reply, event } = JSON.parse(message.data);
    if (reply) replies.get(reply.id)(reply);
    if (event?.granted) grants.get(event.granted.seq)(event.granted.grants[0].hold);
  };
  const ask = (op) => {
    const mine = String(++id);
    socket.send(JSON.stringify({ id: mine, ...op }));
    return Promise.race([gone, new Promise((resolve) => replies.set(mine, resolve))]);
  };
  const bound = { ttlMs: 60000, onDisconnect: "ON_DISCONNECT_RELEASE" };
  const opened = await ask({ openSession: bound });
  const session = opened.sessionOpened.session;
  const next = () => ({ session, seq: String(++seq), answeredBelow: String(seq) });
  for (let turn = 0; turn < turns; turn++) {
    const request = next();
    const granted = new Promise((resolve) => grants.set(request.seq, resolve));
    const item = { name: "counter", mode: "MODE_EXCLUSIVE" };
    const answer = await ask({ acquire: { request, item, wait: { forever: true } } });
    if (!answer.granted && !answer.queued) throw new Error(JSON.stringify(answer));
    const now = answer.granted?.grants[0].hold;
    const hold = now ?? (await Promise.race([gone, granted]));
    const number = Number(await (await fetch(desk + "/number")).text());
    await fetch(desk + "/number", { method: "POST", body: String(number + 1) });
    const released = await ask({ release: { request: next(), hold } });
    if (!released.released) throw new Error(JSON.stringify(released));
  }
  await ask({ closeSession: { session } });
  socket.close();
}
SCRIPT

{
    echo '<!doctype html><title>counting</title><script>'
    cat "$folder/client.js"
    cat <<'SCRIPT'
const told = new URLSearchParams(location.search);
count(told.get("url"), location.origin, Number(told.get("turns")))
  .then(() => "page", (error) => "page failed: " + error)
  .then((end) => fetch("/ended", { method: "POST", body: end }));
</script>
SCRIPT
} >"$folder/page.html"

{
    cat "$folder/client.js"
    cat <<'SCRIPT'
if (typeof WebSocket === "undefined") globalThis.WebSocket = require("ws");
const [url, desk, turns] = process.argv.slice(2);
count(url, desk, Number(turns)).then(() => process.exit(0), (error) => {
  console.error(error);
  process.exit(1);
});
SCRIPT
} >"$folder/node.js"

cat >"$folder/client.py" <<'PYTHON'
import asyncio, itertools, json, sys, urllib.request
import websockets

url, desk, turns = sys.argv[1], sys.argv[2], int(sys.argv[3])

async def count():
    subprotocols = [websockets.Subprotocol("bramah.v1.json")]
    async with websockets.connect(url, subprotocols=subprotocols) as socket:
        ids, seqs = itertools.count(1), itertools.count(1)

        async def ask(op):
            number = str(next(ids))
            await socket.send(json.dumps({"id": number, **op}))
            while True:
                message = json.loads(await socket.recv())
                if message.get("reply", {}).get("id") == number:
                    return message["reply"]

        session = (await ask({"openSession": {"ttlMs": "60000"}}))["sessionOpened"]["session"]

        def request():
            seq = str(next(seqs))
            return {"session": session, "seq": seq, "answeredBelow": seq}

        for _ in range(turns):
            item = {"name": "counter", "mode": "MODE_EXCLUSIVE"}
            acquire = {"request": request(), "item": item, "wait": {"forever": True}}
            answer = await ask({"acquire": acquire})
            if "granted" in answer:
                grant = answer["granted"]["grants"][0]
            else:
                assert "queued" in answer, answer
                event = json.loads(await socket.recv())["event"]
                grant = event["granted"]["grants"][0]
            number = int(urllib.request.urlopen(desk + "/number").read())
            data = str(number + 1).encode()
            urllib.request.urlopen(desk + "/number", data=data).read()
            answer = await ask({"release": {"request": request(), "hold": grant["hold"]}})
            assert "released" in answer, answer
        assert "sessionClosed" in await ask({"closeSession": {"session": session}})

asyncio.run(asyncio.wait_for(count(), 60))
PYTHON

# What there is to count with.
clients=()
python=$root/target/e2e/python
if command -v python3 >/dev/null || install python3; then
    "$python/bin/python" -c 'import websockets' 2>/dev/null || {
        python3 -m venv "$python" 2>/dev/null ||
            { install python3-venv && python3 -m venv "$python"; } || true
        timeout 60 "$python/bin/pip" install -q 'websockets==15.*' >/dev/null 2>&1 || true
    }
    "$python/bin/python" -c 'import websockets' 2>/dev/null && clients+=(python)
fi
command -v python3 >/dev/null || fail "python3 is needed to keep the number"
[[ " ${clients[*]} " == *" python "* ]] ||
    echo "SKIPPED: python (websockets could not be installed)"

node_options=()
if command -v node >/dev/null || install nodejs; then
    has_websocket='process.exit(typeof WebSocket === "undefined" ? 1 : 0)'
    if node -e "$has_websocket"; then
        clients+=(node)
    elif node --experimental-websocket -e "$has_websocket" 2>/dev/null; then
        node_options=(--experimental-websocket)
        clients+=(node)
    elif mkdir -p "$root/target/e2e/node" && command -v npm >/dev/null &&
        timeout 60 npm install --silent --prefix "$root/target/e2e/node" ws@8 >/dev/null 2>&1; then
        export NODE_PATH=$root/target/e2e/node/node_modules
        clients+=(node)
    fi
fi
[[ " ${clients[*]} " == *" node "* ]] ||
    echo "SKIPPED: node (it has no WebSocket, nor could ws be installed)"

chromium=$(first_of chromium chromium-browser google-chrome) ||
    { install chromium && chromium=$(first_of chromium); } || true
if [ -n "$chromium" ]; then
    clients+=(page)
else
    echo "SKIPPED: page (Chromium could not be installed)"
fi
[ ${#clients[@]} -gt 0 ] || { echo "SKIPPED: no client could be installed"; exit 0; }

# A line of a file that another process writes, once it is there.
line_of() {
    local _
    for _ in $(seq 100); do
        grep -m1 -oE "$2" "$1" 2>/dev/null && return
        sleep 0.1
    done
    fail "$1 does not say $2: $(cat "$1")"
}

python3 "$folder/desk.py" "$folder/page.html" >"$folder/desk" 2>"$folder/desk.log" &
started+=($!)
desk=http://127.0.0.1:$(line_of "$folder/desk" '^[0-9]+')

"$BRAMAH_BIN" serve --in-memory --listen 127.0.0.1:0 --origins "$desk" \
    >"$folder/server" 2>&1 &
started+=($!)
address=$(line_of "$folder/server" '127\.0\.0\.1:[1-9][0-9]*')
url=ws://$address/v1/ws

# A page that is not listed gets nothing.
refused=$(curl -s -o /dev/null -w '%{http_code}' --max-time 10 \
    -H 'Connection: Upgrade' -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' \
    -H 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' -H 'Origin: https://evil.example' \
    "http://$address/v1/ws") || true
[ "$refused" = 403 ] || fail "a page of another origin got $refused"

count() {
    case "$1" in
        python) exec timeout 70 "$python/bin/python" "$folder/client.py" "$url" "$desk" "$turns" ;;
        node) exec timeout 70 node "${node_options[@]}" "$folder/node.js" "$url" "$desk" "$turns" ;;
        page)
            exec timeout 70 "$chromium" --headless=new --no-sandbox --disable-gpu \
                --no-first-run --disable-background-networking --user-data-dir="$folder/profile" \
                --remote-debugging-port=0 "$desk/page?url=$url&turns=$turns"
            ;;
    esac
}
for client in "${clients[@]}"; do
    (count "$client") >"$folder/$client.log" 2>&1 &
    started+=($!)
    declare "pid_$client=$!"
done

for client in "${clients[@]}"; do
    if [ "$client" = page ]; then
        end=
        for _ in $(seq 600); do
            end=$(curl -s --max-time 5 "$desk/ended")
            [ -n "$end" ] && break
            sleep 0.1
        done
        [ "$end" = page ] || fail "the page did not count: $end; $(tail -5 "$folder/page.log")"
    else
        pid=pid_$client
        wait "${!pid}" || fail "$client did not count: $(cat "$folder/$client.log")"
    fi
done

number=$(curl -s --max-time 5 "$desk/number")
expected=$((turns * ${#clients[@]}))
[ "$number" = "$expected" ] || fail "${clients[*]} counted to $number, not to $expected"
echo "websocket: ${clients[*]} counted to exactly $number together"
