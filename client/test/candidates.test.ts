// Which Pythons the picker offers, found without running any.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { interpreterCandidates } from '../src/environment/candidates';

const posix = { skip: process.platform === 'win32' };

function python(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, '');
  chmodSync(path, 0o755);
  return path;
}

test('environments of the folder, the shell, conda, pyenv and PATH are offered, each once', posix, () => {
  const root = mkdtempSync(join(tmpdir(), 'fxlens-candidates-'));
  const [folder, home] = [join(root, 'work'), join(root, 'home')];
  const own = python(join(folder, 'my-env', 'bin', 'python3'));
  writeFileSync(join(folder, 'my-env', 'pyvenv.cfg'), '');
  python(join(folder, 'tools', 'bin', 'python3')); // A folder of the project, and not an environment.
  const active = python(join(root, 'active', 'bin', 'python3'));
  const conda = python(join(home, 'miniconda3', 'envs', 'vision', 'bin', 'python3'));
  const listed = python(join(root, 'elsewhere', 'bin', 'python3'));
  mkdirSync(join(home, '.conda'));
  writeFileSync(join(home, '.conda', 'environments.txt'), `${join(root, 'elsewhere')}\n`);
  const pyenv = python(join(home, '.pyenv', 'versions', '3.12.1', 'bin', 'python3'));
  const onPath = python(join(root, 'bin', 'python3'));
  const env = { VIRTUAL_ENV: join(root, 'active'), PATH: `${join(root, 'bin')}:${join(root, 'active', 'bin')}` };
  const found = interpreterCandidates([folder], env, home);
  assert.deepEqual(
    found.map(({ interpreter, origin }) => [interpreter, origin]),
    [
      [own, 'my-env of work'],
      [active, 'the active environment (VIRTUAL_ENV)'],
      [listed, 'conda: elsewhere'],
      [conda, 'conda: vision'],
      [pyenv, 'pyenv: 3.12.1'],
      [onPath, 'on PATH'],
    ],
  );
});

test('folders that are not there offer nothing', () => {
  assert.deepEqual(interpreterCandidates(['/nowhere'], { PATH: '' }, '/nowhere'), []);
});
