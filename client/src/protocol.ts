// What client and server say to each other beyond LSP. The server's side is server/fxlens/lsp.
import { NotificationType, type Position, type Range, RequestType, RequestType0 } from 'vscode-languageclient/node';

export interface Interpreter {
  readonly interpreter: string | null;
  /** Why this one was chosen. */
  readonly reason: string;
  /** Why it cannot be used, if it cannot. */
  readonly problem: string | null;
}

export interface FolderConfiguration extends Interpreter {
  readonly path: string;
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
}

interface DocumentPosition {
  readonly textDocument: { readonly uri: string };
  readonly position?: Position;
}

export const configure = new NotificationType<Configuration>('fxlens/configure');
export const statusChanged = new NotificationType<Status>('fxlens/status');
export const modelChanged = new NotificationType<{ readonly uri: string }>('fxlens/modelChanged');
export const tree = new RequestType<DocumentPosition, Tree, void>('fxlens/tree');
export const treeChildren = new RequestType<DocumentPosition & { readonly id: string }, readonly TreeItem[], void>(
  'fxlens/treeChildren',
);
export const debugInformation = new RequestType0<string, void>('fxlens/debugInformation');
