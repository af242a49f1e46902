// How long VS Code waits for the extension to activate, as it says itself, and what the package weighs.
//
// Each round is a fresh code-server with fresh user data: its extension host loads and activates the packaged
// extension once, when a Python file is opened. "Developer: Show Running Extensions" shows what loading the code and
// calling `activate` took together. Beside ours stands an extension that does nothing, activated by the same event:
// its time is what VS Code itself takes. Whichever is activated first waits for what both need, so their order changes
// with every round.
//
//     npm run bench -- activation [rounds]
import { cpSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium as browsers } from 'playwright-core';
import { wholeChromium } from '../../scripts/lib/chromium.mjs';
import { installExtension, startCodeServer } from '../../scripts/lib/codeServer.mjs';
import { ROOT } from '../../scripts/lib/paths.mjs';
import { run } from '../../scripts/lib/process.mjs';
import { runMain } from '../../scripts/lib/say.mjs';
import { makePackage } from '../../scripts/package.mjs';

const BUDGETS = { activation: 50, package: 2 };
const ROUNDS = Number(process.argv[2] ?? 5);
const PATIENCE = 60_000;
const EMPTY = 'Does Nothing';

/**
 * Package an extension that does nothing when a Python file is opened.
 * @param {string} folder
 * @param {string} name VS Code activates extensions in the order of their names
 * @returns {Promise<string>} the .vsix
 */
async function makeEmpty(folder, name) {
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name,
    displayName: EMPTY,
    version: '0.0.1',
    publisher: name,
    license: 'MIT',
    engines: { vscode: '^1.91.0' },
    extensionKind: ['workspace'],
    main: './extension.js',
    activationEvents: ['onLanguage:python'],
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(folder, 'extension.js'), "require('vscode');\nexports.activate = () => {};\n");
  const vsix = join(folder, 'empty.vsix');
  const vsce = join(ROOT, 'node_modules', '@vscode', 'vsce', 'vsce');
  const options = ['--no-dependencies', '--allow-missing-repository', '--skip-license', '--out', vsix];
  await run(process.execPath, [vsce, 'package', ...options], { cwd: folder, quiet: true });
  return vsix;
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} url
 * @returns {Promise<{ours: number, empty: number}>} milliseconds
 */
async function activations(page, url) {
  await page.goto(url);
  const file = page.locator('.explorer-folders-view [role="treeitem"][aria-label^="resnet_features.py"]');
  await file.dblclick({ timeout: PATIENCE });
  await page.locator('.tab.active[data-resource-name="resnet_features.py"]').waitFor({ timeout: PATIENCE });
  // The page of running extensions keeps an "Activating..." that it was opened with.
  await page
    .getByRole('button', { name: /FX Lens/ })
    .first()
    .waitFor({ timeout: PATIENCE });
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget:visible input');
  await input.fill('>Developer: Show Running Extensions');
  await page.locator('.quick-input-list .monaco-list-row.focused', { hasText: 'Running Extensions' }).waitFor();
  await page.keyboard.press('Enter');
  return { ours: await shownTime(page, 'FX Lens'), empty: await shownTime(page, EMPTY) };
}

/**
 * @param {import('playwright-core').Page} page
 * @param {string} name
 */
async function shownTime(page, name) {
  const row = page.locator('.runtime-extensions-editor .monaco-list-row', { hasText: name });
  // "Activating..." first.
  const shown = row.locator('.activation-time', { hasText: /\d+\s*ms/ });
  const time = await shown.innerText({ timeout: PATIENCE });
  const [, milliseconds] = /(\d+)\s*ms/.exec(time) ?? [];
  if (!milliseconds) throw new Error(`VS Code does not say how long activation took: ${JSON.stringify(time)}`);
  return Number(milliseconds);
}

/** @param {number[]} times */
function summary(times) {
  const sorted = [...times].sort((one, other) => one - other);
  return { median: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, all: sorted.join(', ') };
}

await runMain(async () => {
  const vsix = await makePackage();
  const browser = await browsers.launch({
    executablePath: await wholeChromium(),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  });
  const folder = mkdtempSync(join(tmpdir(), 'fxlens-activation-'));
  /** @type {{ours: number, empty: number}[]} */
  const times = [];
  try {
    const places = ['aaa', 'zzz'].map((name) => ({ name, extensions: join(folder, `extensions-${name}`) }));
    for (const { name, extensions } of places) {
      await installExtension(vsix, extensions, join(folder, 'installing'));
      await installExtension(await makeEmpty(join(folder, name), name), extensions, join(folder, 'installing'));
    }
    const workspace = join(folder, 'demo');
    cpSync(join(ROOT, 'tests', 'workspaces', 'demo'), workspace, { recursive: true });
    for (let round = 0; round < ROUNDS; round++) {
      const { extensions = '' } = places[round % places.length] ?? {};
      const server = await startCodeServer({ extensions, userData: join(folder, `user-data-${round}`) });
      // High enough for every row of the running extensions: VS Code draws no others.
      const page = await browser.newPage({ viewport: { width: 1280, height: 3000 } });
      try {
        times.push(await activations(page, `${server.url}/?folder=${encodeURIComponent(workspace)}`));
      } finally {
        await page.close();
        await server.stop();
      }
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
  const ours = summary(times.map((one) => one.ours));
  const empty = summary(times.map((one) => one.empty));
  const own = summary(times.map((one) => one.ours - one.empty));
  console.log(`activation: median ${ours.median} ms of ${ours.all} (budget ${BUDGETS.activation} ms)`);
  console.log(`an extension that does nothing: median ${empty.median} ms of ${empty.all}`);
  console.log(`difference within a round: median ${own.median} ms of ${own.all}`);
  const size = statSync(vsix).size / 1e6;
  console.log(`package: ${size.toFixed(2)} MB (budget ${BUDGETS.package} MB)`);
});
