// Every Python that a person may mean: of the workspace, of the shell, of conda and pyenv, and those on PATH.
import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { interpreterIn, onPath } from './paths';

export interface Candidate {
  readonly interpreter: string;
  /** Where it comes from: `.venv of the folder`, `conda: vision`. */
  readonly origin: string;
}

const NAMES = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];
const CONDA_FOLDERS = ['miniconda3', 'anaconda3', 'miniforge3', 'mambaforge', '.conda'];

/** The interpreters that are found without running any, the likeliest first, each once. */
export function interpreterCandidates(
  folders: readonly string[],
  env: NodeJS.ProcessEnv,
  home: string = homedir(),
): Candidate[] {
  const found = new Map<string, string>();
  const add = (interpreter: string | undefined, origin: string): void => {
    if (interpreter && !found.has(interpreter)) found.set(interpreter, origin);
  };
  for (const folder of folders) {
    // An environment is a folder with `pyvenv.cfg` or `conda-meta`, whatever it is called.
    for (const name of subfolders(folder)) add(environmentIn(join(folder, name)), `${name} of ${basename(folder)}`);
  }
  for (const name of ['VIRTUAL_ENV', 'CONDA_PREFIX']) {
    add(env[name] ? interpreterIn(env[name]) : undefined, `the active environment (${name})`);
  }
  for (const folder of condaEnvironments(home)) add(interpreterIn(folder), `conda: ${basename(folder)}`);
  const pyenv = join(env.PYENV_ROOT ?? join(home, '.pyenv'), 'versions');
  for (const name of subfolders(pyenv)) add(interpreterIn(join(pyenv, name)), `pyenv: ${name}`);
  for (const interpreter of onPath(NAMES, env)) add(interpreter, 'on PATH');
  return [...found].map(([interpreter, origin]) => ({ interpreter, origin }));
}

function environmentIn(folder: string): string | undefined {
  const inside = entries(folder);
  return inside.includes('pyvenv.cfg') || inside.includes('conda-meta') ? interpreterIn(folder) : undefined;
}

/** What conda itself lists, and the usual folders. */
function condaEnvironments(home: string): string[] {
  const listed = lines(join(home, '.conda', 'environments.txt'));
  const usual = CONDA_FOLDERS.map((name) => join(home, name));
  const inside = usual.flatMap((folder) => {
    const environments = join(folder, 'envs');
    return subfolders(environments).map((name) => join(environments, name));
  });
  return [...new Set([...listed, ...usual, ...inside])];
}

function subfolders(folder: string): string[] {
  try {
    const inside = readdirSync(folder, { withFileTypes: true });
    return inside.filter((entry) => entry.isDirectory() || entry.isSymbolicLink()).map(({ name }) => name);
  } catch {
    return []; // It is not there, or may not be read: nothing to offer from it.
  }
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/).filter(Boolean);
  } catch {
    return [];
  }
}
