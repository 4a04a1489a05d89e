import { describe, expect, test } from "vitest";
import { leavesMatch, matchesKey, type KeyMatch } from "../../src/core/key-match.ts";
import type { JsonObject } from "../../src/core/policy.ts";
import { desiredFields, live } from "./build.ts";

const workspace = "9b2d3a40-5c1e-4f6a-8b7d-0e1f2a3b4c5d";
const key = live({
  name: "search-bot",
  type: "workspace-user",
  workspace_id: workspace,
  status: "active",
  defaults: { metadata: { team: "search", tier: 2, beta: true }, config_id: null },
});

describe("a key is selected by", () => {
  test.each<[string, KeyMatch, boolean]>([
    ["its type", { type: "workspace-user" }, true],
    ["another type", { type: "workspace-service" }, false],
    ["its workspace, in either case", { workspaceId: workspace.toUpperCase() }, true],
    ["another workspace", { workspaceId: "00000000-5c1e-4f6a-8b7d-0e1f2a3b4c5d" }, false],
    ["its status", { status: "active" }, true],
    ["another status", { status: "expired" }, false],
    ["a pattern for its name", { name: "search-*" }, true],
    ["a pattern of another name", { name: "search-???-*" }, false],
    ["a pattern in another case", { name: "Search-*" }, false],
    ["any name", { name: "*" }, true],
    ["one of its metadata", { metadata: { team: "search" } }, true],
    ["metadata of another value", { metadata: { team: "chat" } }, false],
    ["metadata that it has not", { metadata: { env: "prod" } }, false],
    ["metadata, one of which differs", { metadata: { team: "search", tier: 3 } }, false],
    ["metadata as text, a number or a switch", { metadata: { tier: "2", beta: true } }, true],
    ["metadata named as something that every object has", { metadata: { constructor: "x" } }, false],
    ["everything at once", { type: "workspace-user", name: "*bot", metadata: { tier: 2 } }, true],
    ["everything but one", { type: "workspace-user", name: "*bot", status: "exhausted" }, false],
  ])("%s", (_what, match, expected) => {
    expect(matchesKey(match, key)).toBe(expected);
  });

  test("no name where its name is not known", () => {
    expect(matchesKey({ name: "*" }, { ...key, name: "" })).toBe(false);
  });

  test("no metadata where its metadata is not known", () => {
    const fields = new Map([...key.fields].filter(([path]) => path !== "defaults.metadata"));
    expect(matchesKey({ metadata: { team: "search" } }, { ...key, fields })).toBe(false);
  });

  test("no workspace where it is the organisation's", () => {
    expect(matchesKey({ workspaceId: workspace }, live({ workspace_id: null }))).toBe(false);
  });
});

describe("a selector loses a key that it asks", () => {
  test.each<[string, KeyMatch, JsonObject, string | undefined]>([
    ["for a name out of its pattern", { name: "search-*" }, { name: "chat" }, "name"],
    ["for a name in its pattern: it does not", { name: "search-*" }, { name: "search-x" }, undefined],
    ["for a name, without a pattern: it does not", { type: "x" }, { name: "chat" }, undefined],
    [
      "for other metadata",
      { metadata: { team: "search" } },
      { defaults: { metadata: { team: "chat" } } },
      "defaults.metadata.team",
    ],
    [
      "for that name of metadata to be empty",
      { metadata: { team: "search" } },
      { defaults: { metadata: { team: null } } },
      "defaults.metadata.team",
    ],
    [
      "for all metadata to be empty",
      { metadata: { team: "search" } },
      { defaults: { metadata: null } },
      "defaults.metadata",
    ],
    [
      "for the same metadata, written otherwise: it does not",
      { metadata: { tier: 2 } },
      { defaults: { metadata: { tier: "2" } } },
      undefined,
    ],
    [
      "for metadata of another name: it does not",
      { metadata: { team: "search" } },
      { defaults: { metadata: { env: "prod" } } },
      undefined,
    ],
  ])("%s", (_what, match, wanted, path) => {
    expect(leavesMatch(match, desiredFields(wanted))).toBe(path);
  });
});
