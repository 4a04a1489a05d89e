// A control plane that only does what is measured: pages of the list, one key, an update. It runs in a process of its
// own and notes, on the machine's monotonic clock, when each request arrived.
// control-plane.mjs '{"keys": 10000, "stale": false, "latencyMs": 0}'
import { createServer } from "node:http";
import { keyId, keyRow } from "./population.mjs";

const { keys, stale, latencyMs } = JSON.parse(process.argv[2]);
const indexOf = new Map(Array.from({ length: keys }, (_, index) => [keyId(index), index]));
const changed = new Map();
const pages = new Map();
let arrivals = [];

function now() {
  return Number(process.hrtime.bigint()) / 1e6;
}

function rowOf(index) {
  return { ...keyRow(index, { stale }), ...changed.get(index) };
}

function page(number, size) {
  const name = `${number} ${size}`;
  const known = pages.get(name);
  if (known !== undefined) return known;
  const first = number * size;
  const length = Math.max(0, Math.min(size, keys - first));
  const data = Array.from({ length }, (_, offset) => rowOf(first + offset));
  const text = JSON.stringify({ object: "list", total: keys, data });
  pages.set(name, text);
  return text;
}

function answer(response, status, text) {
  const send = () => {
    response.writeHead(status, {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(text),
    });
    response.end(text);
  };
  if (latencyMs === 0) send();
  else setTimeout(send, latencyMs);
}

function update(index, request, response) {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    changed.set(index, { ...changed.get(index), ...JSON.parse(Buffer.concat(chunks).toString()) });
    pages.clear();
    answer(response, 200, "{}");
  });
}

const server = createServer((request, response) => {
  const at = now();
  const url = new URL(request.url, "http://127.0.0.1");
  const [, , , id] = url.pathname.split("/");
  const { method } = request;
  arrivals.push({ at, kind: id === undefined ? "list" : method === "PUT" ? "put" : "get" });
  if (id === undefined) {
    const query = url.searchParams;
    answer(response, 200, page(Number(query.get("current_page")), Number(query.get("page_size"))));
    return;
  }
  const index = indexOf.get(id);
  if (index === undefined) answer(response, 404, '{"success":false,"data":{"message":"no such key"}}');
  else if (method === "PUT") {
    process.send({ event: { id, at } });
    update(index, request, response);
  } else answer(response, 200, JSON.stringify(rowOf(index)));
});

process.on("message", (question) => {
  if (question !== "forget") return;
  process.send({ arrivals });
  arrivals = [];
});
process.on("disconnect", () => process.exit());

// The first reading is not to pay for making the rows.
for (let number = 0; number * 100 < keys && !stale; number += 1) page(number, 100);
server.listen(0, "127.0.0.1", () => process.send({ port: server.address().port }));
