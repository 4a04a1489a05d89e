import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { checkedResult } from "../render/results.ts";
import { keyPolicy, makePlace, until, uuid, type Place } from "./cli.ts";
import { rawKey, startPlainControlPlane, type PlainControlPlane } from "./plain-control-plane.ts";

/* A guardrail from its first pass to its end, by the built command, against what is not the simulator. */

let plane: PlainControlPlane;
let place: Place;

beforeEach(async () => {
  plane = await startPlainControlPlane([
    rawKey(uuid(1), { name: "chatbot" }),
    rawKey(uuid(2), { name: "by hand" }),
  ]);
  place = makePlace(plane);
});

afterEach(async () => {
  await place.remove();
  await plane.close();
});

const guardrail = `apiVersion: keysteward/v1
kind: Guardrail
metadata: { name: budget }
spec:
  message: a key needs a budget of at most 100 dollars
  appliesTo: live
  schema:
    required: [usage_limits]
    properties:
      usage_limits: { type: object, properties: { credit_limit: { maximum: 100 } } }
`;
const wanting = (limit: number): string =>
  keyPolicy("chatbot", uuid(1), `{ usage_limits: { type: cost, credit_limit: ${limit} } }`);

test("what it forbids is refused, also while it is broken and after a restart; once it is deleted it is not", async () => {
  place.write("rules.yaml", guardrail);
  place.write("chatbot.yaml", wanting(50));
  expect((await place.run("validate")).exitCode).toBe(0);
  expect((await place.run("apply", "--yes")).exitCode).toBe(0);
  expect(plane.puts()).toHaveLength(1);

  const audited = await place.run("audit", "--format", "json");
  expect(audited.exitCode).toBe(3);
  expect(checkedResult("audit", audited.stdout)["violations"]).toMatchObject([
    { keyId: uuid(2), guardrail: "budget" },
  ]);

  place.write("chatbot.yaml", wanting(500));
  const refused = await place.run("validate", "--format", "json");
  expect(refused.exitCode).toBe(3);
  expect(checkedResult("validate", refused.stdout)["problems"]).toMatchObject([
    {
      code: "KS1340",
      file: expect.stringContaining("chatbot.yaml"),
      line: 6,
      path: "spec.key.usage_limits.credit_limit",
    },
  ]);

  place.write("rules.yaml", guardrail.replace("maximum", "maximun"));
  const held = await place.run("apply", "--yes", "--keep-going");
  expect(held.exitCode).toBe(3);
  expect(held.stdout).toContain("KS1341");
  expect(plane.puts()).toHaveLength(1);

  place.write(
    "rules.yaml",
    guardrail.replace("100 dollars", "1000 dollars").replace("maximum: 100", "maximum: 1000"),
  );
  expect((await place.run("apply", "--yes")).exitCode).toBe(0);
  expect(plane.puts()).toHaveLength(2);

  rmSync(join(place.policies, "rules.yaml"));
  place.write("chatbot.yaml", wanting(5000));
  expect((await place.run("apply", "--yes")).exitCode).toBe(0);
  expect(plane.puts()).toHaveLength(3);
  expect((await place.run("plan")).exitCode).toBe(0);
}, 60_000);

test("a daemon refuses an edit that offends, keeps a broken guardrail in force, and goes on when both are mended", async () => {
  place.write("rules.yaml", guardrail);
  place.write("chatbot.yaml", wanting(50));
  const daemon = place.start("daemon");
  await until(() => plane.puts().length === 1, "the first update", daemon.output);

  place.write("rules.yaml", guardrail.replace("spec:", "spec: ["));
  place.write("chatbot.yaml", wanting(500));
  await until(() => daemon.output().includes("KS1341"), "the guardrail to stay in force", daemon.output);
  place.write("chatbot.yaml", wanting(60));
  await until(() => plane.puts().length === 2, "what the last sound form allows", daemon.output);
  expect(plane.puts().at(-1)!.body).toMatchObject({ usage_limits: { credit_limit: 60 } });

  place.write("rules.yaml", guardrail.replace("maximum: 100", "maximum: 1000"));
  place.write("chatbot.yaml", wanting(500));
  await until(() => plane.puts().length === 3, "what the mended form allows", daemon.output);
  expect(plane.puts().at(-1)!.body).toMatchObject({ usage_limits: { credit_limit: 500 } });
  daemon.child.kill("SIGTERM");
  expect((await daemon.ended).exitCode).toBe(0);
  expect((await place.run("plan")).exitCode).toBe(0);
}, 60_000);
