// Paths of interpreters: variables in settings, environment folders, and what belongs to the workspace.
import { existsSync, realpathSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join, relative, resolve } from 'node:path';

const WINDOWS = process.platform === 'win32';
const VARIABLE = /\$\{([^}:]+)(?::([^}]*))?\}/g;

/** Replace `${workspaceFolder}`, `${userHome}` and `${env:NAME}`; a leading `~` is the home folder; others stay. */
export function substitute(text: string, folder: string | undefined, env: NodeJS.ProcessEnv): string {
  const replaced = text.replace(VARIABLE, (whole, name: string, argument: string | undefined) => {
    if (name === 'workspaceFolder' && folder !== undefined) return folder;
    if (name === 'userHome') return homedir();
    if (name === 'env' && argument) return env[argument] ?? '';
    return whole;
  });
  return /^~(?=[/\\]|$)/.test(replaced) ? join(homedir(), replaced.slice(1)) : replaced;
}

/** The interpreter of an environment's folder, if it is one. */
export function interpreterIn(folder: string): string | undefined {
  const names = WINDOWS ? ['Scripts/python.exe', 'python.exe'] : ['bin/python3', 'bin/python'];
  return names.map((name) => join(folder, name)).find(isFile);
}

/** The interpreter that a path given by a person means: an executable, an environment's folder, a name on PATH. */
export function interpreterAt(path: string, base: string | undefined, env: NodeJS.ProcessEnv): string | undefined {
  if (!/[/\\]/.test(path) && !(base && existsSync(resolve(base, path)))) return onPath([path], env)[0];
  const absolute = base ? resolve(base, path) : path;
  if (!isAbsolute(absolute)) return undefined;
  return isFile(absolute) ? absolute : interpreterIn(absolute);
}

/** Every file on PATH that has one of these names, in PATH's order; Windows' shop stub is not Python. */
export function onPath(names: readonly string[], env: NodeJS.ProcessEnv): string[] {
  const folders = (env.PATH ?? env.Path ?? '').split(delimiter).filter(isAbsolute);
  return folders
    .filter((folder) => !WINDOWS || !folder.includes('WindowsApps'))
    .flatMap((folder) => names.map((name) => join(folder, WINDOWS && !name.endsWith('.exe') ? `${name}.exe` : name)))
    .filter(isFile);
}

/** Whether a file lies in one of the folders, as written or behind its links (of the file or of a folder above it). */
export function isInside(file: string, folders: readonly string[]): boolean {
  return [file, realPath(file)].some((path) =>
    folders.flatMap((folder) => [folder, realPath(folder)]).some((folder) => contains(folder, path)),
  );
}

function contains(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // It does not exist: as written is all there is.
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
