import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checkPolicies } from "../../src/core/check-policies.ts";
import type { Problem, ProblemCode } from "../../src/core/problem.ts";
import { createPolicySource } from "../../src/policy-dir/policy-source.ts";

/* One broken directory for each problem code: most are a single file, the others are made by a few commands. */

const folder = new URL("../fixtures/policies/", import.meta.url);

/** The fixtures, without `.yaml`: each is named for its code and its fault. */
export function brokenFiles(): string[] {
  return readdirSync(folder)
    .map((name) => name.replace(/\.yaml$/, ""))
    .sort();
}

export function brokenText(name: string): Buffer {
  return readFileSync(new URL(`${name}.yaml`, folder));
}

/** Makes a policy directory of one broken file. */
export function writeBrokenFile(directory: string, name: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, `${name}.yaml`), brokenText(name));
}

/** How a directory comes to have the problem, as commands for people and as what they do. */
export interface BrokenTree {
  readonly commands: string;
  readonly make: (directory: string) => void;
}

const sound = `apiVersion: keysteward/v1
kind: KeyPolicy
metadata: { name: sound }
spec: { keyId: f47ac10b-58cc-4372-a567-0e02b2c3d479, key: { name: sound } }
`;

function withSoundFile(directory: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "sound.yaml"), sound);
}

export const brokenTrees: Readonly<Partial<Record<ProblemCode, BrokenTree>>> = {
  KS1001: { commands: "rm -r policies", make: () => undefined },
  KS1002: {
    commands: "ln -s policies policies",
    make: (directory) => symlinkSync(directory, directory),
  },
  KS1003: { commands: "mkdir policies", make: (directory) => mkdirSync(directory) },
  KS1004: {
    commands: "git init policies && touch policies/.git/index.lock",
    make: (directory) => {
      withSoundFile(directory);
      mkdirSync(join(directory, ".git"));
      writeFileSync(join(directory, ".git/HEAD"), "ref: refs/heads/main\n");
      writeFileSync(join(directory, ".git/index.lock"), "");
    },
  },
  KS1005: {
    commands: "ln -s nowhere.yaml policies/chatbot.yaml",
    make: (directory) => {
      withSoundFile(directory);
      symlinkSync("nowhere.yaml", join(directory, "chatbot.yaml"));
    },
  },
  KS1007: {
    commands: "head -c 2M /dev/zero | tr '\\0' '#' > policies/chatbot.yaml",
    make: (directory) => {
      withSoundFile(directory);
      writeFileSync(join(directory, "chatbot.yaml"), "#".repeat(2 * 1024 * 1024));
    },
  },
  KS1008: {
    commands: "printf 'name: caf\\351\\n' > policies/chatbot.yaml",
    make: (directory) => {
      withSoundFile(directory);
      writeFileSync(join(directory, "chatbot.yaml"), Buffer.from("name: caf\u00e9\n", "latin1"));
    },
  },
  KS1009: {
    commands: "ln -s /etc/hosts policies/chatbot.yaml",
    make: (directory) => {
      withSoundFile(directory);
      symlinkSync("/etc/hosts", join(directory, "chatbot.yaml"));
    },
  },
  KS1107: {
    commands: "yes -- '---' | head -n 1001 > policies/chatbot.yaml",
    make: (directory) => {
      withSoundFile(directory);
      writeFileSync(join(directory, "chatbot.yaml"), "---\n".repeat(1001));
    },
  },
};

/** Codes that no directory at rest has, each with the reason. */
export const unshown: Readonly<Partial<Record<ProblemCode, string>>> = {
  KS1006: "it comes and goes with a race between reader and writer",
  KS1010: "it takes more than 100,000 files",
  KS1310: "it takes a live key that two policies select",
  KS1312: "it takes live keys, of which the policy selects none",
  KS1330: "it takes a file that could be read before",
  KS1341: "it takes a guardrail that was sound before",
  KS1343: "it takes a key that is not known yet",
  KS1372: "it takes a run of `keysteward test`",
  KS1408: "no value that the schema lets through is known to bring it about; it is there in case one is",
};

/** The moment at which they are looked at. */
const now = Date.parse("2026-12-01T12:00:00Z");

/** All that `validate` says of a directory. */
export function problemsIn(directory: string): readonly Problem[] {
  return checkPolicies(createPolicySource({ directory }).load(), now);
}
