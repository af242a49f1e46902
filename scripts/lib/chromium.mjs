// A Chromium for the tests in the real VS Code: the system's, else one is installed.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { onPath, ROOT } from './paths.mjs';
import { run } from './process.mjs';
import { detail, Remedy, say } from './say.mjs';

/** A Chromium that draws no window costs a quarter less processor time than one whose window nobody sees. */
const SHELL = 'chromium-headless-shell';
const NAMES = ['chromium', 'chromium-browser', 'google-chrome-stable', 'google-chrome'];

/** The browser that `FXLENS_CHROMIUM` names, else the system's. */
export function systemChromium() {
  return process.env.FXLENS_CHROMIUM ?? onPath([SHELL, ...NAMES]);
}

/**
 * The path of a Chromium for tests; `FXLENS_CHROMIUM` names one.
 * @returns {Promise<string>}
 */
export async function chromium() {
  if (process.env.FXLENS_CHROMIUM) return wholeChromium();
  if (!onPath([SHELL])) await installWithApt(SHELL);
  const shell = onPath([SHELL]);
  return shell ? chosen(shell) : wholeChromium();
}

/**
 * The path of the browser that people have, for measurements of what it draws.
 * @returns {Promise<string>}
 */
export async function wholeChromium() {
  const own = process.env.FXLENS_CHROMIUM;
  if (own && !existsSync(own)) throw new Remedy(`FXLENS_CHROMIUM names ${own}, which is not there.`);
  const path = own ?? onPath(NAMES) ?? (await playwrightChromium());
  if (path) return chosen(path);
  await installWithApt('chromium');
  const installed = onPath(NAMES) ?? (await installWithPlaywright());
  if (installed) return chosen(installed);
  throw new Remedy(
    'No Chromium was found, and none could be installed.',
    'Debian, Ubuntu: sudo apt-get install chromium. Elsewhere: npx playwright-core install --with-deps chromium,',
    'or name one: FXLENS_CHROMIUM=/path/to/chromium npm test',
  );
}

/** @param {string} path */
function chosen(path) {
  detail(`browser: ${path}`);
  return path;
}

/** @param {string} name of a package; some distributions do not have it */
async function installWithApt(name) {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !onPath(['apt-get'])) return;
  say(`Browser: apt-get install ${name}`);
  const quietly = { quiet: true, allowFailure: true, env: { DEBIAN_FRONTEND: 'noninteractive' } };
  const install = () => run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], quietly);
  // The lists of packages may be there, and getting them takes longer than the package.
  if ((await install()).code === 0) return;
  await run('apt-get', ['update', '-qq'], quietly);
  await install();
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
