// Made by `npm run sync` of server/fxlens/lsp/wire.py and server/fxlens/levels.py: change those.

/**
 * The children of one module, in execution order, column by column; child `i` has entry `i` of each.
 *
 * Strings have one letter for each child (or edge); an empty one means the usual letter for all. Objects have entries,
 * by the child's number, where there is something to say.
 */
export interface Level {
  /** The module's path: a child's id is this path and its name, joined by a dot, unless `ids` says otherwise. */
  readonly path: string;
  readonly names: readonly string[];
  /** Ids that are not paths: a folded run, an output; and a node that has the name of the group it stands in. */
  readonly ids: Readonly<Record<string, string>>;
  /** One letter each, see :data:`fxlens.node_kinds.Kind`; `g` can be opened. */
  readonly kinds: string;
  readonly whats: readonly string[];
  readonly shapes: readonly string[];
  /** `b` both, `e` eval only, `t` train only. */
  readonly modes: string;
  /** `1` for what is left out until it is asked for: plumbing, and parameters that one node reads. */
  readonly quiet: string;
  /** The position of its first node in execution order. */
  readonly starts: readonly number[];
  /** How many nodes it holds. */
  readonly counts: readonly number[];
  /** How many groups of equal structure it stands for. */
  readonly runs: Readonly<Record<string, number>>;
  /** How many quiet parameters a node reads. */
  readonly parameters: Readonly<Record<string, number>>;
  readonly notes: Readonly<Record<string, string>>;
  /** Pairs of source and reader. The source `-1` is whatever is outside, and so is the reader `len(names)`. */
  readonly edges: readonly number[];
  /** A letter for each edge: its modes as in `modes`, and a capital where only quiet nodes make it. */
  readonly marks: string;
}

export type Mode = 'train' | 'eval';

export type ShownMode = 'train' | 'eval' | 'both';

export type Severity = 'error' | 'warning' | 'information' | 'hint' | 'off';

export interface WirePosition {
  readonly line: number;
  readonly character: number;
}

export interface WireRange {
  readonly start: WirePosition;
  readonly end: WirePosition;
}

export interface WireEdit {
  readonly range: WireRange;
  readonly newText: string;
}

export interface SourcePlace {
  readonly uri: string;
  readonly line: number;
}

export interface TextDocument {
  readonly uri: string;
}

/** The parameters of a request about a file, or about the call nearest a position in it. */
export interface InDocument {
  readonly textDocument: TextDocument;
  readonly position?: WirePosition;
  /** Which of the models of the call. */
  readonly model?: number;
}

export interface Interpreter {
  readonly interpreter: string | null;
  /** Why this one was chosen. */
  readonly reason: string;
  /** Why it cannot be used, if it cannot. */
  readonly problem: string | null;
}

export interface FolderConfiguration extends Interpreter {
  readonly path: string;
  /** Whether the interpreter is that of `fxlens.interpreter`, so that the project's files name no other one. */
  readonly isSet: boolean;
  /** Folders that its code may import from. */
  readonly extraPaths: readonly string[];
  /** An expression for the input that the shapes of its models are for; empty: one that is guessed. */
  readonly input: string;
}

export interface ServerSettings {
  /** Which files are checked without being asked for. */
  readonly checkScope: 'open files' | 'workspace';
  readonly limits: Readonly<Record<string, number>>;
  readonly extraPaths: readonly string[];
  readonly input: string;
  readonly idleMinutes: number;
  readonly maxWorkers: number;
  /** Empty: the user's own cache folder; `off`: nothing is kept between sessions. */
  readonly cacheFolder: string;
  readonly severity: Readonly<Record<string, Severity>>;
  readonly inlayShapes: boolean;
  readonly inlayCode: boolean;
  readonly codeLens: boolean;
}

/** All that the server must know of the client; sent as `initializationOptions`, and again whenever it changes. */
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

export interface TreeItem {
  readonly id: string;
  readonly label: string;
  /** The query it stands for; empty for the model itself. */
  readonly path: string;
  readonly kind: 'module' | 'leaf' | 'op' | 'input' | 'parameter' | 'group';
  readonly description: string;
  readonly modes: readonly Mode[];
  readonly tooltip: string;
  readonly source: SourcePlace | null;
  readonly hasChildren: boolean;
}

