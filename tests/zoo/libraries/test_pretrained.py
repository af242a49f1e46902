"""``from_pretrained`` in the worker: from a configuration, on the meta device; no weights, no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

SAVE = """
from pathlib import Path
import timm
from diffusers import UNet2DModel
from sentence_transformers import SentenceTransformer, models
from timm.models._hub import save_config_for_hf
from transformers import BertConfig, BertModel, BertTokenizerFast

config = BertConfig(vocab_size=6, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64)
config.save_pretrained("bert")
UNet2DModel(sample_size=16, block_out_channels=(32,), layers_per_block=1, down_block_types=("DownBlock2D",),
            up_block_types=("UpBlock2D",), norm_num_groups=8).save_config("unet")
Path("resnet").mkdir()
save_config_for_hf(timm.create_model("resnet18", num_classes=5), Path("resnet/config.json"))
BertModel(config).save_pretrained("words")
Path("words.txt").write_text("\\n".join(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a"]))
BertTokenizerFast("words.txt").save_pretrained("words")
words = models.Transformer("words")
pooling = models.Pooling(words.get_word_embedding_dimension())
SentenceTransformer(modules=[words, pooling, models.Dense(32, 8)]).save("sentence")


def cache(repository, folder):
    place = Path("cache/hub") / ("models--" + repository.replace("/", "--"))
    (place / "refs").mkdir(parents=True)
    (place / "refs/main").write_text("0" * 40)
    for file in Path(folder).rglob("*"):
        if file.is_file() and file.suffix != ".safetensors":
            copy = place / "snapshots" / ("0" * 40) / file.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())


for repository, folder in {"me/bert": "bert", "me/resnet": "resnet", "me/sentence": "sentence"}.items():
    cache(repository, folder)
for file in Path().rglob("*.safetensors"):
    file.unlink()
"""
OFFLINE = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": "cache"}
BUILD = """
import json, sys
from fxlens.worker.failures import from_exception
from fxlens.worker.neutral import neutralise_packages, neutralise_torch
neutralise_torch()
neutralise_packages()
import diffusers, huggingface_hub, sentence_transformers, timm, transformers
def build(expression):
    try:
        model = eval(expression)
    except OSError as error:
        failure = from_exception(error, "build")
        return [failure.message, failure.remedy]
    parameter = next(model.parameters())
    return [type(model).__name__, parameter.device.type, model.training, len(list(model.modules()))]
print(json.dumps({expression: build(expression) for expression in sys.argv[1:]}))
"""


BERT = "transformers.BertModel(transformers.BertConfig())"
TRANSFORMERS = {
    "transformers.BertModel.from_pretrained('bert')": "BertModel",
    "transformers.AutoModel.from_pretrained('bert', torch_dtype='auto', low_cpu_mem_usage=True)": "BertModel",
    "transformers.AutoModelForMaskedLM.from_pretrained('bert', attn_implementation='eager')": "BertForMaskedLM",
    "transformers.BertModel.from_pretrained('bert', output_loading_info=True)[0]": "BertModel",
    "transformers.AutoModel.from_pretrained('me/bert')": "BertModel",
    "diffusers.UNet2DModel.from_pretrained('unet')": "UNet2DModel",
    "sentence_transformers.SentenceTransformer('sentence')": "SentenceTransformer",
    "sentence_transformers.SentenceTransformer('me/sentence', device='cuda')": "SentenceTransformer",
}
TIMM = [f"timm.create_model('{name}', pretrained=True)" for name in ("hf-hub:me/resnet", "local-dir:resnet")]
MISSING = {
    "transformers.BertModel.from_pretrained('me/never')": BERT,
    "transformers.AutoModel.from_pretrained('me/never')": BERT,
    "transformers.ViTModel.from_pretrained('me/never')": "transformers.ViTModel(transformers.ViTConfig())",
    "diffusers.UNet2DModel.from_pretrained('me/never')": "diffusers.UNet2DModel()",
    "diffusers.DiffusionPipeline.from_pretrained('me/never')": "diffusers.UNet2DModel()",
    "diffusers.DDPMPipeline.from_pretrained('me/never')": "diffusers.UNet2DModel()",
    "diffusers.AutoPipelineForText2Image.from_pretrained('me/never')": "diffusers.UNet2DModel()",
    "timm.create_model('hf-hub:me/never', pretrained=True)": "timm.create_model('resnet50')",
    "sentence_transformers.SentenceTransformer('me/never')": BERT,
}
FILE = "huggingface_hub.hf_hub_download('me/bert', 'names.txt')"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """What each expression gives, in a folder with configurations and no weights, and a cache of the hub with the same."""
    folder = tmp_path_factory.mktemp("configurations")
    subprocess.run([sys.executable, "-c", SAVE], cwd=folder, check=True, capture_output=True, env=OFFLINE)
    assert not list(folder.rglob("*.safetensors"))
    run = [sys.executable, "-c", BUILD, *TRANSFORMERS, *TIMM, *MISSING, *MISSING.values(), FILE]
    done = subprocess.run(run, cwd=folder, check=True, capture_output=True, text=True, env=OFFLINE)
    results: dict[str, list[Any]] = json.loads(done.stdout.splitlines()[-1])
    return results


@pytest.mark.parametrize("expression", TRANSFORMERS)
def test_from_a_configuration(built: dict[str, list[Any]], expression: str) -> None:
    name, device, training, modules = built[expression]
    assert (name, device) == (TRANSFORMERS[expression], "meta")
    assert training is (name == "SentenceTransformer")  # which puts itself into eval mode when it encodes
    assert modules > 10


@pytest.mark.parametrize("expression", TIMM)
def test_of_timm(built: dict[str, list[Any]], expression: str) -> None:
    name, _, _, modules = built[expression]
    assert name == "ResNet"
    assert modules > 10


@pytest.mark.parametrize("expression", MISSING)
def test_without_one_a_sentence_says_so_and_names_a_model_that_works(
    built: dict[str, list[Any]], expression: str
) -> None:
    text, remedy = built[expression]
    assert text.startswith("The configuration of `me/never` is neither in a folder here nor in the cache")
    assert f"`# fxlens: model={MISSING[expression]}`" in remedy
    assert len(built[MISSING[expression]]) == 4


def test_another_file_that_is_not_in_the_cache(built: dict[str, list[Any]]) -> None:
    text, remedy = built[FILE]
    assert text.startswith("A file of `me/bert` is neither in a folder here nor in the cache")
    assert "# fxlens: model=" in remedy
