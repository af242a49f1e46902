// Starting other programs and ending them, with everything they started.
import { execFileSync, spawn } from 'node:child_process';
import { delimiter, dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT, WINDOWS } from './paths.mjs';
import { Remedy } from './say.mjs';

/**
 * @typedef {{cwd?: string, env?: NodeJS.ProcessEnv, quiet?: boolean, allowFailure?: boolean, hide?: RegExp,
 *   take?: (chunk: string) => void, interruptible?: boolean}} RunOptions
 */

/** The programs that `endAllOnSignal` ends. @type {Set<number>} */
const interruptible = new Set();
let ending = false;

/**
 * Run a program to its end. With `quiet` its output is kept and only shown when it fails; lines of its standard output
 * that match `hide` are not shown. `take` is given the output instead of the terminal. An `interruptible` program has a
 * session of its own: Ctrl+C reaches us only, and `endAllOnSignal` ends it in order.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{code: number, output: string}>}
 */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const piped = options.quiet || options.take !== undefined;
    const child = spawn(command, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...process.env, ...options.env },
      stdio: ['ignore', piped || options.hide ? 'pipe' : 'inherit', piped ? 'pipe' : 'inherit'],
      detached: options.interruptible && !WINDOWS,
      // npm and code are .cmd files on Windows, which Node starts through a shell only.
      shell: WINDOWS && /\.(cmd|bat)$/i.test(command),
    });
    const { pid } = child;
    if (options.interruptible && pid) interruptible.add(pid);
    let output = '';
    const { hide } = options;
    if (hide && !options.quiet && child.stdout) {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (!hide.test(line)) console.log(line);
      });
    }
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk) => {
        if (options.take) options.take(chunk);
        else output += chunk;
      });
    }
    child.on('error', reject);
    child.on('close', (status) => {
      if (pid) interruptible.delete(pid);
      if (ending && options.interruptible) return; // Nobody wants a report of what was broken off.
      const code = status ?? 1;
      if (code !== 0 && !options.allowFailure) {
        const tail = output.trimEnd().split('\n').slice(-40).join('\n');
        reject(new Remedy(`${command} ${args.join(' ')} ended with code ${code}${tail ? `\n\n${tail}\n` : ''}`));
      } else {
        resolve({ code, output });
      }
    });
  });
}

/**
 * Run npm, the one that runs us where there is one.
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function npm(args, options = {}) {
  const script = process.env.npm_execpath;
  if (script?.endsWith('.js')) return run(process.execPath, [script, ...args], options);
  return run(WINDOWS ? 'npm.cmd' : 'npm', args, options);
}

/**
 * The process and everything below it, children last.
 * @param {number} root
 * @returns {number[]}
 */
export function processTree(root) {
  /** @type {Map<number, number[]>} */
  const children = new Map();
  for (const line of execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).split('\n')) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    if (pid && parent) children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

/**
 * End a process and everything it started: politely first, for good after `patience` milliseconds.
 * Walks the tree because a process group does not hold what made a session of its own.
 * @param {number | undefined} root
 */
export async function endTree(root, patience = 3000) {
  if (!root) return;
  if (WINDOWS) {
    await run('taskkill', ['/pid', String(root), '/T', '/F'], { quiet: true, allowFailure: true });
    return;
  }
  const tree = processTree(root);
  signal(tree, 'SIGTERM');
  const end = Date.now() + patience;
  while (tree.some(isAlive) && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
  signal(tree, 'SIGKILL');
}

/** After SIGINT, SIGTERM or SIGHUP: end all interruptible programs and everything they started, then ourselves. */
export function endAllOnSignal() {
  for (const name of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    // Once: a second one ends us at once, as without this.
    process.once(name, async () => {
      ending = true;
      console.error(`\n✖ ${name}: ending what was started`);
      await Promise.all([...interruptible].map(interrupt));
      process.exit(1);
    });
  }
}

/**
 * Ctrl+C for a program that leads a session, which may tidy up for `patience` milliseconds; then the end of what is left
 * of its tree. The tree is taken before: whatever loses its parent is no longer found below it.
 * @param {number} leader
 */
async function interrupt(leader, patience = 10_000) {
  if (WINDOWS) return endTree(leader);
  const tree = new Set(processTree(leader));
  signal([-leader], 'SIGINT');
  const end = Date.now() + patience;
  while (isAlive(leader) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    for (const pid of processTree(leader)) tree.add(pid);
  }
  const left = [...tree].filter(isAlive);
  signal(left, 'SIGTERM');
  const gone = Date.now() + 3000;
  while (left.some(isAlive) && Date.now() < gone) await new Promise((resolve) => setTimeout(resolve, 50));
  signal(left, 'SIGKILL');
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {readonly number[]} pids
 * @param {NodeJS.Signals} name
 */
function signal(pids, name) {
  for (const pid of pids) {
    try {
      process.kill(pid, name);
    } catch (error) {
      // Already gone is what we want; anything else is worth knowing.
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ESRCH') throw error;
    }
  }
}

/**
 * The environment with the folder of `program` first on PATH.
 * @param {string} program
 */
export function withOnPath(program) {
  return { PATH: `${dirname(program)}${delimiter}${process.env.PATH ?? ''}` };
}
