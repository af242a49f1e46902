// How long VS Code waits for the extension to activate, as it says itself, and what the package weighs.
//
// Each round is a fresh code-server with fresh user data: its extension host loads and activates the packaged
// extension once, when a Python file is opened. "Developer: Show Running Extensions" shows what loading the code and
// calling `activate` took together.
//
//     npm run bench -- activation [rounds]
import { cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as browsers } from 'playwright-core';
import { chromium } from '../../scripts/lib/chromium.mjs';
import { installExtension, startCodeServer } from '../../scripts/lib/codeServer.mjs';
import { ROOT } from '../../scripts/lib/paths.mjs';
import { runMain } from '../../scripts/lib/say.mjs';
import { makePackage } from '../../scripts/package.mjs';

const BUDGETS = { activation: 50, package: 2 };
const ROUNDS = Number(process.argv[2] ?? 5);
const PATIENCE = 60_000;

/**
 * @param {import('playwright-core').Page} page
 * @param {string} url
 * @returns {Promise<number>} milliseconds
 */
async function activation(page, url) {
  await page.goto(url);
  const file = page.locator('.explorer-folders-view [role="treeitem"][aria-label^="resnet_features.py"]');
  await file.dblclick({ timeout: PATIENCE });
  await page.locator('.tab.active[data-resource-name="resnet_features.py"]').waitFor({ timeout: PATIENCE });
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget:visible input');
  await input.fill('>Developer: Show Running Extensions');
  await page.locator('.quick-input-list .monaco-list-row.focused', { hasText: 'Running Extensions' }).waitFor();
  await page.keyboard.press('Enter');
  const row = page.locator('.runtime-extensions-editor .monaco-list-row', { hasText: 'FX Lens' });
  // "Activating..." first.
  const shown = row.locator('.activation-time', { hasText: /\d+\s*ms/ });
  const time = await shown.innerText({ timeout: PATIENCE });
  const [, milliseconds] = /(\d+)\s*ms/.exec(time) ?? [];
  if (!milliseconds) throw new Error(`VS Code does not say how long activation took: ${JSON.stringify(time)}`);
  return Number(milliseconds);
}

await runMain(async () => {
  const vsix = await makePackage();
  const browser = await browsers.launch({
    executablePath: await chromium(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
  const folder = mkdtempSync(join(tmpdir(), 'fxlens-activation-'));
  const times = [];
  try {
    const extensions = join(folder, 'extensions');
    await installExtension(vsix, extensions, join(folder, 'installing'));
    const workspace = join(folder, 'demo');
    cpSync(join(ROOT, 'tests', 'workspaces', 'demo'), workspace, { recursive: true });
    for (let round = 0; round < ROUNDS; round++) {
      const server = await startCodeServer({ extensions, userData: join(folder, `user-data-${round}`) });
      const page = await browser.newPage();
      try {
        times.push(await activation(page, `${server.url}/?folder=${encodeURIComponent(workspace)}`));
      } finally {
        await page.close();
        await server.stop();
      }
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
  times.sort((one, other) => one - other);
  const median = times[Math.floor(times.length / 2)];
  console.log(`activation: median ${median} ms of ${times.join(', ')} (budget ${BUDGETS.activation} ms)`);
  const size = statSync(vsix).size / 1e6;
  console.log(`package: ${size.toFixed(2)} MB (budget ${BUDGETS.package} MB)`);
});
