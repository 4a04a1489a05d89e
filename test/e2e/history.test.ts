import { readFileSync, renameSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import * as addFormats from "ajv-formats";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Repository } from "../git/repository.ts";
import { behind } from "../state/use-states.ts";
import { keyPolicy, makePlace, root, until, uuid, type Place } from "./cli.ts";
import { rawKey, startPlainControlPlane, type PlainControlPlane } from "./plain-control-plane.ts";

const schema = JSON.parse(readFileSync(join(root, "schema/results.schema.json"), "utf8")) as object;
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
addFormats.default.default(ajv);
ajv.addSchema(schema);

let plane: PlainControlPlane;
let place: Place;
let repository: Repository;

beforeEach(async () => {
  plane = await startPlainControlPlane([rawKey(uuid(1)), rawKey(uuid(2)), rawKey(uuid(3))]);
  place = makePlace(plane);
  repository = new Repository(place.policies);
});

afterEach(async () => {
  await place.remove();
  await plane.close();
});

async function json(kind: "history" | "verdict", ...args: string[]): Promise<Record<string, any>> {
  const { stdout, stderr, exitCode } = await place.run("history", ...args, "--format", "json");
  expect([stderr, exitCode]).toEqual(["", kind === "verdict" && stdout.includes('"ok": false') ? 7 : 0]);
  const result = JSON.parse(stdout) as Record<string, any>;
  const check = ajv.getSchema(`urn:keysteward:results:v1#/$defs/${kind}`)!;
  expect(check(result), JSON.stringify(check.errors)).toBe(true);
  return result;
}

const base =
  "apiVersion: keysteward/v1\nkind: Profile\nmetadata: { name: base }\nspec: { key: { description: shared } }\n";

function withProfile(policy: string): string {
  return policy.replace("spec:\n", "spec:\n  profiles: [base]\n");
}

