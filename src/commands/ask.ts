import { createInterface } from "node:readline/promises";
import type { Io } from "./context.ts";

/** Whether somebody can be asked. */
export function isInteractive(io: Io): boolean {
  return io.stdin.isTTY === true && (io.stderr.isTTY === true || io.stdout.isTTY === true);
}

/** Asks on the terminal; true for "yes" alone. */
export async function confirmed(question: string): Promise<boolean> {
  const prompt = createInterface({
    input: process.stdin,
    output: process.stderr.isTTY ? process.stderr : process.stdout,
  });
  try {
    const answer = await prompt.question(`${question} Only "yes" goes on: `);
    return answer.trim().toLowerCase() === "yes";
  } catch {
    // Ctrl-C or Ctrl-D at the question is an answer.
    return false;
  } finally {
    prompt.close();
  }
}
