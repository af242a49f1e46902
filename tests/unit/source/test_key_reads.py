"""Where keys of an extractor's output are read, and which reads surely find nothing."""

from __future__ import annotations

from source_harness import HEAD

from fxlens.source import find_calls

EXTRACTOR = 'ext = create_feature_extractor(resnet18(), {"layer2": "mid", "flatten": "vec"})\n'


def reads(code: str) -> list[tuple[str, bool]]:
    """The keys that are read, and whether each is missing for certain."""
    calls = find_calls(HEAD + code, "sample.py").calls
    return [(read.key.text, read.missing) for call in calls for read in call.reads]


def missing(code: str) -> list[str]:
    return [key for key, absent in reads(EXTRACTOR + code) if absent]


def test_keys_are_the_values_of_a_dict_as_texts_and_the_names_of_a_list() -> None:
    code = 'create_feature_extractor(resnet18(), {"layer1": 0, "layer2": f"c{3}"})\n'
    code += 'create_feature_extractor(resnet18(), ["layer1"])\n'
    numbered, listed = find_calls(HEAD + code, "sample.py").calls
    assert [(key.text, key.query.text, key.own) for key in numbered.keys] == [
        ("0", "layer1", True),
        ("c3", "layer2", True),
    ]
    assert [(key.text, key.own) for key in listed.keys] == [("layer1", False)]


def test_reads_are_found_wherever_the_output_goes_in_the_file() -> None:
    code = """
out = ext(images)
a = out["mid"], out.get("vec"), out.pop("no")
for key in ("mid", "nor"):
    use(out[key])
with torch.no_grad():
    ext.eval()(images)["none"]
class Net:
    def __init__(self):
        self.body = ext
    def forward(self, x):
        return self.body(x)["mid"]
"""
    assert sorted(dict.fromkeys(reads(EXTRACTOR + code))) == [
        ("mid", False),
        ("no", True),
        ("none", True),
        ("nor", True),
        ("vec", False),
    ]


def test_a_loop_over_items_knows_each_key() -> None:
    code = "shapes = {}\nfor key, value in ext(images).items():\n    shapes[key] = value.shape\nshapes['nothing']\n"
    assert missing(code) == []
    code = "out = ext(images)\nfor key in out:\n    out[key]\nfor key in [k + '_' for k in out]:\n    out[key]\n"
    assert set(missing(code)) == {"mid_", "vec_"}


def test_an_extractor_that_a_function_returns_or_a_method_keeps_is_followed() -> None:
    code = """
def build():
    return create_feature_extractor(resnet18(), ["layer1"])
def main(x):
    return build()(x)["layer2"]
class Net:
    def __init__(self):
        self.body = create_feature_extractor(resnet18(), ["layer1"])
    def forward(self, x):
        return self.body(x)["layer3"]
"""
    assert missing(code) == ["layer2", "layer3"]


def test_where_the_flow_is_not_certain_nothing_is_missing() -> None:
    assert missing("def use(out):\n    out['a']\nuse(ext(1))\n") == []
    assert missing("def use(e):\n    e(1)['a']\nuse(ext)\n") == []
    assert missing("out = ext(1)\nadd_to(out)\nout['a']\n") == []
    assert missing("out = ext(1)\nadd_to([out])\nout['a']\n") == []
    assert missing("out = ext(1)\nout.update(more)\nout['a']\n") == []
    assert missing("out = ext(1)\nout['a'] = 1\nout['a']\n") == []
    assert missing("out = ext(1) if flag else other(1)\nout['a']\n") == []
    assert missing("ext.register_forward_hook(hook)\next(1)['a']\n") == []
    assert missing("ext.forward = other\next(1)['a']\n") == []
    assert missing("ext = wrap(ext)\next(1)['a']\n") == []
    assert missing("out = ext(1)\nif 'a' in out:\n    out['a']\n") == []
    assert missing("try:\n    ext(1)['a']\nexcept KeyError:\n    pass\n") == []
    assert missing("out = ext(1)\nfor i in many():\n    if i:\n        out['a']\n    out['a'] = i\n") == []


def test_what_is_known_to_be_read_of_another_extractor_is_missing_in_that_one_only() -> None:
    other = "other = create_feature_extractor(resnet18(), ['layer1'])\n"
    assert missing(other + "out = ext(1) if flag else other(1)\nout['layer1']\nout['mid']\nout['no']\n") == ["no", "no"]


def test_keys_of_one_mode_or_of_one_branch_are_not_missing() -> None:
    code = """
ext = create_feature_extractor(resnet18(), train_return_nodes=["layer1"], eval_return_nodes={"layer1": "a"})
out = ext(images)
out["layer1"], out["a"], out["b"]
def main(flag):
    nodes = {"layer1": "one"} if flag else {"layer2": "two"}
    out = create_feature_extractor(resnet18(), nodes)(images)
    out["one"] if flag else out["two"]
    if flag:
        out["two"]
"""
    assert missing(code) == ["b", "two"]


def test_keys_that_only_a_run_tells_are_not_judged() -> None:
    assert missing("ext = create_feature_extractor(resnet18(), {'layer1': name()})\next(1)['a']\n") == []
    assert missing("ext = create_feature_extractor(resnet18(), names())\next(1)['a']\n") == []
    assert missing("ext = create_feature_extractor(resnet18(), **options)\next(1)['a']\n") == []


def test_an_unfinished_string_is_read_all_the_same() -> None:
    assert reads(EXTRACTOR + 'out = ext(images)\ny = out["m') == [("m", True)]
