// The least that reading every key can take: its pages, sixteen at a time, parsed.
// floor-list.mjs BASE_URL KEYS; each message asks for one reading and is answered with its milliseconds.
import { Agent, request } from "undici";

const [baseUrl, keys] = process.argv.slice(2);
const size = 100;
const dispatcher = new Agent({ connections: 16 });

async function readPage(number) {
  const { body } = await request(`${baseUrl}/api-keys?page_size=${size}&current_page=${number}`, {
    dispatcher,
  });
  return JSON.parse(await body.text()).data.length;
}

async function readAll() {
  const numbers = Array.from({ length: Math.ceil(Number(keys) / size) }, (_, number) => number);
  const counts = await Promise.all(numbers.map(readPage));
  return counts.reduce((sum, count) => sum + count, 0);
}

process.on("message", async () => {
  const from = performance.now();
  const count = await readAll();
  process.send({ ms: performance.now() - from, count });
});
process.on("disconnect", () => process.exit());
process.send("ready");
