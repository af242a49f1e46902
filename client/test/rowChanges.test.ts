// A tick draws its own row again and no other; another graph draws all.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tree } from '../src/protocol';
import { changedRows, type Shown } from '../src/rowChanges';

const TREE: Tree = {
  state: 'ready',
  message: null,
  summary: null,
  model: 'resnet50()',
  className: 'ResNet',
  callRange: null,
  dialect: 'torchvision',
  root: null,
  revision: 7,
  matches: null,
  query: null,
  queries: ['layer1', 'layer2'],
  editable: true,
};
const SHOWN: Shown = { parameters: 'a.py', tree: TREE };

function check(change: Partial<Tree>, expected: 'all' | readonly string[]): void {
  assert.deepEqual(changedRows(SHOWN, { ...SHOWN, tree: { ...TREE, ...change } }), expected);
}

test('nothing is drawn again when only the cursor or the call has moved', () => {
  check({ query: 'layer1' }, []);
  check({ callRange: { start: { line: 1, character: 0 }, end: { line: 2, character: 0 } } }, []);
});

test('the rows of queries that came or went are drawn again', () => {
  check({ queries: ['layer1', 'layer2', 'fc'] }, ['fc']);
  check({ queries: ['layer2', 'layer1', 'layer1'] }, []);
  check({ queries: ['fc'] }, ['layer1', 'layer2', 'fc']);
});

test('another graph, other boxes, another file or view draw all rows again', () => {
  check({ revision: 8 }, 'all');
  check({ editable: false }, 'all');
  assert.equal(changedRows(SHOWN, { ...SHOWN, parameters: 'b.py' }), 'all');
  assert.equal(changedRows(undefined, SHOWN), 'all');
  assert.equal(changedRows({ ...SHOWN, tree: undefined }, SHOWN), 'all');
});
