"""Neovim and Emacs, where they are found, with the snippets of the documentation: what their user does, and gets.

``FXLENS_NVIM`` may name further Neovims, separated as in PATH.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "other-editors.md"
SECONDS = 240
HEAD = """\
from collections import OrderedDict
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor

net = nn.Sequential(OrderedDict(stem=nn.Sequential(nn.ReLU()), head=nn.ReLU()))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.ReLU()

    def forward(self, x):
        return self.layer(x)


"""
TEXT = HEAD + 'create_feature_extractor(net, ["stme"])\ncreate_feature_extractor(Net(), ["layer"])\n'
WRONG, SECOND = TEXT.count("\n") - 1, TEXT.count("\n")
"""The lines of the two calls, from 1."""
NVIMS = [path for path in (shutil.which("nvim"), *os.environ.get("FXLENS_NVIM", "").split(os.pathsep)) if path]
LUA = """
FX = {}
function FX.diagnostics() return vim.json and vim.json.encode(vim.diagnostic.get(0)) or vim.fn.json_encode(vim.diagnostic.get(0)) end
function FX.hover()
  for _, window in ipairs(vim.api.nvim_list_wins()) do
    if vim.api.nvim_win_get_config(window).relative ~= "" then
      return table.concat(vim.api.nvim_buf_get_lines(vim.api.nvim_win_get_buf(window), 0, -1, false), " ")
    end
  end
  return ""