/** The answer to `fxlens/tree`. */
export interface Tree {
  readonly state: 'ready' | 'stale' | 'pending' | 'none';
  readonly message: string | null;
  /** Which call the tree is of, how many names it requests, and which input the shapes are for. */
  readonly summary: string | null;
  readonly model: string | null;
  readonly className: string | null;
  readonly callRange: WireRange | null;
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
  readonly position: WirePosition;
  readonly model: number;
}

/** The edits that add or remove a query, for one version of the document, or why there are none. */
export interface Toggled {
  readonly edits: readonly WireEdit[];
  readonly version: number | null;
  readonly problem: string | null;
}

/** The parameters of `fxlens/graph`. */
export interface GraphParameters extends InDocument {
  /** Null for the mode that most people mean: eval where it could be traced. */
  readonly mode: ShownMode | null;
  /** The groups whose levels are wanted beside the model's own; null for those that are open at first. */
  readonly open: readonly string[] | null;
  /** The revision whose levels the client has: they are left out where it is still that. */
  readonly known?: number;
  /** Whether all levels are wanted, for a file that must hold them. */
  readonly everything?: boolean;
}

/** A query of the call, and what it selects in the picture. */
export interface GraphQuery {
  readonly text: string;
  /** The names of the nodes, one for each mode that differs. */
  readonly selects: readonly string[];
  /** The position of the first of them in execution order. */
  readonly at: number | null;
  /** The rule that speaks of it, if one does. */
  readonly rule: string | null;
  readonly message: string | null;
}

/** The answer to `fxlens/graph`: what is known of the model of the nearest call, and the levels that are wanted. */
export interface Graph {
  readonly state: 'ready' | 'stale' | 'pending' | 'none';
  readonly message: string | null;
  /** The model's expression in the text. */
  readonly model: string | null;
  readonly className: string;
  readonly dialect: string | null;
  readonly revision: number | null;
  /** The modes that could be traced; none of a model whose modules alone are shown. */
  readonly modes: readonly Mode[];
  readonly mode: ShownMode;
  /** Whether the modes differ. */
  readonly differ: boolean;
  readonly editable: boolean;
  /** Where the call begins. */
  readonly position: WirePosition | null;
  readonly query: string | null;
  readonly queries: readonly GraphQuery[];
  readonly nodes: number;
  readonly parameters: number;
  readonly strip: string;
  readonly opened: readonly string[];
  readonly levels: Readonly<Record<string, Level>>;
}

/** The parameters of `fxlens/graphLevels`. */
export interface GraphLevelsParameters extends InDocument {
  readonly mode: ShownMode;
  readonly revision: number;
  readonly paths: readonly string[];
}

/** The answer to `fxlens/graphLevels`; nothing but `stale` where the revision is another by now. */
export interface GraphLevels {
  readonly revision: number | null;
  readonly stale: boolean;
  readonly levels: Readonly<Record<string, Level>>;
}

/** The parameters of `fxlens/graphNode`. */
export interface GraphNodeParameters extends InDocument {
  readonly mode: ShownMode;
  readonly path: string;
}

export interface GraphNeighbour {
  readonly path: string;
  readonly shape: string;
}

/** The answer to `fxlens/graphNode`: what is known of a node, or of a group. */
export interface GraphNodeDetails {
  readonly path: string;
  readonly what: string;
  /** The path of the module it is the output of, where its name does not say so. */
  readonly module: string | null;
  readonly shape: string;
  readonly parameters: number;
  readonly reads: readonly GraphNeighbour[];
  readonly readBy: readonly GraphNeighbour[];
  readonly modes: readonly Mode[];
  readonly source: SourcePlace | null;
  /** The source as one reads it: `resnet.py:146`. */
  readonly place: string;
  /** How Python reaches the module: `model.layer4[-1]`; empty where none is at the path. */
  readonly chain: string;
  readonly selectedBy: readonly string[];
  readonly sentences: readonly string[];
}

/** The parameters of `fxlens/graphFind`. */
export interface GraphFindParameters extends InDocument {
  readonly mode: ShownMode;
  readonly text: string;
  /** The levels on whose closed groups the hits are counted. */
  readonly open: readonly string[];
  readonly limit: number;
}

/** The answer to `fxlens/graphFind`, in execution order. */
export interface GraphFound {
  readonly total: number;
  readonly paths: readonly string[];
  readonly positions: readonly number[];
  /** How many hits are in each group of the levels. */
  readonly under: Readonly<Record<string, number>>;
}
