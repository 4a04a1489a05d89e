import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../errors.ts";
import type { Paint } from "../render/color.ts";
import { setStage, type Running, type Stage } from "./stage.ts";
import { tellWrites } from "./tell-writes.ts";

export interface DemoOptions {
  readonly paint: Paint;
  readonly print: (text: string) => void;
  /** Whether to stay afterwards until `stop`. */
  readonly stay: boolean;
  readonly stop: AbortSignal;
}

const onlyReported = "The difference is that of the policy with `mode: report`: told, and not mended.";

/** The file that the demo edits, and the line in it. */
const editedFile = "search/chatbot.yaml";
const editedLine = /value: (\d+)/;

/** Plays the demo. Throws when the product does not do what the demo says. */
export async function runDemo(options: DemoOptions): Promise<void> {
  const stage = await setStage();
  const show = narrator(options);
  try {
    await firstPlanAndApply(stage, show);
    const daemon = stage.daemon();
    await until(() => daemon.lines.some(({ msg }) => msg === "pass ended"), "the daemon's first pass");
    await anEdit(stage, daemon, show);
    await drift(stage, daemon, show);
    await aBrokenFile(stage, daemon, show);
    if (options.stay) await play(stage, options);
    daemon.signal("SIGTERM");
    expect((await daemon.ended()) === 0, "the daemon stops cleanly");
    await theEnd(stage, show);
  } finally {
    await stage.close();
  }
}

type Show = (title: string, ...lines: readonly string[]) => void;

function narrator({ paint, print }: DemoOptions): Show {
  let step = 0;
  return (title, ...lines) => {
    step += 1;
    print(`\n${paint("bold", `${step}. ${title}`)}\n${lines.map((line) => `   ${line}\n`).join("")}`);
  };
}

async function firstPlanAndApply(stage: Stage, show: Show): Promise<void> {
  const keys = stage.simulator.keys.size;
  show(
    "A control plane and a directory of policies",
    `${keys} keys were made by hand, and none is as its policy says. One policy only reports.`,
  );
  const plan = await stage.run(["plan"]);
  expect(plan.exitCode === 2 && writes(stage) === 0, "plan finds changes and writes nothing", plan.output);
  show("keysteward plan: what would be written, and why", ...excerpt(plan.output, 14));
  const apply = await stage.run(["apply", "--yes"]);
  expect(apply.exitCode === 0 && writes(stage) > 0, "apply writes", apply.output);
  const again = await stage.run(["plan"]);
  expect(again.exitCode === 0, "the next plan is empty", again.output);
  show("keysteward apply, and a second plan", lastLine(apply.output), lastLine(again.output));
}

async function anEdit(stage: Stage, daemon: Running, show: Show): Promise<void> {
  const file = join(stage.policies, editedFile);
  const text = readFileSync(file, "utf8");
  const before = Number(editedLine.exec(text)?.[1]);
  const seen = writes(stage);
  const startedAt = performance.now();
  writeFileSync(file, text.replace(editedLine, `value: ${before * 2}`));
  await until(() => writes(stage) > seen, "the edit's PUT");
  const tookMs = Math.round(performance.now() - startedAt);
  await until(
    () => daemon.lines.filter(({ msg }) => msg === "change applied").length > 0,
    "the change in the log",
  );
  const request = stage.simulator.requests.findLast(({ method }) => method === "PUT");
  show(
    `The daemon runs, and somebody edits ${editedFile}: ${before} becomes ${before * 2} requests a minute`,
    `PUT ${request?.path ?? ""} ${JSON.stringify(request?.body)}`,
    `${tookMs} ms after the file was written; nothing else was sent.`,
  );
  expect(writes(stage) === seen + 1, "an edit of one field is one PUT");
}

async function drift(stage: Stage, daemon: Running, show: Show): Promise<void> {
  const [id] =
    [...stage.simulator.keys].find(([, key]) => (key["rate_limits"] as unknown[]).length > 0) ?? [];
  if (id === undefined) throw new Error("the example policies have no key with a rate limit");
  const wanted = JSON.stringify(stage.simulator.keys.get(id)?.["rate_limits"]);
  stage.simulator.edit(id, { rate_limits: [] });
  daemon.signal("SIGHUP");
  await until(
    () => JSON.stringify(stage.simulator.keys.get(id)?.["rate_limits"]) === wanted,
    "drift is mended",
  );
  show(
    "Somebody takes a key's rate limit away in the dashboard",
    "The next reconcile pass (cron, or SIGHUP as here) finds it and puts it back:",
    `rate_limits of ${id} is ${wanted} again, why = drift.`,
  );
}

async function aBrokenFile(stage: Stage, daemon: Running, show: Show): Promise<void> {
  const file = join(stage.policies, editedFile);
  const sound = readFileSync(file, "utf8");
  const seen = writes(stage);
  appendFileSync(file, "\n  key: { rate_limits: [ oops\n");
  await until(() => daemon.lines.some(({ msg }) => msg === "policy problem"), "the problem in the log");
  const problem = daemon.lines.find(({ msg }) => msg === "policy problem");
  const passes = passCount(daemon);
  daemon.signal("SIGHUP");
  await until(() => passCount(daemon) > passes, "a reconcile pass with the broken file");
  expect(writes(stage) === seen, "a broken file changes nothing");
  show(
    "A broken file is pushed: its keys keep their values, the others go on",
    String(problem?.["problem"]),
    `at ${String(problem?.["place"])}; requests written because of it: 0.`,
  );
  const before = passCount(daemon);
  writeFileSync(file, sound);
  await until(() => passCount(daemon) > before, "the pass after the file was mended");
}

async function theEnd(stage: Stage, show: Show): Promise<void> {
  const plan = await stage.run(["plan"]);
  expect(plan.exitCode === 0, "the last plan is empty");
  const status = await stage.run(["status"]);
  // Not in sync, and rightly so: one policy only reports what its key should be.
  expect(status.exitCode === 2 && /^ {2}drift /m.test(status.output), "only the reported key differs");
  const [verdict = ""] = status.output.split("\n");
  show("The file is mended, the daemon stopped; in the end", lastLine(plan.output), verdict, onlyReported);
}

async function play(stage: Stage, options: DemoOptions): Promise<void> {
  options.print(
    `\n${options.paint("bold", "The daemon still runs.")} Edit the files in ${stage.policies} and look at what arrives;\n` +
      "press Ctrl-C to end.\n",
  );
  await tellWrites(stage.simulator, options.print, options.stop);
}

function writes(stage: Stage): number {
  return stage.simulator.requests.filter(({ method }) => method === "PUT").length;
}

function passCount(daemon: Running): number {
  return daemon.lines.filter(({ msg }) => msg === "pass ended").length;
}

function excerpt(output: string, most: number): string[] {
  const lines = output.split("\n").filter((line) => line !== "");
  return lines.length <= most
    ? lines
    : [...lines.slice(0, most), `... and ${lines.length - most} more lines`];
}

function lastLine(output: string): string {
  return excerpt(output, Infinity).at(-1) ?? "";
}

function expect(holds: boolean, claim: string, output = ""): void {
  if (holds) return;
  const said = output === "" ? "" : `. The command said:\n${output}`;
  throw new AppError("DEMO_FAILED", `the demo failed: it is not so that ${claim}${said}`);
}

const patienceMs = 30_000;

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!condition()) {
    if (performance.now() > end)
      throw new AppError("DEMO_FAILED", `the demo failed: waited ${patienceMs} ms for ${what}`);
    await pause(10);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
