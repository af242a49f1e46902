// What the sidebar shows when it shows no tree. Pure: every state has its own welcome text in package.json.
import type { ProblemKind } from './environment/resolve';
import type { Tree } from './protocol';

export type ViewState =
  | 'noFile'
  | 'noCall'
  | 'restricted'
  | 'noServer'
  | 'crashed'
  | 'noInterpreter'
  | 'noTorch'
  | 'unresolved'
  | 'pending'
  | 'tree';

/** `noPython`: there is none to run the server; `failed`: it did not start, or ended and was given up. */
export type ServerState = 'starting' | 'running' | 'noPython' | 'failed';

export interface Situation {
  /** Whether a Python file is, or was last, in front. */
  readonly hasFile: boolean;
  readonly trusted: boolean;
  readonly server: ServerState;
  /** What is wrong with the interpreter of the file's folder. */
  readonly problem: ProblemKind | null;
  /** The server's answer, when there is one. */
  readonly tree: Tree | undefined;
}

export function viewState({ hasFile, trusted, server, problem, tree }: Situation): ViewState {
  if (!hasFile) return 'noFile';
  if (server === 'noPython') return 'noServer';
  if (server === 'failed') return 'crashed';
  if (tree?.root) return 'tree';
  if (!trusted) return 'restricted';
  if (server === 'starting' || tree === undefined || tree.state === 'pending') return 'pending';
  if (!tree.callRange) return 'noCall';
  return problem ?? 'unresolved';
}

/** The line above the tree; with an empty tree it replaces the welcome text, so only where it says more. */
export function viewMessage(state: ViewState, tree: Tree | undefined): string | undefined {
  if (!tree) return undefined;
  if (state === 'tree') {
    const news = tree.message ?? (tree.state === 'stale' ? 'Reading the changed model…' : null);
    return [tree.summary, news].filter(Boolean).join(' — ') || undefined;
  }
  return state === 'unresolved' || state === 'pending' ? plain(tree.message) : undefined;
}

/** Messages of the server are Markdown; the line above the tree is not. */
function plain(text: string | null): string | undefined {
  return text?.replaceAll('`', '') || undefined;
}
