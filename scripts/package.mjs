// `npm run package`: one universal .vsix in dist/.
import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildClient, bundleLibraries } from './lib/bundle.mjs';
import { writeNotices } from './lib/notices.mjs';
import { DIST, ROOT } from './lib/paths.mjs';
import { run } from './lib/process.mjs';
import { detail, Remedy, runMain, say } from './lib/say.mjs';
import { contentHash, once } from './lib/stamps.mjs';

const LIMIT_MB = 2;
/** What the package is made of; unchanged, the package is not made again. */
const PARTS = [
  'client/src',
  'client/webview',
  'client/l10n',
  'client/media',
  'server',
  'bundled/libs',
  'scripts',
  'package.json',
  'package.nls.json',
];
const PAGES = ['README.md', 'CHANGELOG.md', 'LICENSE', '.vscodeignore', 'package-lock.json'];

/**
 * @param {{scan?: boolean}} options `scan`: look for secrets in it, which takes a minute: for a package that is published,
 *   not for one that is only run here
 * @returns {Promise<string>} the .vsix
 */
export async function makePackage({ scan = false } = {}) {
  const vsix = join(DIST, 'fxlens.vsix');
  await bundleLibraries();
  const inputs = [...PARTS, ...PAGES].map((path) => join(ROOT, path)).filter((path) => existsSync(path));
  const hash = `${contentHash(inputs.map((path) => ({ path })))}${scan ? ' scanned' : ''}`;
  if (!existsSync(vsix)) rmSync(join(DIST, '.stamp'), { force: true });
  const done = await once(join(DIST, '.stamp'), hash, async () => {
    writeNotices(await buildClient(true));
    say('Packaging');
    mkdirSync(DIST, { recursive: true });
    const vsce = join(ROOT, 'node_modules', '@vscode', 'vsce', 'vsce');
    const scanning = scan ? [] : ['--allow-package-all-secrets'];
    await run(process.execPath, [vsce, 'package', '--no-dependencies', ...scanning, '--out', vsix], { quiet: true });
  });
  const megabytes = statSync(vsix).size / 1024 / 1024;
  if (megabytes > LIMIT_MB) throw new Remedy(`${vsix} is ${megabytes.toFixed(2)} MB; the budget is ${LIMIT_MB} MB.`);
  detail(`${done ? 'made' : 'up to date:'} ${vsix} (${megabytes.toFixed(2)} MB)`);
  return vsix;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runMain(async () => {
    await makePackage({ scan: true });
  });
}
