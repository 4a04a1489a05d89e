import { execFileSync, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { notifySystemd } from "../src/daemon/notify-systemd.ts";

const folder = fileURLToPath(new URL("../systemd/", import.meta.url));
const units = readdirSync(folder).sort();

function has(program: string, argument = "--version"): boolean {
  return spawnSync(program, [argument]).status === 0;
}

/** Checks of unit files came with version 250. */
function analyzeVersion(): number {
  const { status, stdout } = spawnSync("systemd-analyze", ["--version"], { encoding: "utf8" });
  return status === 0 ? Number(/^systemd (\d+)/.exec(stdout)?.[1] ?? 0) : 0;
}

const canAnalyze = analyzeVersion() >= 250;
const canNotify = has("systemd-notify") && has("python3");

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "keysteward-systemd-"));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Copies the units with a program that exists here, and changes the text of one of them. */
function copyUnits(change: (text: string, unit: string) => string = (text) => text): void {
  for (const unit of units) {
    const text = readFileSync(join(folder, unit), "utf8").replaceAll("/usr/bin/keysteward", process.execPath);
    writeFileSync(join(directory, unit), change(text, unit));
  }
}

function verify(unit: string): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(
    "systemd-analyze",
    ["verify", "--man=no", "--recursive-errors=no", `./${unit}`],
    { cwd: directory, encoding: "utf8" },
  );
  return { status, output: stdout + stderr };
}

/** The values of a key in a unit. */
function valuesOf(unit: string, key: string): readonly string[] {
  const text = readFileSync(join(folder, unit), "utf8");
  return [...text.matchAll(new RegExp(`^${key}=(.*)$`, "gm"))].map((match) => match[1]!);
}

test("the page names every unit", () => {
  const page = readFileSync(new URL("../docs/systemd.md", import.meta.url), "utf8");
  expect(units).toEqual(["keysteward-reconcile.service", "keysteward-reconcile.timer", "keysteward.service"]);
  for (const unit of units) {
    expect(page).toContain(`systemd/${unit}`);
  }
});

test("both services start the program with the commands that belong to them", () => {
  expect(valuesOf("keysteward.service", "ExecStart")).toEqual(["/usr/bin/keysteward daemon"]);
  expect(valuesOf("keysteward-reconcile.service", "ExecStart")).toEqual([
    "/usr/bin/keysteward apply --keep-going",
  ]);
});

test("the daemon has a directory of its own for its socket, and may open one", () => {
  expect(valuesOf("keysteward.service", "RuntimeDirectory")).toEqual(["keysteward"]);
  expect(valuesOf("keysteward.service", "RestrictAddressFamilies")[0]).toContain("AF_UNIX");
});

test("a start that cannot succeed is not tried again, and a pass with an invalid policy shows as failed", () => {
  expect(valuesOf("keysteward.service", "RestartPreventExitStatus")).toEqual(["4"]);
  expect(valuesOf("keysteward-reconcile.service", "SuccessExitStatus")).toEqual([]);
});

describe.skipIf(!canAnalyze)("systemd-analyze", () => {
  test.each(units)("has nothing against %s", (unit) => {
    copyUnits();
    const { status, output } = verify(unit);
    expect(status, output).toBe(0);
  });

  test.each([
    ["keysteward.service", "NoNewPrivileges=", "NoNewPrivilege="],
    ["keysteward.service", "Type=notify", "Type=notifi"],
    ["keysteward-reconcile.service", "UMask=0077", "UMask=0999"],
    ["keysteward-reconcile.timer", "OnCalendar=*:0/15", "OnCalendar=*:0/15x"],
  ])("would notice a mistake in %s: %s written as %s", (unit, right, wrong) => {
    copyUnits((text, name) => (name === unit ? text.replace(right, wrong) : text));
    const { status, output } = verify(unit);
    expect(status).not.toBe(0);
    expect(output).toContain(unit);
  });

  test.each(units.filter((unit) => unit.endsWith(".service")))(
    "rates the hardening of %s as good",
    (unit) => {
      copyUnits();
      const { status, stderr } = spawnSync(
        "systemd-analyze",
        ["security", "--offline=true", "--threshold=25", `./${unit}`],
        { cwd: directory, encoding: "utf8" },
      );
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    },
  );

  test("the schedule is every quarter of an hour", () => {
    const calendar = valuesOf("keysteward-reconcile.timer", "OnCalendar")[0]!;
    expect(execFileSync("systemd-analyze", ["calendar", calendar], { encoding: "utf8" })).toContain(
      "Normalized form: *-*-* *:00/15:00",
    );
  });
});

const receiver = `
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
s.settimeout(25)
print("bound", flush=True)
while True:
    print(s.recv(4096).decode().replace("\\n", "|"), flush=True)
`;

describe("notifySystemd", () => {
  test("does nothing without a socket, and never throws", () => {
    notifySystemd("READY=1", {});
    notifySystemd("READY=1", { NOTIFY_SOCKET: "" });
    notifySystemd("READY=1", { NOTIFY_SOCKET: "/nowhere", PATH: directory });
    notifySystemd("STATUS=a\0b", { NOTIFY_SOCKET: "/nowhere", PATH: process.env["PATH"] });
    notifySystemd("", { NOTIFY_SOCKET: "/nowhere", PATH: process.env["PATH"] });
  });

  test.skipIf(!canNotify)("sends all lines in one message, and then a barrier to wait for", async () => {
    const socket = join(directory, "notify");
    const python = spawn("python3", ["-c", receiver, socket], { stdio: ["ignore", "pipe", "inherit"] });
    const ended = new Promise((resolve) => python.once("exit", resolve));
    try {
      const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
      expect((await lines.next()).value).toBe("bound");
      notifySystemd("READY=1\nSTATUS=12 keys in sync", { NOTIFY_SOCKET: socket, PATH: process.env["PATH"] });
      expect((await lines.next()).value).toBe("READY=1|STATUS=12 keys in sync");
      expect((await lines.next()).value).toBe("BARRIER=1");
      notifySystemd("STOPPING=1", { NOTIFY_SOCKET: socket, PATH: process.env["PATH"] });
      expect((await lines.next()).value).toBe("STOPPING=1");
    } finally {
      python.kill();
      await ended;
    }
  });

  test.skipIf(!canNotify)("hands nothing of the environment to the child but what it needs", async () => {
    const seen = join(directory, "seen");
    const fake = join(directory, "systemd-notify");
    writeFileSync(fake, `#!/bin/sh\n/usr/bin/env > ${seen}.part; /bin/mv ${seen}.part ${seen}\n`, {
      mode: 0o755,
    });
    notifySystemd("READY=1", { NOTIFY_SOCKET: "/nowhere", PATH: directory, PORTKEY_API_KEY: "s3cr3t" });
    await expect.poll(() => readdirSync(directory), { timeout: 20_000 }).toContain("seen");
    const names = readFileSync(seen, "utf8")
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0]);
    expect(names).toContain("NOTIFY_SOCKET");
    expect(
      names.filter((name) => !["NOTIFY_SOCKET", "PATH", "PWD", "_", "SHLVL", "OLDPWD"].includes(name!)),
    ).toEqual([]);
  });
});
