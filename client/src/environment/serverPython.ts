// The Python that runs the language server: any will do, but none that the workspace brings unless it is trusted.
import { isInside, onPath } from './paths';
import type { Prober } from './probe';
import { isOlder } from './resolve';

export interface ServerPython {
  readonly python: string | undefined;
  readonly reason: string;
}

const NAMES = ['python3', 'python', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python3.10'];

/**
 * The first Python ≥ 3.10 on PATH that is not in a workspace folder, else the interpreter of a trusted folder.
 *
 * PATH comes first so that the server is the same before and after trust is given, and needs no restart.
 */
export async function findServerPython(
  folders: readonly string[],
  trustedInterpreters: readonly string[],
  env: NodeJS.ProcessEnv,
  probe: Prober,
): Promise<ServerPython> {
  const failures: string[] = [];
  const candidates = onPath(NAMES, env).filter((file) => !isInside(file, folders));
  for (const file of new Set([...candidates, ...trustedInterpreters])) {
    const found = await probe(file, { torch: false });
    if ('failure' in found) failures.push(`${file}: ${found.failure}`);
    else if (isOlder(found.version)) failures.push(`${file}: Python ${found.version.join('.')} is too old`);
    // What a shim outside the workspace leads to may still lie in it.
    else if (isInside(found.executable, folders) && !trustedInterpreters.includes(file))
      failures.push(`${file}: leads into the workspace`);
    else
      return { python: found.executable, reason: candidates.includes(file) ? 'from PATH' : 'the chosen interpreter' };
  }
  const tried = failures.length > 0 ? ` Tried: ${failures.join('; ')}.` : '';
  return { python: undefined, reason: `No Python 3.10 or newer was found to run the language server.${tried}` };
}
