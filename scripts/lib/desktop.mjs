// A desktop VS Code of our own: own user data (trusting, quiet, our interpreter), the user's is left alone.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TOOLS, VENV } from './paths.mjs';

export const DESKTOP_DATA = join(TOOLS, 'desktop');

/** The settings with which the demo, F5 and the tests run. */
export function userSettings() {
  return {
    'fxlens.interpreter': VENV,
    'workbench.startupEditor': 'none',
    'workbench.secondarySideBar.defaultVisibility': 'hidden',
    'workbench.tips.enabled': false,
    'editor.minimap.enabled': false,
    'workbench.welcomePage.walkthroughs.openOnInstall': false,
    'security.workspace.trust.enabled': false,
    'security.workspace.trust.untrustedFiles': 'open',
    'telemetry.telemetryLevel': 'off',
    'update.mode': 'none',
    // Not `false`, its older form: VS Code would rewrite the file at every first start, and has been seen to lose all of
    // the user's settings when it reads the file meanwhile.
    'extensions.autoUpdate': 'off',
    'extensions.autoCheckUpdates': false,
    'extensions.ignoreRecommendations': true,
    'chat.disableAIFeatures': true,
    'git.enabled': false,
  };
}

/** @param {string} folder the user-data folder @param {object} [settings] */
export function writeSettings(folder, settings = {}) {
  mkdirSync(join(folder, 'User'), { recursive: true });
  writeFileSync(
    join(folder, 'User', 'settings.json'),
    JSON.stringify({ ...userSettings(), ...settings }, undefined, 2),
  );
}

export function writeDesktopSettings() {
  writeSettings(DESKTOP_DATA);
}
