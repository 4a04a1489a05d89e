// The way the Terraform provider for Portkey goes about it: a GET for each key, ten at a time, whatever has changed; a key
// that differs takes a PUT and another GET.
// provider-way.mjs BASE_URL KEYS
import { Agent, request } from "undici";
import { keyId, keyRow } from "./population.mjs";

const [baseUrl, keys] = process.argv.slice(2);
const dispatcher = new Agent({ connections: 10 });
const indexes = Array.from({ length: Number(keys) }, (_, index) => index).values();
let changed = 0;

async function read(id) {
  const { body } = await request(`${baseUrl}/api-keys/${id}`, { dispatcher });
  return JSON.parse(await body.text());
}

async function bringInLine(index) {
  const wanted = keyRow(index).rate_limits;
  const found = await read(keyId(index));
  if (JSON.stringify(found.rate_limits) === JSON.stringify(wanted)) return;
  changed += 1;
  const { body } = await request(`${baseUrl}/api-keys/${keyId(index)}`, {
    dispatcher,
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rate_limits: wanted }),
  });
  await body.text();
  await read(keyId(index));
}

async function work() {
  for (const index of indexes) await bringInLine(index);
}

await Promise.all(Array.from({ length: 10 }, work));
await dispatcher.close();
process.stdout.write(`${changed}\n`);
