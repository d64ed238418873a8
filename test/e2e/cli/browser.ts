/** A Chromium of this machine, driven by playwright-core: `CHROMIUM`, or what is in PATH. */
import { execFileSync } from 'node:child_process';
import { type Browser, chromium } from 'playwright-core';

const PROGRAMS = ['chromium', 'chromium-browser', 'google-chrome'];

/** Its path; else the reason why there is none. */
export function findChromium(): string | { missing: string } {
  const candidates = process.env.CHROMIUM ? [process.env.CHROMIUM] : PROGRAMS;
  for (const program of candidates) {
    try {
      execFileSync(program, ['--version'], { stdio: 'pipe', timeout: 30_000 });
      return execFileSync('which', [program], { encoding: 'utf8' }).trim();
    } catch {}
  }
  return { missing: `no ${candidates.join(', ')} in PATH (Debian: apt-get install chromium)` };
}

/** Without its sandbox, which root may not have: it opens only pages of these tests. */
export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
}
