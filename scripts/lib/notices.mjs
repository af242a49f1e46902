// The licences of what the .vsix carries: the npm packages in the client's bundle, and the language server's libraries.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BUNDLED_LIBS, ROOT } from './paths.mjs';
import { Remedy } from './say.mjs';

export const NOTICES = join(BUNDLED_LIBS, '..', 'THIRD-PARTY-NOTICES.txt');
const LICENCE_FILE = /^(licen[cs]e|copying|notice)(\..*|-.*)?$/i;

/** @typedef {{name: string, version: string, licence: string, text: string}} Notice */

/**
 * Write the notices of everything that is bundled.
 * @param {Iterable<string>} inputs the files that esbuild bundled, relative to the repository
 */
export function writeNotices(inputs) {
  const notices = [...npmNotices(inputs), ...pythonNotices()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const without = notices.filter(({ text }) => !text.trim());
  if (without.length > 0) throw new Remedy(`No licence text: ${without.map(({ name }) => name).join(', ')}`);
  const sections = notices.map(
    ({ name, version, licence, text }) => `${name} ${version} (${licence})\n\n${text.trim()}\n`,
  );
  const head = 'FX Lens contains the following works of others, each under its own licence.\n';
  mkdirSync(dirname(NOTICES), { recursive: true });
  writeFileSync(NOTICES, [head, ...sections].join(`\n${'-'.repeat(80)}\n\n`));
}

/**
 * @param {Iterable<string>} inputs
 * @returns {Notice[]}
 */
function npmNotices(inputs) {
  const folders = new Set([...inputs].map((file) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1] ?? ''));
  folders.delete('');
  return [...folders].map((folder) => {
    const path = join(ROOT, folder);
    const { name, version, license } = JSON.parse(readFileSync(join(path, 'package.json'), 'utf8'));
    return { name, version, licence: license, text: licenceText(path) };
  });
}

/** @returns {Notice[]} */
function pythonNotices() {
  const folders = readdirSync(BUNDLED_LIBS).filter((name) => name.endsWith('.dist-info'));
  return folders.map((folder) => {
    const path = join(BUNDLED_LIBS, folder);
    const metadata = readFileSync(join(path, 'METADATA'), 'utf8');
    const field = (/** @type {string} */ name) => new RegExp(`^${name}: (.*)$`, 'm').exec(metadata)?.[1] ?? '';
    const licences = join(path, 'licenses');
    return {
      name: field('Name'),
      version: field('Version'),
      licence: field('License-Expression') || field('License'),
      text: licenceText(existsSync(licences) ? licences : path),
    };
  });
}

/** @param {string} folder */
function licenceText(folder) {
  const files = readdirSync(folder).filter((name) => LICENCE_FILE.test(name));
  return files.map((name) => readFileSync(join(folder, name), 'utf8').trim()).join('\n\n');
}
