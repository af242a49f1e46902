// What each code action does to the text, in the real VS Code.

import { expect, test } from './lib/test';
import type { VSCode } from './lib/vscode';

test.use({ sample: 'actions' });

interface Action {
  file: string;
  /** What the cursor is put into. */
  at: string;
  title: string;
  /** What the file then holds. */
  result: string;
}

const ACTIONS: Action[] = [
  { file: 'did_you_mean.py', at: 'layer1.0.rl', title: 'Replace with', result: "'layer1.0.relu', 'layer2.0.con1'" },
  { file: 'fix_all.py', at: 'layer1.0.rl', title: 'Fix all', result: "'layer1.0.relu', 'layer2.0.conv1'" },
  { file: 'ignored.py', at: 'layer1.0.rl', title: 'Ignore', result: '  # fxlens: ignore[unknown-node]' },
  { file: 'real_name.py', at: 'encoder_layer_0', title: 'Use', result: "'encoder.layers.encoder_layer_0.ln']" },
  { file: 'stop_at_leaf.py', at: 'out_proj', title: 'Stop at', result: "encoder_layer_0.getitem']" },
  {
    file: 'by_mode.py',
    at: 'aux1.fc',
    title: 'Use `train_return_nodes` and `eval_return_nodes`',
    result: "train_return_nodes={'inception4a': 'a', 'aux1.fc1': 'b'}, eval_return_nodes={'inception4a': 'a'})",
  },
  { file: 'same_key.py', at: "'layer2", title: 'Rename the key', result: "'layer2': 'a_2'" },
  { file: 'leaf_modules.py', at: 'nn.Seq', title: 'Trace Gate', result: "tracer_kwargs={'leaf_modules': [Gate]})" },
  { file: 'make_leaf.py', at: "'1", title: 'Trace Same', result: "tracer_kwargs={'leaf_modules': [Same]})" },
  {
    file: 'hint.py',
    at: 'extractor(net',
    title: 'Name the model',
    result: '    # fxlens: model=resnet18()\n    return',
  },
  { file: 'tuple.py', at: "'layer1", title: 'Make it a list', result: "['layer1', 'layer2']" },
];

// One VS Code for all: each takes half a minute to start on a small machine.
test('each code action does to the text what its title says', async ({ code }) => {
  test.setTimeout(280_000);
  for (const { file, at, title, result } of ACTIONS) {
    await test.step(`${title}: ${file}`, async () => {
      await code.open(file);
      await marked(code, file);
      await code.goTo(file, at);
      const row = await code.quickFix(title);
      await row.click();
      await expect(row).toBeHidden();
      await code.expectSaved(file, result);
    });
  }
  await test.step('Fix All mends what has one sure remedy', async () => {
    await code.open('on_saving.py');
    await marked(code, 'on_saving.py');
    await code.run('Fix All');
    await code.expectSaved('on_saving.py', "'layer1.0.relu', 'layer2.0.conv1'");
    await expect(code.errors).toHaveCount(0);
  });
});

/** The file's problem is marked in the text: the model is known, or known to be unknown. The first starts the worker. */
async function marked(code: VSCode, file: string): Promise<void> {
  const squiggle = '.squiggly-error, .squiggly-warning, .squiggly-info, .squiggly-hint';
  await expect(code.page.locator(squiggle).first(), file).toBeVisible({ timeout: 120_000 });
}
