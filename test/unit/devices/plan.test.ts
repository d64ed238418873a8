import { describe, expect, test } from 'vitest';
import { planDevice, planParallelism } from '../../../lib/devices/plan.js';

const CPU = { name: 'CPU', fullName: 'A processor', capabilities: ['FP32', 'BF16'], driver: null };
const GPU = { name: 'GPU.0', fullName: 'A graphics card', capabilities: ['FP16'], driver: null };

describe('planDevice', () => {
  test('takes the CPU for auto, and says so', () => {
    expect(planDevice('auto', [GPU, CPU])).toMatchObject({
      device: 'CPU',
      fullName: 'A processor',
      reason: expect.stringMatching(/auto/),
    });
  });

  test('finds a device by its name, numbered or not', () => {
    expect(planDevice('GPU', [CPU, GPU])).toMatchObject({
      device: 'GPU',
      fullName: 'A graphics card',
      reason: 'asked for',
    });
    expect(planDevice('GPU.0', [CPU, GPU]).capabilities).toEqual(['FP16']);
  });

  test('leaves virtual devices to OpenVINO', () => {
    expect(planDevice('HETERO:GPU,CPU', [CPU, GPU])).toMatchObject({
      device: 'HETERO:GPU,CPU',
      fullName: 'A graphics card',
    });
    expect(planDevice('AUTO:TPU', [CPU])).toMatchObject({ device: 'AUTO:TPU', fullName: 'AUTO:TPU', capabilities: [] });
  });

  test('refuses a device that is not there and lists those that are', () => {
    expect(() => planDevice('NPU', [CPU])).toThrow(
      expect.objectContaining({
        code: 'ERR_DEVICE_UNAVAILABLE',
        message: 'There is no device "NPU" on this machine; available: CPU (A processor).',
      }),
    );
  });
});

describe('planParallelism', () => {
  test.each([
    [1, 1],
    [2, 2],
    [8, 8],
    [12, 6],
    [16, 8],
    [24, 8],
    [64, 16],
    [96, 24],
  ])('gives %i CPUs %i streams', (cpus, streams) => {
    expect(planParallelism('CPU', {}, cpus)).toEqual({ streams, threads: cpus });
  });

  test('keeps to what is given', () => {
    expect(planParallelism('CPU', { threads: 1 }, 8)).toEqual({ streams: 1, threads: 1 });
    expect(planParallelism('CPU', { streams: 1 }, 8)).toEqual({ streams: 1, threads: 8 });
    expect(planParallelism('CPU', { streams: 4 }, 2)).toEqual({ streams: 4, threads: 4 });
    expect(planParallelism('GPU', {}, 8).streams).toBe(1);
  });
});
