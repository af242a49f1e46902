// The manifest agrees with the code it speaks of.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const texts: Record<string, string> = JSON.parse(readFileSync('package.nls.json', 'utf8'));
const settings: Record<string, { default: unknown; properties?: Record<string, { default: string }> }> =
  manifest.contributes.configuration.properties;
const sources = readdirSync('client/src', { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => readFileSync(join('client/src', name), 'utf8'))
  .join('\n');

test('every text the manifest names exists, and every text is named', () => {
  const named = [...JSON.stringify(manifest).matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key);
  assert.deepEqual([...new Set(named)].sort(), Object.keys(texts).sort());
});

test('every command is registered, and every registered command is declared', () => {
  const declared = manifest.contributes.commands.map(({ command }: { command: string }) =>
    command.replace('fxlens.', ''),
  );
  const registered = [...sources.matchAll(/register(?:Command)?\(\s*'(?:fxlens\.)?([\w.]+)'/g)].map(([, name]) => name);
  assert.deepEqual(declared.sort(), registered.sort());
});

test('the limits shown are those of the server', () => {
  const python = readFileSync('server/fxlens/worker/messages.py', 'utf8');
  for (const [name, { default: value }] of Object.entries(settings).filter(([key]) =>
    key.startsWith('fxlens.limits.'),
  )) {
    const field = name.replace('fxlens.limits.', '').replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
    const [, inServer] = new RegExp(`^    ${field}: \\w+ = ([\\d_.]+)`, 'm').exec(python) ?? [];
    assert.equal(value, Number(inServer?.replaceAll('_', '')), name);
  }
});

test('@types/vscode is not newer than the VS Code that is asked for', () => {
  assert.equal(`^${manifest.devDependencies['@types/vscode']}`, manifest.engines.vscode);
});

test('the rules shown are those of the server (npm run sync)', () => {
  const code =
    'import json; from fxlens.checks import RULES; print(json.dumps({r.code: r.severity for r in RULES.values()}))';
  const python = process.platform === 'win32' ? '.venv/Scripts/python.exe' : '.venv/bin/python';
  const inServer = JSON.parse(execFileSync(python, ['-c', code], { encoding: 'utf8' }));
  const shown = Object.entries(settings['fxlens.severity']?.properties ?? {});
  assert.deepEqual(Object.fromEntries(shown.map(([rule, { default: severity }]) => [rule, severity])), inServer);
});

test('every text that is shown at run time can be translated', () => {
  const bundle: Record<string, string> = JSON.parse(readFileSync(`${manifest.l10n}/bundle.l10n.json`, 'utf8'));
  const shown = [...sources.matchAll(/l10n\.t\(\s*'((?:[^'\\]|\\.)*)'/g)].map(([, text]) => text);
  assert.deepEqual(Object.keys(bundle).sort(), [...new Set(shown)].sort());
  for (const [text, translated] of Object.entries(bundle)) assert.equal(translated, text);
});

test('the walkthrough waits for events that VS Code knows', () => {
  const events = manifest.contributes.walkthroughs.flatMap(({ steps }: { steps: { completionEvents: string[] }[] }) =>
    steps.flatMap(({ completionEvents }) => completionEvents),
  );
  const known = /^(onCommand|onContext|onSettingChanged|onView|onLink|onEvent|onStepSelected|onExtensionInstalled)\b/;
  for (const event of events) {
    assert.match(event, known);
    const [, context] = /^onContext:(.*)/.exec(event) ?? [];
    if (context) assert.ok(sources.includes(`'${context}'`), `nothing sets ${context}`);
  }
});
