import { afterEach, expect, test, vi } from 'vitest';
import { showDownload, statusOf } from '../../../lib/cli/download.js';

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

test.each([
  [90_900_000, 'model.safetensors: 12.3 MB of 90.9 MB'],
  [null, 'model.safetensors: 12.3 MB'],
])('the status of %s bytes', (totalBytes, expected) => {
  expect(statusOf({ file: 'model.safetensors', receivedBytes: 12_300_000, totalBytes })).toBe(expected);
});

test.each([
  [{}, 2],
  [{ quiet: true }, 0],
  [{ json: true }, 0],
])('where nobody looks at a terminal, %j, lines come now and then', (manner, lines) => {
  vi.useFakeTimers({ toFake: ['performance'] });
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const display = showDownload(manner);
  for (let i = 0; i < 50; i++) {
    vi.advanceTimersByTime(100);
    display.update({ file: 'model.onnx', receivedBytes: i, totalBytes: 50 });
  }
  display.stop();
  expect(written).toHaveBeenCalledTimes(lines);
});