describe("history", () => {
  test("answers for each write: when, what, why, from which commit and file, and how it ended", async () => {
    const one = keyPolicy("one", uuid(1), "{ name: one }");
    const first = repository.commit("writer", { "one.yaml": one, "base.yaml": base });
    const two = withProfile(keyPolicy("two", uuid(2), "{ name: two }"));
    const second = repository.commit("editor", { "two.yaml": two });
    repository.write("one.yaml", `${one}# an edit that nobody committed\n`);
    plane.intercept = ({ method, path }, response) => {
      if (method !== "PUT" || !path.endsWith(uuid(1))) return false;
      response.writeHead(400, { "content-type": "application/json" });
      response.end(JSON.stringify({ success: false, data: { errorCode: "AB01", message: "no such name" } }));
      return true;
    };
    expect((await place.run("apply")).exitCode).toBe(5);

    const { entries } = await json("history", "--key", uuid(2).toUpperCase());
    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({
      event: "claimed",
      ...{ keyId: uuid(2), policy: "two", file: "policies/two.yaml", line: 6, outcome: "applied" },
      ...{ commit: second, author: "editor <editor@example.com>", uncommitted: false },
      fields: [
        {
          path: "description",
          to: "shared",
          file: "policies/base.yaml",
          commit: first,
          author: "writer <writer@example.com>",
        },
        { path: "name", to: "two", why: "new", file: "policies/two.yaml" },
      ],
    });
    expect(entries[0].fields[1]).not.toHaveProperty("commit");
    expect(entries[0].lines.map(({ event }: any) => event)).toEqual(["claimed", "applied", "read-back"]);

    const { stdout } = await place.run("history", "--policy", "one");
    // Both changes are under way at a time.
    const steady = stdout.replace(/\d+ ms/, "5 ms").replace(/^\S+/, "2026-11-25T10:00:00.000Z");
    expect(steady.replace(/\(line \d+\)$/gm, "(line 1)")).toBe(
      [
        `2026-11-25T10:00:00.000Z ${uuid(1)} one policies/one.yaml:5 (line 1)`,
        `  commit ${first.slice(0, 12)} by writer <writer@example.com>, with edits that were not committed`,
        `  ~ name: "unnamed" -> "one" (new, policies/one.yaml:6)`,
        `  rejected: PUT /api-keys/${uuid(1)} got 400 AB01: the request was refused; it says: no such name, 5 ms later (line 1)\n`,
      ].join("\n"),
    );
    const human = await place.run("history", "--key", uuid(2));
    expect(human.stdout).toContain(
      `policies/base.yaml:4, commit ${first.slice(0, 12)} by writer <writer@example.com>)`,
    );
  });

  test("tells of a request whose answer was lost how it ended, once that was found, and stays a whole chain", async () => {
    Object.assign(place.env, { KEYSTEWARD_SETTLE: "0s" });
    place.write("one.yaml", keyPolicy("one", uuid(1), "{ name: one }"));
    let reached = false;
    plane.intercept = ({ method }) => {
      reached ||= method === "PUT";
      return method === "PUT";
    };
    const killed = place.start("apply");
    await until(() => reached, "the request", killed.output);
    killed.child.kill("SIGKILL");
    await killed.ended;
    plane.intercept = () => false;
    expect((await place.run("history")).stdout).toContain("  how it ended was never learnt\n");
    plane.keys.get(uuid(1))!["name"] = "one";
    expect((await place.run("apply")).exitCode).toBe(0);

    const { entries } = await json("history");
    expect(entries).toMatchObject([{ event: "claimed", outcome: "applied" }]);
    expect(entries[0].lines.map(({ seq, event, detail }: any) => [seq, event, detail.found])).toEqual([
      [1, "claimed", undefined],
      [2, "applied", true],
    ]);
    expect((await place.run("history")).stdout).toMatch(
      /^ {2}found later as it was to be set: name, (\d+ ms later|at \S+) \(line 2\)$/m,
    );
    expect(await json("verdict", "verify")).toMatchObject({ ok: true, lines: 2 });
    expect((await place.run("plan")).exitCode).toBe(0);
  });

  test("filters by key, policy, commit and time, and shows the latest first", async () => {
    const commits: string[] = [];
    for (const number of [1, 2, 3]) {
      const file = { [`p${number}.yaml`]: keyPolicy(`p${number}`, uuid(number), `{ name: n${number} }`) };
      commits.push(repository.commit("writer", file));
      expect((await place.run("apply")).exitCode).toBe(0);
    }
    const policies = async (...args: string[]): Promise<string[]> =>
      (await json("history", ...args)).entries.map(({ policy }: any) => policy as string);
    expect(await policies()).toEqual(["p3", "p2", "p1"]);
    expect(await policies("--limit", "2")).toEqual(["p3", "p2"]);
    expect(await policies("--policy", "p2")).toEqual(["p2"]);
    expect(await policies("--key", uuid(3))).toEqual(["p3"]);
    expect(await policies("--commit", commits[0]!.slice(0, 8).toUpperCase())).toEqual(["p1"]);
    expect(await policies("--since", "1h")).toEqual(["p3", "p2", "p1"]);
    expect(await policies("--until", "1h")).toEqual([]);
    const [, middle] = (await json("history")).entries as { at: string }[];
    expect(await policies("--since", middle!.at)).toEqual(["p3", "p2"]);
    expect(await policies("--until", middle!.at)).toEqual(["p1"]);
    expect(await policies("--policy", "p1", "--key", uuid(2))).toEqual([]);
    expect((await place.run("history", "--policy", "nobody")).stdout).toBe(
      "The audit trail has nothing of that.\n",
    );
  });

  test("needs no credential and no state, and says which flag it does not understand", async () => {
    place.env = { PATH: place.env["PATH"]! };
    expect((await place.run("history")).exitCode).toBe(0);
    expect(await json("verdict", "verify")).toMatchObject({ ok: true, lines: 0, last: null });
    for (const wrong of [
      ["--limit", "0"],
      ["--limit", "all"],
      ["--commit", "HEAD"],
      ["--since", "yesterday"],
      ["--until", "2026-02-31"],
      ["verify", "--key", uuid(1)],
      ["check"],
    ]) {
      const { exitCode, stderr, stdout } = await place.run("history", ...wrong);
      expect([exitCode, stdout], wrong.join(" ")).toEqual([4, ""]);
      expect(stderr).toContain(wrong[0] === "verify" ? "--key" : wrong.at(-1));
    }
  });

  test("is read beside a running daemon, whose pushes carry the commit as well", async () => {
    place.env["KEYSTEWARD_WATCH_DEBOUNCE"] = "10ms";
    // As git-sync does it: a checkout of its own for each commit, and a link that is moved on.
    const publish = (commit: string): void => {
      repository.git("worktree", "add", "-q", join(place.folder, commit), commit);
      symlinkSync(commit, join(place.folder, "next"));
      renameSync(join(place.folder, "next"), join(place.folder, "current"));
    };
    place.env["KEYSTEWARD_POLICIES"] = "current";
    publish(repository.commit("writer", { "one.yaml": keyPolicy("one", uuid(1), "{ name: one }") }));
    const daemon = place.start("daemon");
    await until(() => plane.keys.get(uuid(1))?.["name"] === "one", "the first pass", daemon.output);
    await until(() => daemon.log.some(({ msg }) => msg === "pass ended"), "its end", daemon.output);
    const commit = repository.commit("editor", {
      "one.yaml": keyPolicy("one", uuid(1), "{ name: another }"),
    });
    publish(commit);
    await until(() => plane.keys.get(uuid(1))?.["name"] === "another", "the edit", daemon.output);
    await until(
      () => daemon.log.filter(({ msg }) => msg === "change applied").length === 2,
      "its end",
      daemon.output,
    );
    const [latest] = (await json("history")).entries;
    expect(latest).toMatchObject({
      author: "editor <editor@example.com>",
      commit,
      outcome: "applied",
      uncommitted: false,
    });
    const { ok, lines } = await json("verdict", "verify");
    // Two requests with their ends, and what was read back by now.
    expect([ok, lines >= 4]).toEqual([true, true]);
    daemon.child.kill("SIGTERM");
    expect((await daemon.ended).exitCode).toBe(0);
    expect(daemon.log.filter(({ level }) => level !== "info")).toEqual([]);
  });
});

describe("history verify", () => {
  test("is silent on a whole trail but for its end, and exits 7 with the first line that is not what was written", async () => {
    repository.commit("writer", { "one.yaml": keyPolicy("one", uuid(1), "{ name: one }") });
    expect((await place.run("apply")).exitCode).toBe(0);
    const { last } = await json("verdict", "verify");
    const whole = await place.run("history", "verify");
    expect(whole.stdout).toBe(`whole: 3 lines\n  last: line 3, hash ${last.hash}\n`);
    behind(join(place.folder, "state.db"), (db) => {
      db.exec("DROP TRIGGER audit_no_update; UPDATE audit SET author = 'somebody else' WHERE seq = 1");
    });
    const broken = await place.run("history", "verify");
    expect([broken.exitCode, broken.stdout, broken.stderr]).toEqual([
      7,
      "broken at line 1: changed: it, or the line before it, is not what was written\n",
      "",
    ]);
    expect(await json("verdict", "verify")).toMatchObject({
      ok: false,
      lines: 0,
      broken: { seq: 1, how: "changed" },
    });
  });
});
