// Node packages: those of package-lock.json, and the real VS Code (code-server) with the Node it needs.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, TOOLS, WINDOWS } from './paths.mjs';
import { npm } from './process.mjs';
import { detail, Remedy, say } from './say.mjs';
import { contentHash, once } from './stamps.mjs';

const CODE_SERVER = '4.139.1';
const NODE_24 = '24';

export function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    throw new Remedy(`Node ${process.versions.node} is too old.`, 'Install Node 20 or newer (https://nodejs.org).');
  }
  detail(`Node ${process.versions.node}`);
}

/** Install what package-lock.json names, unless it is there already. */
export async function setUpNodePackages() {
  const hash = contentHash([process.platform, process.arch, { path: join(ROOT, 'package-lock.json') }]);
  const done = await once(join(ROOT, 'node_modules', '.fxlens-stamp'), hash, () => {
    say('Node: installing packages (npm ci)');
    return npm(['ci', '--no-audit', '--no-fund', '--loglevel=error']);
  });
  if (!done) detail('node packages: up to date');
}

/**
 * Node 24, which code-server needs: this one, or the npm package that carries its binary for this platform.
 * @returns {Promise<string>} the executable
 */
export async function node24() {
  if (process.versions.node.startsWith('24.')) return process.execPath;
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  // The npm package `node` only picks one of these in an install script; we run no install scripts.
  const name = `node-${platform === 'darwin' && process.arch === 'arm64' ? 'bin-' : ''}${platform}-${process.arch}`;
  const folder = join(TOOLS, 'node24');
  await once(join(folder, '.stamp'), contentHash([name, NODE_24]), () => {
    say(`Node: installing ${name}@${NODE_24}, which code-server needs`);
    return freshInstall(folder, `${name}@${NODE_24}`);
  });
  return join(folder, 'node_modules', name, 'bin', WINDOWS ? 'node.exe' : 'node');
}

/**
 * code-server: VS Code with a real extension host, shown in a browser.
 * @returns {Promise<{node: string, entry: string}>}
 */
export async function codeServer() {
  const node = await node24();
  const folder = join(TOOLS, 'code-server');
  const home = join(folder, 'node_modules', 'code-server');
  await once(join(folder, '.stamp'), contentHash([CODE_SERVER, NODE_24]), async () => {
    say(`VS Code: installing code-server ${CODE_SERVER} from npm (about half a minute)`);
    await freshInstall(folder, `code-server@${CODE_SERVER}`);
    for (const part of ['lib/vscode', 'lib/vscode/extensions']) {
      await npm(['install', '--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], {
        cwd: join(home, part),
      });
    }
  });
  const { bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  return { node, entry: join(home, typeof bin === 'string' ? bin : bin['code-server']) };
}

/**
 * Install one package into an emptied folder, running no scripts of it.
 * @param {string} folder
 * @param {string} spec
 */
async function freshInstall(folder, spec) {
  if (existsSync(folder)) rmSync(folder, { recursive: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private": true}\n');
  await npm(['install', spec, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder });
}
