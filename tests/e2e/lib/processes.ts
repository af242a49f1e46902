// Which processes are ours, as the operating system sees them.
import { execFileSync } from 'node:child_process';
import { isAlive, processTree } from '../../../scripts/lib/process.mjs';
import { extensionsFolder } from './extensions';

export interface Process {
  readonly pid: number;
  readonly command: string;
}

function processes(): Process[] {
  const lines = execFileSync('ps', ['-A', '-o', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  return lines.flatMap((line) => {
    const [, pid, command] = /^\s*(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid && command ? [{ pid: Number(pid), command }] : [];
  });
}

/** Language server, workers and trace processes of the extension under test. */
export function ours(): Process[] {
  return processes().filter(({ command }) => command.includes(extensionsFolder()) && /python/i.test(command));
}

/** The extension hosts below a process. */
export function extensionHosts(root: number): Process[] {
  const tree = new Set(processTree(root));
  return processes().filter(({ pid, command }) => tree.has(pid) && command.includes('--type=extensionHost'));
}

export function alive(list: readonly Process[]): Process[] {
  return list.filter(({ pid }) => isAlive(pid));
}
