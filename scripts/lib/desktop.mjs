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
    'extensions.autoUpdate': 'off',
    'extensions.autoCheckUpdates': false,
    'extensions.ignoreRecommendations': true,
    'chat.disableAIFeatures': true,
    'git.enabled': false,
  };
}

/**
 * What belongs to the machine is written for it too: in a window on another machine, and a browser's is one, VS Code takes
 * settings of the scope `machine-overridable` from there. From the user's file it takes them only until it knows their
 * scope, so that they are sometimes there.
 * @param {string} folder the user-data folder
 * @param {object} [changes]
 */
export function writeSettings(folder, changes = {}) {
  const settings = { ...userSettings(), ...changes };
  write(join(folder, 'User'), settings);
  write(join(folder, 'Machine'), { 'fxlens.interpreter': settings['fxlens.interpreter'] });
}

/** @param {string} folder @param {object} settings */
function write(folder, settings) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings, undefined, 2));
}

export function writeDesktopSettings() {
  writeSettings(DESKTOP_DATA);
}
