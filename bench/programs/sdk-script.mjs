// The script that one would write with Portkey's official SDK: the list page by page, an update for each key that differs.
// It trusts the answer of the update, retries nothing of its own, and keeps no state.
// sdk-script.mjs BASE_URL KEYS
import { Portkey } from "portkey-ai";
import { keyId, keyRow } from "./population.mjs";

const [baseUrl, keys] = process.argv.slice(2);
const portkey = new Portkey({ apiKey: "bench-admin-key-0001", baseURL: baseUrl });
const wanted = new Map(Array.from({ length: Number(keys) }, (_, index) => [keyId(index), index]));
let changed = 0;
let seen = 0;

for (let page = 0; seen < wanted.size; page += 1) {
  const { data } = await portkey.apiKeys.list({ page_size: 100, current_page: page });
  if (data.length === 0) break;
  for (const found of data) {
    seen += 1;
    const { rate_limits } = keyRow(wanted.get(found.id));
    if (JSON.stringify(found.rate_limits) === JSON.stringify(rate_limits)) continue;
    changed += 1;
    await portkey.apiKeys.update({ id: found.id, rate_limits });
  }
}
process.stdout.write(`${changed}\n`);
