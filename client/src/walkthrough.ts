// The walkthrough, and what of it the user has done. VS Code ticks a step when its context becomes true, and never one whose
// context was true already when it read the steps, which it does when a walkthrough is first opened.
import { commands } from 'vscode';

/** The contexts that the manifest's steps wait for. */
type Milestone = 'fxlens.traced' | 'fxlens.completed' | 'fxlens.treeSeen';

const reached = new Set<Milestone>();

/** The user got so far: the step of this context is ticked. */
export function reach(milestone: Milestone): void {
  reached.add(milestone);
  void publish(milestone, true);
}

export async function openWalkthrough(): Promise<void> {
  await Promise.all([...reached].map((milestone) => publish(milestone, false)));
  await commands.executeCommand('workbench.action.openWalkthrough', 'fxlens.fxlens#fxlens.start', false);
  await Promise.all([...reached].map((milestone) => publish(milestone, true)));
}

function publish(milestone: Milestone, done: boolean): Thenable<unknown> {
  return commands.executeCommand('setContext', milestone, done);
}
