// Which interpreter reads the models of a folder, and why. Pure but for the prober and the files it looks for.
import { join } from 'node:path';
import { messageOf, withLimit } from '../time';
import { interpreterAt, interpreterIn, onPath, substitute } from './paths';
import type { Prober } from './probe';

/** Another extension that knows the environment chosen for a folder; there may be none. */
export interface EnvironmentProvider {
  readonly name: string;
  /** The interpreter, or the folder of an environment; undefined when it knows none. */
  environment(folder: string | undefined): Promise<string | undefined>;
}

export interface Sources {
  /** `fxlens.interpreter`. */
  readonly setting: string;
  readonly providers: readonly EnvironmentProvider[];
  /** `python.defaultInterpreterPath`. */
  readonly pythonDefault: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

export type ProblemKind = 'noInterpreter' | 'noTorch';

export interface Resolution {
  readonly interpreter: string | null;
  readonly reason: string;
  readonly problem: string | null;
  readonly problemKind: ProblemKind | null;
  /** Whether it is that of `fxlens.interpreter`. */
  readonly isSet: boolean;
  /** What was tried before, for the log. */
  readonly passed: readonly string[];
}

interface Choice {
  readonly interpreter: string;
  readonly reason: string;
}

export const PROVIDER_LIMIT = 3_000;
const MINIMUM: readonly [number, number] = [3, 10];
const NAMES = ['python3', 'python'];

/** Choose the interpreter of a folder (undefined: of files outside every folder) and look whether it will do. */
export async function resolveInterpreter(
  folder: string | undefined,
  sources: Sources,
  probe: Prober,
  providerLimit = PROVIDER_LIMIT,
): Promise<Resolution> {
  const passed: string[] = [];
  const choice = await choose(folder, sources, providerLimit, passed);
  const isSet = sources.setting.trim() !== '';
  if ('problem' in choice) return { interpreter: null, ...choice, problemKind: 'noInterpreter', isSet, passed };
  const found = await probe(choice.interpreter, { torch: true });
  const rest = { reason: choice.reason, isSet, passed };
  if ('failure' in found) {
    const problem = `${choice.interpreter} does not run: ${found.failure}.`;
    return { interpreter: null, problem, problemKind: 'noInterpreter', ...rest };
  }
  const version = found.version.join('.');
  if (isOlder(found.version)) {
    const problem = `${found.executable} is Python ${version}; FX Lens needs ${MINIMUM.join('.')} or newer.`;
    return { interpreter: null, problem, problemKind: 'noInterpreter', ...rest };
  }
  if (found.torch === null) {
    const problem = `PyTorch is not installed in ${found.executable} (Python ${version}).`;
    return { interpreter: found.executable, problem, problemKind: 'noTorch', ...rest };
  }
  return { interpreter: found.executable, problem: null, problemKind: null, ...rest };
}

export function isOlder(version: readonly number[]): boolean {
  const [major = 0, minor = 0] = version;
  return major < MINIMUM[0] || (major === MINIMUM[0] && minor < MINIMUM[1]);
}

async function choose(
  folder: string | undefined,
  sources: Sources,
  limit: number,
  passed: string[],
): Promise<Choice | { reason: string; problem: string }> {
  const { env, pythonDefault } = sources;
  if (sources.setting.trim()) {
    // An explicit choice is never passed over in silence.
    const path = substitute(sources.setting.trim(), folder, env);
    const interpreter = interpreterAt(path, folder, env);
    const reason = 'set by fxlens.interpreter';
    return interpreter
      ? { interpreter, reason }
      : { reason, problem: `fxlens.interpreter: there is no Python at ${path}.` };
  }
  for (const provider of sources.providers) {
    const path = await ask(provider, folder, limit, passed);
    const interpreter = path && interpreterAt(path, folder, env);
    if (interpreter) return { interpreter, reason: `chosen in ${provider.name}` };
    if (path) passed.push(`${provider.name}: there is no Python at ${path}`);
  }
  // `python` alone is that setting's default and says nothing.
  if (pythonDefault?.trim() && pythonDefault !== 'python') {
    const path = substitute(pythonDefault.trim(), folder, env);
    const interpreter = interpreterAt(path, folder, env);
    if (interpreter) return { interpreter, reason: 'set by python.defaultInterpreterPath' };
    passed.push(`python.defaultInterpreterPath: there is no Python at ${path}`);
  }
  for (const name of folder === undefined ? [] : ['.venv', 'venv']) {
    const interpreter = interpreterIn(join(folder as string, name));
    if (interpreter) return { interpreter, reason: `the folder’s ${name}` };
  }
  for (const name of ['VIRTUAL_ENV', 'CONDA_PREFIX']) {
    const interpreter = env[name] ? interpreterIn(env[name]) : undefined;
    if (interpreter) return { interpreter, reason: `the active environment (${name})` };
  }
  const [first] = onPath(NAMES, env);
  if (first) return { interpreter: first, reason: 'the first Python on PATH' };
  return { reason: 'nothing was found', problem: 'No Python was found: no environment is chosen, and PATH has none.' };
}

async function ask(
  provider: EnvironmentProvider,
  folder: string | undefined,
  limit: number,
  passed: string[],
): Promise<string | undefined> {
  try {
    const path = await withLimit(provider.environment(folder), limit, provider.name);
    if (!path) passed.push(`${provider.name}: no environment chosen`);
    return path;
  } catch (error) {
    passed.push(`${provider.name}: ${messageOf(error)}`);
    return undefined;
  }
}
