"""Keys of outputs through forms of real code, run with the real library: what is called missing raises, and no more."""

from __future__ import annotations

import pytest

from fxlens.source import find_calls

PRELUDE = """
import torch
from torch import nn
from torchvision.models.feature_extraction import create_feature_extractor
model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3))
images = torch.rand(1, 3, 8, 8)
ext = create_feature_extractor(model, {"0": "low", "2": "high"})
"""

RAISES = {
    "an alias of the extractor": "e = ext\nout = e(images)\nout['mid']",
    "the call's result at once": "ext(images)['mid'].shape",
    "keys of a list": "e = create_feature_extractor(model, ['0', '2'])\ne(images)['1']",
    "a walrus": "if (out := ext(images)):\n    out['mid']",
    "a key in a variable": "key = 'mid'\next(images)[key]",
    "a key that is put together": "out = ext(images)\nout['lo' + 'ww']",
    "an f-string over a range": "out = ext(images)\nfor i in range(2):\n    out[f'c{i}']",
    "a comprehension": "out = ext(images)\n[out[k] for k in ('low', 'mid')]",
    "a dict comprehension": "out = ext(images)\n{k: out[k].shape for k in ['high', 'hi']}",
    "zip": "out = ext(images)\nfor k, w in zip(('low', 'top'), (1, 2)):\n    out[k] * w",
    "enumerate": "out = ext(images)\nfor i, k in enumerate(['low', 'top']):\n    out[k] * i",
    "a method": "class Net:\n    def __init__(self):\n        self.body = ext\n"
    "    def run(self, x):\n        out = self.body(x)\n        return out['mid']\nNet().run(images)",
    "no_grad": "with torch.no_grad():\n    out = ext(images)\nout['mid']",
    "eval in between": "ext.eval()\nout = ext(images)\nout['mid']",
    "pop twice": "out = ext(images)\nout.pop('low')\nout.pop('mid')",
    "in an argument": "print(ext(images)['mid'])",
    "in a tuple": "out = ext(images)\na, b = out['low'], out['mid']",
    "a number": "out = ext(images)\nout[0]",
    "dict of an output": "out = dict(ext(images))\nout['mid']",
    "an unpacked output": "out = {**ext(images), 'top': 1}\nout['top'], out['mid']",
    "a copy": "out = ext(images).copy()\nout['mid']",
    "an ordered copy": "from collections import OrderedDict\nout = OrderedDict(ext(images), top=1)\nout['mid']",
    "a union": "out = ext(images) | {'top': 1}\nout['mid']",
    "a copy that is added to": "out = dict(ext(images))\nout.update(top=1)\nout['mid']",
    "a function": "def run(x):\n    return ext(x)\nout = run(images)\nout['mid']",
    "a function that is given the extractor": "def run(e, x):\n    return dict(e(x))\nrun(ext, images)['mid']",
    "a function that adds": "def run(x):\n    out = ext(x)\n    out['top'] = out['low']\n    return out\n"
    "out = run(images)\nout['top'], out['mid']",
    "a function without gradients": "@torch.no_grad()\ndef run(x):\n    return ext(x)\nrun(images)['mid']",
    "a function in a function": "def run(x):\n    return ext(x)\ndef use(x):\n    return run(x)['mid']\nuse(images)",
    "a function that returns two things": "def run(x):\n    return ext(x), 1\nout, count = run(images)\nout['mid']",
    "a lambda": "run = lambda x: ext(x)\nrun(images)['mid']",
    "a method from outside": "class Net:\n    def run(self, x):\n        return ext(x)\nNet().run(images)['mid']",
    "to and half": "e = ext.to('cpu').eval()\ne(images)['mid']",
}
"""The certain ones: each is found."""

