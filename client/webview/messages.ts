// What the page and whoever shows it say to each other. In VS Code that is the extension; in a file it is the file.
import type { Graph, GraphFound, GraphLevels, GraphNodeDetails, ShownMode } from '../src/wire';

/** What the page asks, and what it is answered. */
export interface Questions {
  levels: [{ readonly paths: readonly string[] }, GraphLevels];
  node: [{ readonly path: string }, GraphNodeDetails | null];
  find: [{ readonly text: string; readonly open: readonly string[] }, GraphFound];
}

/** What the page remembers while it is hidden, and over a restart. */
export interface ViewState {
  readonly uri: string;
  readonly position?: { readonly line: number; readonly character: number };
  readonly model?: number;
  /** The class of the model: of another, the place would be nowhere. */
  readonly title: string;
  readonly mode: ShownMode | null;
  readonly open: readonly string[] | null;
  readonly quiet: readonly string[];
  readonly x: number;
  readonly y: number;
  readonly k: number;
  readonly current: string | null;
}

export type Where = Pick<ViewState, 'uri' | 'position' | 'model'>;

export type FromPage =
  | { readonly type: 'ready'; readonly state: ViewState | null }
  | { readonly type: 'ask'; readonly number: number; readonly method: keyof Questions; readonly parameters: object }
  | { readonly type: 'view'; readonly mode: ShownMode; readonly open: readonly string[] }
  | { readonly type: 'opened'; readonly open: readonly string[] }
  | { readonly type: 'source' | 'tree' | 'copyName' | 'copyChain'; readonly path: string }
  | { readonly type: 'toggle'; readonly path: string; readonly asked: boolean }
  | { readonly type: 'save' }
  | { readonly type: 'picture'; readonly kind: 'svg' | 'png'; readonly content: string };

export type ToPage =
  | { readonly type: 'graph'; readonly graph: Graph; readonly where: Where }
  | { readonly type: 'answer'; readonly number: number; readonly value: unknown; readonly failed?: boolean }
  | { readonly type: 'reveal'; readonly path: string; readonly focus: boolean }
  | { readonly type: 'draw'; readonly kind: 'svg' | 'png' }
  | { readonly type: 'do'; readonly action: 'toggle' | 'source' | 'tree' | 'copyName' | 'copyChain' };

export interface Host {
  /** Whether names can be written, sources opened and pictures saved: not from a file. */
  readonly connected: boolean;
  send(message: FromPage): void;
  ask<M extends keyof Questions>(method: M, parameters: Questions[M][0]): Promise<Questions[M][1]>;
  listen(listener: (message: ToPage) => void): void;
  readonly state: ViewState | null;
  remember(state: ViewState): void;
}

interface VSCodeApi {
  postMessage(message: FromPage): void;
  getState(): ViewState | undefined;
  setState(state: ViewState): void;
}

declare const acquireVsCodeApi: (() => VSCodeApi) | undefined;

/** The extension, if the page is in VS Code. */
export function extensionHost(): Host | undefined {
  if (typeof acquireVsCodeApi === 'undefined') return undefined;
  const api = acquireVsCodeApi();
  const waiting = new Map<number, { answer: (value: never) => void; fail: (reason: Error) => void }>();
  let asked = 0;
  return {
    connected: true,
    state: api.getState() ?? null,
    remember: (state) => api.setState(state),
    send: (message) => api.postMessage(message),
    ask: (method, parameters) =>
      new Promise((answer, fail) => {
        asked++;
        waiting.set(asked, { answer, fail });
        api.postMessage({ type: 'ask', number: asked, method, parameters });
      }),
    listen: (listener) =>
      window.addEventListener('message', ({ data }: MessageEvent<ToPage>) => {
        if (data.type !== 'answer') return listener(data);
        const question = waiting.get(data.number);
        waiting.delete(data.number);
        if (data.failed) question?.fail(new Error('The language server did not answer.'));
        else question?.answer(data.value as never);
      }),
  };
}
