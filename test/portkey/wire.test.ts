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

describe("a key that may be our own", () => {
  const isOwn = (masked: string): boolean => masked === row.key;

  test("is marked, by a GET and by a list, and nothing of the mask goes further", () => {
    const other = { ...row, id: "8f0e0000-0000-4000-8000-000000000002", key: "zz*****zzz" };
    const page = readPage({ data: [row, other], total: 2 }, isOwn);
    expect(page.records.map(({ key }) => key.own)).toEqual([true, undefined]);
    const { key, raw } = readRecord(row, "get", isOwn);
    expect(key.own).toBe(true);
    expect(JSON.stringify({ ...key, fields: [...key.fields], raw })).not.toContain("z1*");
  });

  test.each([[undefined], [null], [7], [{}]])("is not one whose mask is %j", (masked) => {
    const json = { ...row, ...(masked === undefined ? {} : { key: masked }) };
    const { key: _key, ...without } = json;
    expect(readRecord(masked === undefined ? without : json, "get", () => true).key.own).toBeUndefined();
  });
});