FINE = {
    "put in by exec": "out = ext(images)\nexec(\"out['mid'] = 1\")\nout['mid']",
    "bound anew by exec": "out = ext(images)\nexec('out = dict(mid=1)')\nout['mid']",
    "bound anew by globals": "out = ext(images)\nglobals()['out'] = {'mid': 1}\nout['mid']",
    "bound by a loop over globals": "out = ext(images)\nglobals().update(out={'mid': 1})\nout['mid']",
    "get with a default": "ext(images).get('mid', 0)",
    "pop with a default": "ext(images).pop('mid', None)",
    "added before": "out = ext(images)\nout['mid'] = out['low']\nout['mid']",
    "setdefault": "out = ext(images)\nout.setdefault('mid', 1)\nout['mid']",
    "updated": "out = ext(images)\nout.update(mid=1)\nout['mid']",
    "merged": "out = {**ext(images), 'mid': 1}\nout['mid']",
    "merged by |": "out = dict(ext(images)) | {'mid': 1}\nout['mid']",
    "merged in place": "out = ext(images)\nout |= {'mid': 1}\nout['mid']",
    "renamed keys": "out = {k.upper(): v for k, v in ext(images).items()}\nout['LOW']",
    "prefixed keys": "out = {f'f_{k}': v for k, v in ext(images).items()}\nout['f_low']",
    "assigned anew": "out = ext(images)\nout = {'mid': 1}\nout['mid']",
    "asked before": "out = ext(images)\nif 'mid' in out:\n    out['mid']",
    "asked by keys": "out = ext(images)\nout['mid'] if 'mid' in out.keys() else out['low']",
    "caught": "try:\n    ext(images)['mid']\nexcept KeyError:\n    pass",
    "caught as lookup": "try:\n    ext(images)['mid']\nexcept LookupError:\n    pass",
    "suppressed": "from contextlib import suppress\nwith suppress(KeyError):\n    ext(images)['mid']",
    "a wrapper that renames": "class Wrap(nn.Module):\n    def __init__(self, e):\n        super().__init__()\n        self.e = e\n"
    "    def forward(self, x):\n        return {'mid': self.e(x)['low']}\nWrap(ext)(images)['mid']",
    "a hook that changes the output": "ext.register_forward_hook(lambda m, i, o: {'mid': 1})\next(images)['mid']",
    "added by a function": "def add(d):\n    d['mid'] = 1\nout = ext(images)\nadd(out)\nout['mid']",
    "added through an alias": "out = ext(images)\nother = out\nother['mid'] = 1\nout['mid']",
    "added in a container": "box = [ext(images)]\nbox[0]['mid'] = 1\nbox[0]['mid']",
    "a subclass of dict": "from collections import defaultdict\nout = defaultdict(int, ext(images))\nout['mid']",
    "a default dict": "from collections import ChainMap\nout = ChainMap(ext(images), {'mid': 1})\nout['mid']",
    "never run": "def later():\n    return ext(images)['low']\nif False:\n    ext(images)['mid']",
    "one branch of two extractors": "other = create_feature_extractor(model, {'1': 'mid'})\n"
    "for e, k in ((ext, 'low'), (other, 'mid')):\n    e(images)[k]",
    "deleted and set": "out = ext(images)\ndel out['low']\nout['low'] = 1\nout['low']",
    "merged from a function": "def more():\n    return {'mid': 1}\nout = {**ext(images), **more()}\nout['mid']",
    "merged from two extractors": "other = create_feature_extractor(model, {'1': 'mid'})\n"
    "out = ext(images) | other(images)\nout['mid']",
    "a key of the dict made of it": "out = {**ext(images), 'low': 1}\nout['low']",
    "a dict with keys on demand": "class Demanding(dict):\n    def __missing__(self, key):\n        return 1\n"
    "Demanding(ext(images))['mid']",
    "a copy that grows in a loop": "out = {**ext(images)}\nfor i in range(2):\n    if i:\n        out['mid']\n    out['mid'] = 1",
    "a copy of what grows in a loop": "source = ext(images)\nfor i in range(2):\n    out = dict(source)\n    if i:\n"
    "        out['mid']\n    source['mid'] = 1",
    "a function that keeps it": "kept = {}\ndef run():\n    if 'out' not in kept:\n        kept['out'] = ext(images)\n    return kept['out']\n"
    "def use():\n    return run()['mid']\nrun()['mid'] = 1\nuse()",
    "a global that keeps it": "kept = None\ndef run():\n    global kept\n    if kept is None:\n        kept = ext(images)\n    return kept\n"
    "def use():\n    return run()['mid']\nrun()['mid'] = 1\nuse()",
    "a function that is cached": "from functools import lru_cache\n@lru_cache\ndef run():\n    return ext(images)\n"
    "run()['mid'] = 1\nrun()['mid']",
    "a decorator that adds": "def adding(function):\n    def inner(*args):\n        return {**function(*args), 'mid': 1}\n    return inner\n"
    "@adding\ndef run(x):\n    return ext(x)\nrun(images)['mid']",
    "a decorator of a library": "import functools\n@functools.singledispatch\ndef run(x):\n    return ext(x)\n@run.register\n"
    "def _(x: torch.Tensor):\n    return {'mid': 1}\nrun(images)['mid']",
    "a subclass with its own": "class Net:\n    def run(self, x):\n        return ext(x)\n    def use(self, x):\n        return self.run(x)['mid']\n"
    "class Own(Net):\n    def run(self, x):\n        return {'mid': 1}\nOwn().use(images)",
    "added at the end": "def run(x):\n    out = ext(x)\n    try:\n        return out\n    finally:\n        out['mid'] = 1\nrun(images)['mid']",
    "caught by the caller": "def use(x):\n    return dict(ext(x))['mid']\ntry:\n    use(images)\nexcept KeyError:\n    pass",
    "put in by vars": "out = dict(ext(images))\nvars()['out']['mid'] = 1\nout['mid']",
    "a list of the values": "low, high = ext(images).values()\nlow[0]",
    "popitem": "out = ext(images)\nkey, value = out.popitem()\nvalue[0]",
    "match": "match ext(images):\n    case {'mid': x}:\n        x\n    case {'low': x}:\n        x",
    "a name of another scope": "out = ext(images)\ndef use(out):\n    return out['mid']\nuse({'mid': 1})",
    "an output that is replaced by a method": "class Net:\n    def run(self, x):\n        self.out = ext(x)\n        self.fix()\n"
    "        return self.out['mid']\n    def fix(self):\n        self.out = {'mid': 1}\nNet().run(images)",
    "operator": "import operator\nout = ext(images)\noperator.setitem(out, 'mid', 1)\nout['mid']",
}


def missing(code: str) -> set[str]:
    calls = find_calls(PRELUDE + code + "\n", "sample.py").calls
    return {read.key.text for call in calls if call.complete for read in call.reads if read.missing}


def raised(code: str) -> str | None:
    try:
        exec(compile(PRELUDE + code + "\n", "sample.py", "exec"), {"__name__": "sample"})
    except KeyError as error:
        return str(error.args[0])
    return None


@pytest.mark.parametrize("name", RAISES)
def test_a_key_that_raises_is_missing(name: str) -> None:
    key = raised(RAISES[name])
    assert key is not None
    assert key in missing(RAISES[name])


@pytest.mark.parametrize("name", FINE)
def test_nothing_is_missing_where_nothing_raises(name: str) -> None:
    assert raised(FINE[name]) is None
    assert missing(FINE[name]) == set()
