/** Counts of tests: read from each runner's own report, judged, and summed. */

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {number} skipped
 */

/** @returns {Counts} from the text of GoogleTest's `--gtest_output=json` */
export function readGoogleTest(text) {
  const tests = JSON.parse(text).testsuites.flatMap((suite) => suite.testsuite);
  const failed = tests.filter((test) => test.failures?.length > 0).length;
  const skipped = tests.filter((test) => test.result === 'SKIPPED' || test.status === 'NOTRUN').length;
  return { passed: tests.length - failed - skipped, failed, skipped };
}

/** @returns {Counts} from what `cargo test` prints: one line for every test executable, and one for the documentation */
export function readCargoTest(text) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const [, passed, failed, ignored] of text.matchAll(
    /^test result: .*?(\d+) passed; (\d+) failed; (\d+) ignored;/gm,
  )) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
    counts.skipped += Number(ignored);
  }
  return counts;
}

/** @returns {Counts} from the text of vitest's JSON reporter */
export function readVitest(text) {
  const report = JSON.parse(text);
  const skipped = report.numPendingTests + report.numTodoTests;
  return { passed: report.numPassedTests, failed: report.numFailedTests, skipped };
}

/**
 * One runner's counts, with what its report can't say about itself counted as a failure: that it crashed (no report),
 * that it ended badly although no test failed, or that it ran no test at all.
 * @param {number | null} status  exit code; null if killed by a signal
 * @param {() => Counts} read     reads the runner's report
 * @returns {Counts & { problem?: string }}
 */
export function judge(status, read) {
  let counts;
  try {
    counts = read();
  } catch (error) {
    return { passed: 0, failed: 1, skipped: 0, problem: `left no readable report (${error.message})` };
  }
  const problem = problemOf(counts, status);
  return problem ? { ...counts, failed: counts.failed + 1, problem } : counts;
}

function problemOf({ passed, failed }, status) {
  if (failed > 0) return undefined; // the tests say it themselves
  if (status !== 0) return `ended with ${status === null ? 'a signal' : `exit code ${status}`}`;
  if (passed === 0) return 'ran no test';
  return undefined;
}

/** @returns {Counts} */
export function sum(outcomes) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const outcome of outcomes) {
    for (const key of Object.keys(total)) total[key] += outcome[key];
  }
  return total;
}

/** `N passed, N failed`, with `, N skipped` if there are any. */
export function describeCounts({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
