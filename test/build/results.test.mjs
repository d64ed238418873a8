import { describe, expect, it } from 'vitest';
import { describeCounts, judge, readCargoTest, readGoogleTest, readVitest, sum } from '../../scripts/test/results.mjs';

const googleTest = (tests) =>
  JSON.stringify({ tests: tests.length, testsuites: [{ name: 'Suite', testsuite: tests }] });
const ran = { status: 'RUN', result: 'COMPLETED' };

describe('reading reports', () => {
  it('counts GoogleTest results, skipped and disabled ones apart', () => {
    const text = googleTest([
      ran,
      ran,
      { ...ran, failures: [{ failure: 'Expected equality', type: '' }] },
      { status: 'RUN', result: 'SKIPPED' },
      { status: 'NOTRUN', result: 'SUPPRESSED' },
    ]);
    expect(readGoogleTest(text)).toEqual({ passed: 2, failed: 1, skipped: 2 });
  });

  it('adds up the summaries of all of Cargo’s test executables', () => {
    const text = [
      'running 5 tests',
      'test utf16 ... ok',
      'test result: ok. 4 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s',
      'test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s',
    ].join('\n');
    expect(readCargoTest(text)).toEqual({ passed: 6, failed: 3, skipped: 1 });
  });

  it('counts pending and todo tests of vitest as skipped', () => {
    const report = { numPassedTests: 7, numFailedTests: 2, numPendingTests: 1, numTodoTests: 1 };
    expect(readVitest(JSON.stringify(report))).toEqual({ passed: 7, failed: 2, skipped: 2 });
  });
});

describe('judging a runner', () => {
  const counts = (passed, failed = 0, skipped = 0) => ({ passed, failed, skipped });

  it('takes a clean run as it is', () => {
    expect(judge(0, () => counts(3, 0, 1))).toEqual(counts(3, 0, 1));
  });

  it('takes failed tests as they are, whatever the exit code', () => {
    expect(judge(1, () => counts(3, 2))).toEqual(counts(3, 2));
  });

  it('counts a crash after passing tests as a failure', () => {
    expect(judge(null, () => counts(3))).toMatchObject({ ...counts(3, 1), problem: 'ended with a signal' });
    expect(judge(139, () => counts(3))).toMatchObject({ ...counts(3, 1), problem: 'ended with exit code 139' });
  });

  it('counts a missing or broken report as a failure', () => {
    expect(judge(0, () => readGoogleTest('{"testsui'))).toMatchObject({ passed: 0, failed: 1 });
    expect(judge(0, () => readVitest(''))).toMatchObject({ passed: 0, failed: 1 });
  });

  it('counts a run of no tests as a failure, and so one that only skips', () => {
    expect(judge(0, () => counts(0))).toMatchObject({ ...counts(0, 1), problem: 'ran no test' });
    expect(judge(0, () => counts(0, 0, 5))).toMatchObject({ ...counts(0, 1, 5), problem: 'ran no test' });
    expect(judge(0, () => readCargoTest('error: could not compile'))).toMatchObject({ passed: 0, failed: 1 });
  });
});

describe('the closing line', () => {
  it('sums over the runners', () => {
    const total = sum([
      { name: 'C++', passed: 5, failed: 0, skipped: 1 },
      { name: 'Rust', passed: 7, failed: 2, skipped: 0 },
    ]);
    expect(describeCounts(total)).toBe('12 passed, 2 failed, 1 skipped');
  });

  it('leaves skipped out when there are none', () => {
    expect(describeCounts(sum([{ name: 'Rust', passed: 7, failed: 0, skipped: 0 }]))).toBe('7 passed, 0 failed');
  });
});
