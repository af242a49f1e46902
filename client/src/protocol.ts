// What client and server say to each other beyond LSP. The server's side is server/fxlens/lsp.
import type { Position, Range, TextEdit } from 'vscode-languageclient/node';

export interface Interpreter {
  readonly interpreter: string | null;
  /** Why this one was chosen. */
  readonly reason: string;
  /** Why it cannot be used, if it cannot. */
  readonly problem: string | null;
}

export interface FolderConfiguration extends Interpreter {
  readonly path: string;
  /** Folders that its code may import from. */
  readonly extraPaths: readonly string[];
}

export type Severity = 'error' | 'warning' | 'information' | 'hint' | 'off';

export interface ServerSettings {
  readonly limits: Readonly<Record<string, number>>;
  readonly extraPaths: readonly string[];
  readonly idleMinutes: number;
  readonly maxWorkers: number;
  /** Empty: the user's own cache folder; `off`: nothing is kept between sessions. */
  readonly cacheFolder: string;
  readonly severity: Readonly<Record<string, Severity>>;
  readonly inlayShapes: boolean;
  readonly codeLens: boolean;
}

/** All that the server must know of us; sent as `initializationOptions`, and again whenever it changes. */
export interface Configuration {
  readonly trusted: boolean;
  readonly folders: readonly FolderConfiguration[];
  readonly default: Interpreter;
  readonly settings: ServerSettings;
}

/** The state of one document that has an extraction call. */
export interface Status {
  readonly uri?: string;
  readonly severity: 'ok' | 'busy' | 'warning' | 'error';
  readonly text: string;
  readonly detail: string;
  readonly interpreter: string | null;
  readonly interpreterReason: string;
  readonly model: string | null;
  readonly state: string;
}

export type Mode = 'train' | 'eval';

export interface TreeItem {
  readonly id: string;
  readonly label: string;
  /** The query it stands for; empty for the model itself. */
  readonly path: string;
  readonly kind: 'module' | 'leaf' | 'op' | 'input' | 'parameter' | 'group';
  readonly description: string;
  readonly modes: readonly Mode[];
  readonly tooltip: string;
  readonly source: { readonly uri: string; readonly line: number } | null;
  readonly hasChildren: boolean;
}

export interface Tree {
  readonly state: 'ready' | 'stale' | 'pending' | 'none';
  readonly message: string | null;
  readonly model: string | null;
  readonly className: string | null;
  readonly callRange: Range | null;
  readonly dialect: string | null;
  readonly root: TreeItem | null;
  /** Differs where the rows may differ. */
  readonly revision: number | null;
  /** How many nodes fit the filter; null without one. */
  readonly matches: number | null;
  /** The query under the position, if there is one. */
  readonly query: string | null;
  /** All queries of the call. */
  readonly queries: readonly string[];
  /** Whether queries can be added to the call. */
  readonly editable: boolean;
}

/** One model of a file; `line` and `position` are those of its call. */
export interface Model {
  readonly label: string;
  readonly description: string;
  readonly line: number;
  readonly position: Position;
  readonly model: number;
}

/** The edits that add or remove a query, for one version of the document, or why there are none. */
export interface Toggled {
  readonly edits: readonly TextEdit[];
  readonly version: number | null;
  readonly problem: string | null;
}

interface InDocument {
  readonly textDocument: { readonly uri: string };
}

interface DocumentPosition extends InDocument {
  readonly position?: Position;
}

/** Which of the models of a call, and which of its nodes. */
export interface Asked {
  readonly mode: Mode | 'both';
  readonly filter: string;
  readonly model?: number;
}

/**
 * A message by its name, with the types of what it carries. The library's own classes for this would bring all of it
 * into the activation, which takes longer than everything else there.
 */
export interface Request<Parameters, Answer> {
  readonly method: string;
  /** For the compiler only. */
  readonly carries?: (parameters: Parameters) => Answer;
}

export interface Notification<Parameters> {
  readonly method: string;
  readonly carries?: (parameters: Parameters) => void;
}

export const configure: Notification<Configuration> = { method: 'fxlens/configure' };
export const statusChanged: Notification<Status> = { method: 'fxlens/status' };
/** A line of a worker, or of users' code that it runs; for clients that asked for them by `workerLog`. */
export const workerLog: Notification<{ readonly message: string }> = { method: 'fxlens/workerLog' };
export const modelChanged: Notification<{ readonly uri: string }> = { method: 'fxlens/modelChanged' };
export const tree: Request<DocumentPosition & Asked, Tree> = { method: 'fxlens/tree' };
export const treeChildren: Request<DocumentPosition & Asked & { readonly id: string }, readonly TreeItem[]> = {
  method: 'fxlens/treeChildren',
};
export const treePath: Request<DocumentPosition & Asked & { readonly path: string }, readonly TreeItem[]> = {
  method: 'fxlens/treePath',
};
export const treeModels: Request<InDocument, readonly Model[]> = { method: 'fxlens/treeModels' };
export const toggleQuery: Request<DocumentPosition & { readonly path: string; readonly asked: boolean }, Toggled> = {
  method: 'fxlens/toggleQuery',
};
export const debugInformation: Request<Record<string, never>, string> = { method: 'fxlens/debugInformation' };
