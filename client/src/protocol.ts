// What client and server say to each other beyond LSP. The types are the server's (server/fxlens/lsp/wire.py).
import type { Location, WorkspaceEdit as ProtocolEdit } from 'vscode-languageclient/node';
import type {
  Configuration,
  Graph,
  GraphFindParameters,
  GraphFound,
  GraphLevels,
  GraphLevelsParameters,
  GraphNodeDetails,
  GraphNodeParameters,
  GraphParameters,
  Mode,
  Model,
  SourcePlace,
  Status,
  Toggled,
  Tree,
  TreeItem,
} from './wire';

export type {
  Configuration,
  FolderConfiguration,
  Graph,
  Interpreter,
  Mode,
  Model,
  ServerSettings,
  Severity,
  Status,
  Toggled,
  Tree,
  TreeItem,
} from './wire';

interface InDocument {
  readonly textDocument: { readonly uri: string };
}

interface DocumentPosition extends InDocument {
  readonly position?: { readonly line: number; readonly character: number };
}

/** Which of the models of a call, and which of its nodes. */
export interface ViewOptions {
  readonly mode: Mode | 'both';
  readonly filter: string;
  readonly model?: number;
  /** Whether nodes without tensors (sizes, flags, checks) are shown; those that the call requests always are. */
  readonly plumbing: boolean;
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
export const tree: Request<DocumentPosition & ViewOptions, Tree> = { method: 'fxlens/tree' };
export const treeChildren: Request<DocumentPosition & ViewOptions & { readonly id: string }, readonly TreeItem[]> = {
  method: 'fxlens/treeChildren',
};
export const treePath: Request<DocumentPosition & ViewOptions & { readonly path: string }, readonly TreeItem[]> = {
  method: 'fxlens/treePath',
};
/** Where a row leads to: for a module, the line that sets it. */
export const treeSource: Request<DocumentPosition & ViewOptions & { readonly path: string }, SourcePlace | null> = {
  method: 'fxlens/treeSource',
};
export const treeModels: Request<InDocument, readonly Model[]> = { method: 'fxlens/treeModels' };
export const toggleQuery: Request<DocumentPosition & { readonly path: string; readonly asked: boolean }, Toggled> = {
  method: 'fxlens/toggleQuery',
};
export const graph: Request<GraphParameters, Graph> = { method: 'fxlens/graph' };
export const graphLevels: Request<GraphLevelsParameters, GraphLevels> = { method: 'fxlens/graphLevels' };
export const graphNode: Request<GraphNodeParameters, GraphNodeDetails | null> = { method: 'fxlens/graphNode' };
export const graphFind: Request<GraphFindParameters, GraphFound> = { method: 'fxlens/graphFind' };
/** The edits of the queries that hold a module's attribute, without those of the attribute itself. */
export const renameQueries: Request<DocumentPosition & { readonly newName: string }, ProtocolEdit | null> = {
  method: 'fxlens/renameQueries',
};
/** Where the attribute is set that a rename at a position is of. */
export const renameTarget: Request<DocumentPosition, Location | null> = { method: 'fxlens/renameTarget' };
/** Problems of files that are not open; cancelling the request ends it. */
export const checkWorkspace: Request<Record<string, never>, { readonly files: number; readonly problems: number }> = {
  method: 'fxlens/checkWorkspace',
};
export const checkProgress: Notification<{ readonly done: number; readonly total: number; readonly file: string }> = {
  method: 'fxlens/checkProgress',
};
/** End all workers, forget what they found, and read the open documents' models again. */
export const restartWorkers: Request<Record<string, never>, null> = { method: 'fxlens/restart' };
export const debugInformation: Request<Record<string, never>, string> = { method: 'fxlens/debugInformation' };
