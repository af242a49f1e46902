// Where things are. Everything the scripts make lies in ignored folders of the repository.
import { existsSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const WINDOWS = process.platform === 'win32';
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
export const VENV = join(ROOT, '.venv');
export const VENV_PYTHON = WINDOWS ? join(VENV, 'Scripts', 'python.exe') : join(VENV, 'bin', 'python');
export const TOOLS = join(ROOT, '.tools');
export const DIST = join(ROOT, 'dist');
export const BUNDLED_LIBS = join(ROOT, 'bundled', 'libs');
export const DEMO = join(ROOT, 'tests', 'workspaces', 'demo');

/**
 * The first of `names` that stands on PATH.
 * @param {readonly string[]} names
 */
export function onPath(names) {
  for (const name of names) {
    for (const folder of (process.env.PATH ?? '').split(delimiter)) {
      for (const extension of WINDOWS ? ['.exe', '.cmd', '.bat'] : ['']) {
        const file = join(folder, name + extension);
        if (folder && existsSync(file)) return file;
      }
    }
  }
  return undefined;
}
