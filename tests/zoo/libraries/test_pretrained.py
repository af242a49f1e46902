"""``from_pretrained`` in the worker: from a configuration, on the meta device; no weights, no network."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SAVE = """
from transformers import BertConfig
from diffusers import UNet2DModel
BertConfig(num_hidden_layers=2).save_pretrained("bert")
UNet2DModel(sample_size=16, block_out_channels=(32,), layers_per_block=1, down_block_types=("DownBlock2D",),
            up_block_types=("UpBlock2D",), norm_num_groups=8).save_config("unet")
"""
BUILD = """
import json, sys
from fxlens.worker.failures import RefusedError
from fxlens.worker.neutral import neutralise_packages
neutralise_packages()
import transformers, diffusers
try:
    model = eval(sys.argv[1])
    parameter = next(model.parameters())
    print(json.dumps([type(model).__name__, parameter.device.type, model.training, len(list(model.modules()))]))
except RefusedError as error:
    print(json.dumps(str(error)))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with configurations and no weights."""
    path = tmp_path_factory.mktemp("configurations")
    subprocess.run([sys.executable, "-c", SAVE], cwd=path, check=True, capture_output=True)
    assert not list(path.rglob("*.safetensors"))
    return path


@pytest.mark.parametrize(
    ("expression", "kind"),
    [
        ("transformers.BertModel.from_pretrained('bert')", "BertModel"),
        ("transformers.AutoModel.from_pretrained('bert', torch_dtype='auto', low_cpu_mem_usage=True)", "BertModel"),
        ("transformers.AutoModelForMaskedLM.from_pretrained('bert', attn_implementation='eager')", "BertForMaskedLM"),
        ("transformers.BertModel.from_pretrained('bert', output_loading_info=True)[0]", "BertModel"),
        ("diffusers.UNet2DModel.from_pretrained('unet')", "UNet2DModel"),
    ],
)
def test_from_a_configuration(folder: Path, expression: str, kind: str) -> None:
    name, device, training, modules = json.loads(_built(folder, expression))
    assert (name, device, training) == (kind, "meta", False)
    assert modules > 10


@pytest.mark.parametrize("maker", ["transformers.BertModel", "transformers.AutoModel", "diffusers.UNet2DModel"])
def test_without_one_a_sentence_says_what_is_missing(folder: Path, maker: str) -> None:
    text = json.loads(_built(folder, f"{maker}.from_pretrained('somebody/never-loaded')"))
    assert text.startswith("The configuration of `somebody/never-loaded` is neither in a folder here nor in the cache")


def _built(folder: Path, expression: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BUILD, expression], cwd=folder, check=True, capture_output=True, text=True
    )
    return done.stdout.splitlines()[-1]
