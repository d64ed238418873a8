/** The linked addon must find its libraries beside itself, and nowhere else. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { BUILD_OUTPUT, cacheDirectory, ROOT } from '../../scripts/build/paths.mjs';

const ADDON = join(BUILD_OUTPUT, 'ovembed.node');

/** Every entry of the dynamic section, as readelf prints it. Throws where there is no readelf: then nothing is proved. */
const dynamicSection = (file) => execFileSync('readelf', ['--dynamic', '--wide', file], { encoding: 'utf8' });

describe.runIf(process.platform === 'linux')('build/Release/ovembed.node', () => {
  let dynamic;
  beforeAll(() => {
    expect(existsSync(ADDON), `${ADDON} is missing; run "npm run build:native"`).toBe(true);
    dynamic = dynamicSection(ADDON);
  });

  it('has $ORIGIN as its only rpath, as DT_RPATH', () => {
    expect(dynamic.match(/\(RPATH\).*\[(.*)\]/)?.[1]).toBe('$ORIGIN');
    expect(dynamic).not.toContain('(RUNPATH)');
  });

  it('is never unloaded', () => {
    expect(dynamic).toMatch(/\(FLAGS_1\).*NODELETE/);
  });

  it('needs only libraries by name, each beside it or of the C and C++ runtime', () => {
    const needed = [...dynamic.matchAll(/\(NEEDED\).*\[(.*)\]/g)].map(([, name]) => name);
    const system = /^(libstdc\+\+|libgcc_s|libc|libm|libdl|libpthread|ld-linux-[\w-]+)\.so\.\d+$/;
    const beside = readdirSync(BUILD_OUTPUT);
    expect(needed).toContain('libopenvino.so.2641');
    expect(needed.filter((name) => !system.test(name) && !beside.includes(name))).toEqual([]);
  });

  // Electron and others with a memory cage refuse memory that is not V8's own; results are copied (native/addon/arrays.h).
  it('lends no memory to JavaScript', () => {
    const symbols = execFileSync('readelf', ['--dyn-syms', '--wide', ADDON], { encoding: 'utf8' });
    expect(symbols).toMatch(/UND napi_create_arraybuffer$/m);
    expect(symbols).not.toMatch(
      /UND \S*(external_arraybuffer|external_buffer|external_string|buffer_from_arraybuffer)/,
    );
  });

  it('holds no path into the checkout or the SDK that it was built from', () => {
    const content = readFileSync(ADDON);
    expect([ROOT, cacheDirectory()].filter((directory) => content.includes(directory))).toEqual([]);
  });

  it('has the plugins and frontends for CPU, GPU and NPU, IR and ONNX beside it', () => {
    const names = readdirSync(BUILD_OUTPUT).join(' ');
    for (const part of [
      'cpu_plugin',
      'gpu_plugin',
      'npu_plugin',
      'auto_plugin',
      'auto_batch_plugin',
      'hetero_plugin',
    ]) {
      expect(names).toContain(part);
    }
    for (const part of ['ir_frontend', 'onnx_frontend', 'libtbb.so', 'libhwloc']) expect(names).toContain(part);
    expect(names).not.toMatch(/paddle|tensorflow|pytorch|jax/);
  });
});
