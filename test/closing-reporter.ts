import type { Reporter, TestCase, TestModule } from "vitest/node";

/** Ends a run with what was skipped, each with its reason, and one plain line of counts. */
export class ClosingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const tests = modules.flatMap(module => [...module.children.allTests()]);
    const inState = (state: string): TestCase[] => tests.filter(test => test.result().state === state);
    const skipped = inState("skipped");
    const broken = modules.filter(module => module.errors().length > 0).length;
    const failed = inState("failed").length + unhandled.length + broken;
    const lines = skipped.map(test => `skipped: ${test.module.relativeModuleId} > ${test.fullName}${reasonOf(test)}`);
    lines.push(`${inState("passed").length} passed, ${failed} failed, ${skipped.length} skipped`);
    process.stdout.write(`\n${lines.join("\n")}\n`);
  }
}

function reasonOf(test: TestCase): string {
  const result = test.result();
  return result.state === "skipped" && result.note ? `: ${result.note}` : "";
}
