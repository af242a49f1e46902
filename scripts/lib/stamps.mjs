// Stamps make set-up idempotent: a step is done again only when what it depends on has changed.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * A hash over texts, and over the contents of files and folders (`{path}`).
 * @param {readonly (string | {path: string})[]} inputs
 */
export function contentHash(inputs) {
  const hash = createHash('sha256');
  for (const input of inputs) {
    if (typeof input === 'string') {
      hash.update(`text:${input}\n`);
    } else {
      for (const file of filesUnder(input.path)) {
        hash.update(`file:${relative(input.path, file)}\n`).update(readFileSync(file));
      }
    }
  }
  return hash.digest('hex');
}

/**
 * @param {string} path
 * @returns {string[]}
 */
export function filesUnder(path) {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.name !== '__pycache__' && !entry.name.startsWith('.'))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => filesUnder(join(path, entry.name)));
}

/**
 * Do `work` unless the stamp at `file` holds `hash` already.
 * @param {string} file
 * @param {string} hash
 * @param {() => Promise<unknown>} work
 * @returns {Promise<boolean>} whether there was something to do
 */
export async function once(file, hash, work) {
  if (existsSync(file) && readFileSync(file, 'utf8') === hash) return false;
  await work();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, hash);
  return true;
}