end
vim.ui.select = function(items, _, choose) choose(items[1], 1) end
"""


def snippets(heading: str, language: str) -> list[str]:
    section = PAGE.read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(rf"```{language}\n(.*?)```", section, re.S)


def environment() -> dict[str, str]:
    programs = os.environ.get("FXLENS_BIN", str(Path(sys.executable).parent))
    return {**os.environ, "PATH": os.pathsep.join([programs, os.environ["PATH"]])}


class Neovim:
    """A running Neovim, asked and driven over its socket."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.socket = str(folder / "socket")
        version = re.search(r"v0\.(\d+)", subprocess.run([program, "--version"], capture_output=True, text=True).stdout)
        assert version
        init = folder / "init.lua"
        init.write_text(snippets("Neovim", "lua")[0 if int(version[1]) >= 11 else 1] + LUA)
        (folder / "a.py").write_text(TEXT)
        command = [program, "--headless", "-n", "-i", "NONE", "-u", str(init), "--listen", self.socket, "a.py"]
        state = {name: str(folder) for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
        self.process = subprocess.Popen(
            command, cwd=folder, env={**environment(), **state}, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.until(lambda: Path(self.socket).exists())

    def ask(self, expression: str) -> str:
        command = [self.program, "--server", self.socket, "--remote-expr", expression]
        answer = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        return (answer.stdout or answer.stderr).strip()

    def press(self, keys: str, *, last: bool = False) -> None:
        """``last``: the keys end the editor, which may be gone before it has answered."""
        command = [self.program, "--server", self.socket, "--remote-send", keys]
        subprocess.run(command, check=not last, timeout=SECONDS, stderr=subprocess.DEVNULL if last else None)

    def until(self, reached: Callable[[], Any]) -> Any:
        """An editor tells nobody when it has shown something: it has to be asked again."""
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            answer = reached()
            if answer:
                return answer
            time.sleep(0.1)
        said = self.ask('execute("messages")'), self.ask('luaeval("FX.diagnostics()")')
        raise AssertionError(f"not reached: {said}")

    def line(self, number: int) -> str:
        return self.ask(f"getline({number})")

    def codes(self) -> list[str]:
        answer = self.ask('luaeval("FX.diagnostics()")')
        return [each["code"] for each in json.loads(answer)] if answer.startswith("[") else []


@pytest.fixture(params=NVIMS or [pytest.param("", marks=pytest.mark.skip(reason="no nvim on PATH or in FXLENS_NVIM"))])
def nvim(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Neovim]:
    editor = Neovim(request.param, tmp_path)
    try:
        yield editor
    finally:
        editor.press("<C-\\><C-n>:qa!<CR>", last=True)
        try:
            editor.process.wait(10)
        except subprocess.TimeoutExpired:
            editor.process.kill()


def test_neovim(nvim: Neovim) -> None:
    nvim.until(lambda: nvim.codes() == ["unknown-node"])
    # Hover.
    column = TEXT.splitlines()[SECOND - 1].index("layer") + 1
    nvim.press(f":call cursor({SECOND}, {column})<CR>")
    nvim.press(":lua vim.lsp.buf.hover()<CR>")
    nvim.until(lambda: "ReLU" in nvim.ask('luaeval("FX.hover()")'))
    # Definition: the line that computes the value.
    nvim.press(":lua vim.lsp.buf.definition()<CR>")
    defined = next(at for at, line in enumerate(TEXT.splitlines(), 1) if "return self.layer" in line)
    nvim.until(lambda: nvim.ask('line(".")') == str(defined))
    # The fix.
    nvim.press(f":call cursor({WRONG}, {TEXT.splitlines()[WRONG - 1].index('stme') + 1})<CR>")
    nvim.press(":lua vim.lsp.buf.code_action()<CR>")
    nvim.until(lambda: nvim.line(WRONG) == 'create_feature_extractor(net, ["stem"])')
    nvim.until(lambda: nvim.codes() == [])
    # Completion, and accepting what it offers.
    nvim.press(f":call cursor({WRONG}, 1)<CR>f]hi.<C-x><C-o>")
    nvim.until(lambda: nvim.ask("pumvisible()") == "1" or ".0" in nvim.line(WRONG))
    nvim.press("<C-y><Esc>")
    nvim.until(lambda: nvim.line(WRONG) == 'create_feature_extractor(net, ["stem.0"])')
    nvim.until(lambda: nvim.codes() == [])
    # Rename: the attribute and the name in the call.
    nvim.press(f":call cursor({SECOND}, {column})<CR>")
    nvim.press(':lua vim.lsp.buf.rename("stage")<CR>')
    nvim.until(lambda: nvim.line(SECOND) == 'create_feature_extractor(Net(), ["stage"])')
    assert "return self.stage(x)" in nvim.line(defined)


ELISP = """
(require 'eglot)
(defun fx-until (reached)
  (let ((end (+ (float-time) %d)))
    (while (not (funcall reached))
      (when (> (float-time) end) (error "not reached: %%S" (buffer-string)))
      (accept-process-output nil 0.1)
      (flymake-start))))
(defun fx-codes () (mapcar (lambda (d) (flymake-diagnostic-text d)) (flymake-diagnostics)))
(defun fx-line () (buffer-substring-no-properties (line-beginning-position) (line-end-position)))
(find-file "a.py")
(python-mode)
(apply #'eglot (append (eglot--guess-contact) '(nil)))
(flymake-mode 1)
(fx-until #'fx-codes)
(princ (format "diagnostics %%S\\n" (fx-codes)))
(goto-char (point-max)) (search-backward "layer")
(defun fx-hover ()
  (format "%%S" (jsonrpc-request (eglot--current-server-or-lose)
                                 :textDocument/hover (eglot--TextDocumentPositionParams))))
(fx-until (lambda () (string-match "ReLU" (fx-hover))))
(princ (format "hover %%s\\n" (fx-hover)))
(xref-find-definitions "LSP identifier at point.")
(princ (format "definition %%S\\n" (fx-line)))
(goto-char (point-min)) (search-forward "stme") (backward-char 2)
(let ((last-nonmenu-event ?a)) ; As after a key: a menu would need a screen.
  (cl-letf (((symbol-function 'completing-read) (lambda (_ choices &rest _) (caar choices))))
    (eglot-code-actions (point) (point) "quickfix" t)))
(princ (format "fixed %%S\\n" (fx-line)))
(goto-char (point-min)) (search-forward "[\\"stem") (insert ".")
(eglot--signal-textDocument/didChange)
(completion-at-point)
(princ (format "completed %%S\\n" (fx-line)))
(goto-char (point-max)) (search-backward "layer")
(eglot-rename "stage")
(princ (format "renamed %%S\\n" (fx-line)))
(goto-char (point-min)) (search-forward "return self")
(princ (format "used %%S\\n" (fx-line)))
"""


@pytest.mark.skipif(not shutil.which("emacs"), reason="no emacs on PATH")
def test_emacs_with_eglot(tmp_path: Path) -> None:
    (snippet,) = snippets("Emacs", "elisp")
    (tmp_path / "a.py").write_text(TEXT)
    (tmp_path / "pyproject.toml").write_text("")
    script = tmp_path / "session.el"
    script.write_text(snippet + ELISP % SECONDS)
    command = ["emacs", "--batch", "--eval", "(package-initialize)", "-l", str(script)]
    run = subprocess.run(
        command, cwd=tmp_path, env={**environment(), "HOME": str(tmp_path)}, capture_output=True, text=True, timeout=900
    )
    said = dict(line.split(" ", 1) for line in run.stdout.splitlines() if " " in line)
    assert "Did you mean `stem`?" in said.get("diagnostics", ""), (run.stdout, run.stderr)
    assert "ReLU" in said["hover"]
    assert "return self.layer" in said["definition"]
    assert "fixed" in said, (run.stdout, run.stderr)
    assert "stem" in said["fixed"]
    assert "stme" not in said["fixed"]
    assert "stem.0" in said.get("completed", ""), (run.stdout, run.stderr)
    assert '[\\"stage\\"]' in said.get("renamed", ""), (run.stdout, run.stderr)
    assert "return self.stage(x)" in said["used"]
