/* Prints how many cases the property tests of a run have run, in total and by test. */
import type { Reporter, TestModule } from "vitest/node";

/** With KEYSTEWARD_PROPERTY_LEAST in the environment, fewer cases than that are a failure of the run. */
export default class PropertyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counted = modules.flatMap((module) =>
      [...module.children.allTests()].flatMap((test) => {
        const { cases } = test.meta();
        return cases === undefined
          ? []
          : [{ name: test.fullName, cases, ms: test.diagnostic()?.duration ?? 0 }];
      }),
    );
    if (counted.length === 0) return;
    const total = counted.reduce((sum, { cases }) => sum + cases, 0);
    const seconds = counted.reduce((sum, { ms }) => sum + ms, 0) / 1000;
    console.log(`property cases: ${total} in ${counted.length} tests, ${seconds.toFixed(1)} s of testing`);
    const least = process.env["KEYSTEWARD_PROPERTY_LEAST"];
    if (least === undefined) return;
    for (const { name, cases, ms } of counted)
      console.log(`  ${cases} in ${(ms / 1000).toFixed(1)} s  ${name}`);
    if (total >= Number(least)) return;
    console.error(`fewer cases than the ${least} that were asked for`);
    process.exitCode = 1;
  }
}
