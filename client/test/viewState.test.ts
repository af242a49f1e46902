// What the sidebar says in each situation, and that package.json has a text for it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Tree } from '../src/protocol';
import { type Situation, viewMessage, viewState } from '../src/viewState';

const NO_TREE: Tree = {
  state: 'none',
  message: null,
  summary: null,
  model: null,
  className: null,
  callRange: null,
  dialect: null,
  root: null,
  revision: null,
  matches: null,
  query: null,
  queries: [],
  editable: false,
};
const CALL: Tree = { ...NO_TREE, callRange: { start: { line: 0, character: 0 }, end: { line: 0, character: 9 } } };
const ROOT: Tree['root'] = {
  id: '',
  label: 'ResNet',
  path: '',
  kind: 'module',
  description: '',
  modes: ['train', 'eval'],
  tooltip: '',
  source: null,
  hasChildren: true,
};
const FINE: Situation = { hasFile: true, trusted: true, server: 'running', problem: null, tree: NO_TREE };

const CASES: [expected: ReturnType<typeof viewState>, change: Partial<Situation>][] = [
  ['noFile', { hasFile: false, server: 'failed' }],
  ['noServer', { server: 'noPython' }],
  ['crashed', { server: 'failed' }],
  ['pending', { server: 'starting', tree: undefined }],
  ['pending', { tree: undefined }],
  ['pending', { tree: { ...CALL, state: 'pending' } }],
  ['restricted', { trusted: false, tree: CALL }],
  ['noCall', {}],
  ['noCall', { problem: 'noTorch' }],
  ['noTorch', { tree: CALL, problem: 'noTorch' }],
  ['noInterpreter', { tree: CALL, problem: 'noInterpreter' }],
  ['unresolved', { tree: CALL }],
  ['tree', { tree: { ...CALL, state: 'ready', root: ROOT } }],
];

for (const [expected, change] of CASES) {
  test(`${JSON.stringify(change).slice(0, 70)} → ${expected}`, () => {
    assert.equal(viewState({ ...FINE, ...change }), expected);
  });
}

test('every state without a tree has a welcome text, and every text a state', () => {
  const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
  const states = manifest.contributes.viewsWelcome.flatMap(({ when }: { when: string }) =>
    [...when.matchAll(/fxlens\.state == (\w+)/g)].map(([, state]) => state),
  );
  assert.deepEqual(states.sort(), [...new Set(CASES.map(([state]) => state))].filter((one) => one !== 'tree').sort());
});

test('reasons are shown above the tree, without Markdown', () => {
  assert.equal(
    viewMessage('unresolved', { ...CALL, message: 'The model `m` is a parameter.' }),
    'The model m is a parameter.',
  );
  assert.equal(viewMessage('noTorch', { ...CALL, message: 'No torch.' }), undefined);
  assert.match(viewMessage('tree', { ...CALL, state: 'stale', root: ROOT }) ?? '', /changed model/);
});
