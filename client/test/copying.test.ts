// Rows of the tree as code.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asDict, asHook } from '../src/copying';

test('rows become a dict of return nodes', () => {
  assert.equal(asDict(['layer1', 'layer2.0']), '{"layer1": "layer1", "layer2.0": "layer2.0"}');
});

test('a module becomes a hook on it', () => {
  const keep = (path: string) => `lambda module, args, output: features.update({"${path}": output})`;
  const cases: [string, string, string][] = [
    ['net', 'layer1.0.conv1', 'net.layer1[0].conv1'],
    ['self.body', 'fc', 'self.body.fc'],
    ['resnet18()', 'fc', 'model.fc'], // Its hook would be on a model that nobody has.
    ['net', 'parts.a-b', 'net.get_submodule("parts.a-b")'],
  ];
  for (const [model, path, owner] of cases) {
    assert.equal(asHook(model, path), `features = {}\n${owner}.register_forward_hook(${keep(path)})\n`);
  }
});
