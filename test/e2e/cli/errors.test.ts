/** Each kind of failure: its exit code, its message with the place, and what was written before it. */
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { jsonLines, Workplace } from './support.js';

const place = new Workplace();
mkdirSync(place.file('folder'));
writeFileSync(place.file('one.txt'), 'one\n');

describe('input (3)', () => {
  const good = '{"text":"good"}\n';
  const bad: [name: string, line: string | Buffer, message: RegExp][] = [
    ['malformed', '{"text":', /not valid JSON/],
    ['empty', '', /the line is empty/],
    ['no-object', '["text"]', /expected a JSON object, found an array of 1/],
    ['no-field', '{"body":"x","id":1}', /there is no field "text" \(--field\); there are "body", "id"/],
    ['no-string', '{"text":5}', /the field "text" must be a string, not 5/],
    ['surrogate', '{"text":"\\ud800"}', /lone surrogate/],
    ['taken', '{"text":"x","embedding":[]}', /there is a field "embedding" already; name another one with --into/],
    ['encoding', Buffer.from([0x7b, 0xff, 0x7d]), /not valid UTF-8/],
  ];

  test.each(bad)('%s: names file and line, and keeps the vectors of the lines before', async (name, line, message) => {
    const file = `${name}.jsonl`;
    writeFileSync(place.file(file), Buffer.concat([Buffer.from(good), Buffer.from(line), Buffer.from(`\n${good}`)]));
    const { code, stdout, stderr } = await place.run('embed', file, '--quiet');
    expect(code).toBe(3);
    expect(stderr).toMatch(new RegExp(`^ovembed: ${name}\\.jsonl:2: `));
    expect(stderr).toMatch(message);
    expect(jsonLines(stdout)).toHaveLength(1);
  });

  test('a text that is too long, if it must not be cut', async () => {
    const input = `short\n${'stone '.repeat(60)}\nshort\n`;
    const { code, stdout, stderr } = await place.feed(input, 'embed', '--truncate', 'error');
    expect(code).toBe(3);
    expect(stderr).toContain('standard input:2: the text has more than the 48 tokens that the model reads');
    expect(jsonLines(stdout)).toHaveLength(1);
  });

  test('a line that never ends', async () => {
    const { code, stderr } = await place.feed(Buffer.alloc(17 * 1024 * 1024, 'a'), 'embed');
    expect(code).toBe(3);
    expect(stderr).toContain('standard input:1: the line is longer than 16777216 bytes');
  });

  test.each([
    ['absent.txt', 'absent.txt: no such file or directory'],
    ['folder', 'folder: is a folder, not a file'],
  ])('%s', async (file, message) => {
    expect(await place.run('embed', 'one.txt', file)).toMatchObject({
      code: 3,
      stdout: '',
      stderr: `ovembed: ${message}\n`,
    });
  });
});

describe('usage (2)', () => {
  test.each([
    [['embed', '--formt', 'npy'], /unknown option '--formt'\n\(Did you mean --format\?\)/],
    [['embed', '--format', 'csv'], /Allowed choices are jsonl, npy, safetensors, arrow, parquet/],
    [['embed', '--dimensions', '0'], /It must be an integer of at least 1/],
    [['embed', '--query', '--prompt-name', 'query'], /cannot be used with/],
    [['embed', 'one.txt', '--into', 'text'], /--into text: the text is in the field of this name/],
    [['embed', 'one.txt', '-o', './one.txt'], /one\.txt: this is an input file, which would be overwritten/],
    [['embed', 'one.txt', '--dimensions', '4000'], /at most 32, the dimensions of the model/],
    [['embed', 'one.txt', '--prompt-name', 'qeury'], /no prompt named "qeury". Did you mean query\?/],
    [['search', 'how', 'do', 'I'], /too many arguments for 'search'.*\n\(ovembed search --help tells more\)/],
    [['embd'], /unknown command 'embd'\n\(Did you mean embed\?\)/],
    [[], /^Usage: ovembed /],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await place.run(...args);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stdout).toBe('');
  });

  test('an input file that is named as the output stays as it was', () => {
    expect(readFileSync(place.file('one.txt'), 'utf8')).toBe('one\n');
  });
});

test('model (4), also as JSON, and an older output stays as it was', async () => {
  writeFileSync(place.file('older.jsonl'), 'older');
  const { code, stderr } = await place.run('embed', 'one.txt', '-o', 'older.jsonl', '--model', './none', '--json');
  expect(code).toBe(4);
  expect(JSON.parse(stderr)).toMatchObject({ error: { code: 'ERR_MODEL_NOT_FOUND' } });
  expect(readFileSync(place.file('older.jsonl'), 'utf8')).toBe('older');
});

test('device (5)', async () => {
  const { code, stderr } = await place.run('embed', 'one.txt', '--device', 'XPU');
  expect(code).toBe(5);
  expect(stderr).toContain('There is no device "XPU" on this machine; available: CPU');
});

describe('output (6)', () => {
  test('no such folder', async () => {
    const { code, stderr } = await place.run('embed', 'one.txt', '-o', 'absent/out.jsonl');
    expect(code).toBe(6);
    expect(stderr).toMatch(/^ovembed: absent\/out\.jsonl: cannot be written: .*: no such file or directory\n$/);
  });

  test.runIf(process.platform === 'linux')('a full disk', async () => {
    const { code, stderr } = await place.run('embed', 'one.txt', '-o', '/dev/full');
    expect(code).toBe(6);
    expect(stderr).toContain('/dev/full: cannot be written: no space left on device');
  });
});

test('a reader that leaves is the end of the work, and no error (0)', async () => {
  writeFileSync(place.file('many.txt'), 'the river and the stone\n'.repeat(20_000));
  const child = place.start('embed', 'many.txt', '--quiet');
  child.stdout.once('data', () => child.stdout.destroy());
  expect(await outcomeOf(child)).toEqual({ code: 0, stderr: '' });
});

test('nor is one of the help that leaves at once', async () => {
  const child = place.start('help', 'embed');
  child.stdout.destroy();
  expect(await outcomeOf(child)).toEqual({ code: 0, stderr: '' });
});

test('a tokenizer.json at which its library panics is an error, in one line', async () => {
  cpSync(place.file('model'), place.file('panics'), { recursive: true });
  const tokenizer = JSON.parse(readFileSync(place.file('panics/tokenizer.json'), 'utf8'));
  tokenizer.model = { type: 'BPE', vocab: { a: 0, b: 1 }, merges: [['a', 'b']] };
  writeFileSync(place.file('panics/tokenizer.json'), JSON.stringify(tokenizer));
  const { code, stderr } = await place.run('embed', 'one.txt', '--model', './panics');
  expect(code).toBe(4);
  expect(stderr).toMatch(/^ovembed: .*tokenizer\.json: not a usable tokenizer\.json: .*\n$/);
});

async function outcomeOf(child: ReturnType<Workplace['start']>) {
  const stderr = Buffer.concat(await child.stderr.toArray()).toString();
  const code = child.exitCode ?? (await new Promise((resolve) => child.once('exit', resolve)));
  return { code, stderr };
}
