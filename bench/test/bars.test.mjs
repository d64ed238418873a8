import { describe, expect, it } from 'vitest';
import { judge } from '../bars.mjs';

const same = (value) => ({ median: value, min: value, max: value });

function row(id, module, { seconds, p99 = 1, pingP99 = p99 }) {
  const eventLoop = { monitor: { p99: same(p99) }, ping: { p99: same(pingP99) } };
  return {
    id,
    name: id,
    module,
    failure: null,
    eventLoop,
    rounds: seconds.map((s) => ({ throughput: { seconds: s } })),
  };
}

const verdicts = (rows) => judge(rows).map(({ verdict }) => verdict);
const ceiling = row('ceiling', 'ceiling', { seconds: [8.5, 8.5, 17] });

describe('bars', () => {
  it('compares with the ceiling round by round', () => {
    const ovembed = row('ovembed-auto', 'ovembed', { seconds: [10, 10, 20] });
    expect(judge([ovembed, ceiling])[0]).toMatchObject({ verdict: 'pass', measured: '0.850 (0.850 to 0.850)' });
  });

  it('fails below the share of the ceiling', () => {
    const ovembed = row('ovembed-auto', 'ovembed', { seconds: [10.1, 10.1, 20.2] });
    expect(verdicts([ovembed, ceiling])).toEqual(['fail', 'pass']);
  });

  it('believes whichever instrument saw the longer delay', () => {
    const ovembed = (delays) => row('ovembed-auto', 'ovembed', { seconds: [9, 9, 18], ...delays });
    expect(verdicts([ovembed({ p99: 9.9 }), ceiling])).toEqual(['pass', 'pass']);
    expect(verdicts([ovembed({ p99: 10 }), ceiling])).toEqual(['pass', 'fail']);
    expect(verdicts([ovembed({ p99: 1, pingP99: 10 }), ceiling])).toEqual(['pass', 'fail']);
  });

  it('fails what was asked for and did not run', () => {
    const failed = { id: 'ovembed-auto', name: 'ovembed', module: 'ovembed', failure: 'no addon' };
    expect(judge([failed, ceiling])).toMatchObject([
      { verdict: 'fail', measured: 'ovembed did not run' },
      { verdict: 'fail', measured: 'ovembed did not run' },
    ]);
  });

  it('has no verdict on what was not asked for', () => {
    expect(judge([])).toMatchObject([{ verdict: 'not measured' }]);
  });
});
