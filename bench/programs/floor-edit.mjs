// The least that noticing an edit can take: an event, reading and parsing that one file, one PUT.
// floor-edit.mjs DIRECTORY BASE_URL
import { readdirSync, readFileSync, watch } from "node:fs";
import { join } from "node:path";
import { Agent, request } from "undici";
import { parse } from "yaml";

const [directory, baseUrl] = process.argv.slice(2);
const dispatcher = new Agent({ connections: 16 });
const busy = new Set();

async function push(file) {
  const { spec } = parse(readFileSync(file, "utf8"));
  const { rate_limits } = spec.key;
  const { body } = await request(`${baseUrl}/api-keys/${spec.keyId}`, {
    dispatcher,
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ rate_limits }),
  });
  await body.dump();
}

for (const folder of readdirSync(directory)) {
  watch(join(directory, folder), (_event, name) => {
    if (name === null || !name.endsWith(".yaml") || busy.has(name)) return;
    busy.add(name);
    void push(join(directory, folder, name)).finally(() => busy.delete(name));
  });
}
process.on("disconnect", () => process.exit());
process.send("ready");
