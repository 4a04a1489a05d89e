import { describe, expect, test } from "vitest";
import { readPage, readRecord } from "../../src/portkey/wire.ts";

const row = {
  id: "8F0E0000-0000-4000-8000-000000000001",
  key: "z1*****3AX",
  name: "ci",
  type: "workspace-service",
  status: "active",
  usage_limits: { is_expired_alerts_sent: true },
  something_new: [1, { deep: null }],
};

describe("a key", () => {
  test("is kept as it arrived, but for its masked secret", () => {
    const { key, raw } = readRecord(row, "get");
    const { key: _masked, ...rest } = row;
    expect(raw).toEqual(rest);
    expect(key).toMatchObject({ id: row.id.toLowerCase(), name: "ci", status: "active" });
  });

  test("has no rotation policy by a GET, and an unknown one by a list", () => {
    expect(readRecord(row, "get").key.fields.get("rotation_policy")).toBeNull();
    expect(readRecord(row, "list").key.fields.has("rotation_policy")).toBe(false);
  });

  test.each([[null], ["key"], [[row]], [{ ...row, id: 7 }], [{ ...row, id: "slug" }]])(
    "is not %j",
    (json) => {
      expect(() => readRecord(json, "get")).toThrow(TypeError);
    },
  );
});

describe("a page", () => {
  test.each([
    [1, 1],
    ["1", 1],
    [undefined, undefined],
    [null, undefined],
  ])("with a total of %j counts %j", (total, expected) => {
    const page = readPage({ object: "list", data: [row], ...(total === undefined ? {} : { total }) });
    expect(page.total).toBe(expected);
    expect(page.records).toHaveLength(1);
  });

  test.each([
    [null],
    [[row]],
    [{}],
    [{ total: 0 }],
    [{ total: 1, data: row }],
    [{ total: 1, data: [row, null] }],
    [{ total: -1, data: [] }],
    [{ total: 1.5, data: [] }],
    [{ total: "many", data: [] }],
    [{ total: [], data: [] }],
  ])("is not %j", (json) => {
    expect(() => readPage(json)).toThrow(TypeError);
  });
});
