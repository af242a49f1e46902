// Asking an interpreter what it is. Only ever done with interpreters that may be run (DESIGN §7, trust).
import { execFile } from 'node:child_process';
import { messageOf } from '../time';

export interface Probe {
  /** The interpreter as it calls itself: behind shims and launchers. */
  readonly executable: string;
  readonly version: readonly [number, number, number];
  /** Version of torch, null where it is not installed; absent when not asked for. */
  readonly torch?: string | null;
}

export type ProbeResult = Probe | { readonly failure: string };

/** Runs `interpreter` with a time limit, in a folder that is not the user's; `torch` asks for torch, not importing it. */
export type Prober = (interpreter: string, ask: { readonly torch: boolean }) => Promise<ProbeResult>;

const LIMIT = 10_000;
const BASE = 'import sys, json; known = {"executable": sys.executable, "version": sys.version_info[:3]}';
const TORCH = `
import importlib.util
known["torch"] = None
if importlib.util.find_spec("torch"):
    from importlib import metadata
    try:
        known["torch"] = metadata.version("torch")
    except metadata.PackageNotFoundError:
        known["torch"] = "unknown"
`;
const PRINT = 'print(json.dumps(known))';

/** A prober that runs its processes in `cwd`. */
export function prober(cwd: string): Prober {
  return (interpreter, ask) =>
    new Promise((resolve) => {
      // Without torch to look for, nothing of the environment is needed: -S leaves its start-up files alone.
      const args = ask.torch ? ['-c', `${BASE}\n${TORCH}\n${PRINT}`] : ['-I', '-S', '-c', `${BASE}\n${PRINT}`];
      const options = { cwd, timeout: LIMIT, killSignal: 'SIGKILL', windowsHide: true } as const;
      execFile(interpreter, args, options, (error, stdout, stderr) => {
        if (error) {
          const ending = error.killed
            ? `it did not answer within ${LIMIT / 1000} s`
            : lastLine(stderr) || error.message;
          resolve({ failure: ending });
          return;
        }
        try {
          // What the environment's start-up files print comes before our line.
          resolve(JSON.parse(lastLine(stdout)) as Probe);
        } catch (problem) {
          resolve({ failure: `it answered with something else: ${messageOf(problem)}` });
        }
      });
    });
}

function lastLine(text: string): string {
  return text.trimEnd().split('\n').at(-1)?.trim() ?? '';
}
