// A Chromium for the tests in the real VS Code: the system's, else one is installed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onPath, ROOT } from './paths.mjs';
import { run } from './process.mjs';
import { detail, Remedy, say } from './say.mjs';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** The browser that `FXLENS_CHROMIUM` names, else the system's. */
export function systemChromium() {
  return process.env.FXLENS_CHROMIUM ?? onPath(NAMES);
}

/**
 * The path of a Chromium; `FXLENS_CHROMIUM` names one.
 * @returns {Promise<string>}
 */
export async function chromium() {
  const found = systemChromium() ?? (await playwrightChromium());
  if (found && existsSync(found)) {
    detail(`browser: ${found}`);
    return found;
  }
  const installed = (await installWithApt()) ?? (await installWithPlaywright());
  if (installed) return installed;
  throw new Remedy(
    'No Chromium was found, and none could be installed.',
    'Debian, Ubuntu: sudo apt-get install chromium. Elsewhere: npx playwright-core install --with-deps chromium,',
    'or name one: FXLENS_CHROMIUM=/path/to/chromium npm test',
  );
}

async function installWithApt() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !onPath(['apt-get'])) return undefined;
  say('Browser: apt-get install chromium');
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  await run('apt-get', ['update', '-qq'], { quiet: true, allowFailure: true, env });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
    quiet: true,
    allowFailure: true,
    env,
  });
  return onPath(NAMES);
}

async function installWithPlaywright() {
  say('Browser: playwright-core install chromium');
  const cli = join(ROOT, 'node_modules', 'playwright-core', 'cli.js');
  await run(process.execPath, [cli, 'install', 'chromium'], { allowFailure: true });
  return playwrightChromium();
}

async function playwrightChromium() {
  const { chromium: browser } = await import('playwright-core');
  const path = browser.executablePath();
  return path && existsSync(path) ? path : undefined;
}
