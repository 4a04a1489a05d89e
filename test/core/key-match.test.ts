import { expect, test } from "vitest";
import { matchesKey, type KeyMatch } from "../../src/core/key-match.ts";
import { live } from "./build.ts";

const key = live({
  name: "prod-chatbot",
  type: "workspace-user",
  workspace_id: "0f5e7b1a-93c4-4a52-8e6f-7d2c1b0a9e88",
  status: "active",
  defaults: { metadata: { team: "search", tier: 1 }, config_id: null },
});

test.each<[KeyMatch, boolean]>([
  [{}, true],
  [{ type: "workspace-user" }, true],
  [{ type: "workspace-service" }, false],
  [{ workspaceId: "0F5E7B1A-93C4-4A52-8E6F-7D2C1B0A9E88" }, true],
  [{ workspaceId: "0f5e7b1a-93c4-4a52-8e6f-7d2c1b0a9e89" }, false],
  [{ name: "prod-*" }, true],
  [{ name: "prod-chatbo?" }, true],
  [{ name: "prod" }, false],
  [{ status: "active" }, true],
  [{ status: "expired" }, false],
  [{ metadata: { team: "search" } }, true],
  [{ metadata: { team: "search", tier: 1 } }, true],
  [{ metadata: { tier: "1" } }, true],
  [{ metadata: { team: "ads" } }, false],
  [{ metadata: { team: null } }, false],
  [{ metadata: { owner: null } }, true],
  [{ metadata: { constructor: "x" } }, false],
  [{ type: "workspace-user", name: "test-*" }, false],
])("all that is given must hold: %j", (match, expected) => {
  expect(matchesKey(match, key)).toBe(expected);
});
