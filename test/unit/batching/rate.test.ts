import { expect, test } from 'vitest';
import { Rate } from '../../../lib/batching/rate.js';

test('is unknown until something was measured', () => {
  const rate = new Rate(1_000);
  expect(rate.perMs).toBeUndefined();
  rate.add(50, 10);
  expect(rate.perMs).toBe(5);
});

test('follows what was done of late', () => {
  const rate = new Rate(1_000);
  for (let i = 0; i < 100; i++) rate.add(100, 100);
  expect(rate.perMs).toBeCloseTo(1);
  for (let i = 0; i < 10; i++) rate.add(300, 100);
  // What lies a window back counts 1/e.
  expect(rate.perMs).toBeCloseTo(3 - 2 / Math.E, 2);
  for (let i = 0; i < 100; i++) rate.add(300, 100);
  expect(rate.perMs).toBeCloseTo(3, 3);
});

test('an idle hour counts as one window', () => {
  const rate = new Rate(1_000);
  for (let i = 0; i < 100; i++) rate.add(100, 100);
  rate.add(0, 3_600_000);
  for (let i = 0; i < 30; i++) rate.add(100, 100);
  expect(rate.perMs).toBeGreaterThan(0.9);
});
