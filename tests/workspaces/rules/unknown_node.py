"""Names that the model has in no mode, each for another reason."""

import timm
import torch
from nets import Unused, Wrapped
from torchvision.models import resnet18, vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.models.resnet import BasicBlock

create_feature_extractor(resnet18(), ["layer1", "layer4.1.relu_1", "flatten", "fc"])
create_feature_extractor(resnet18(), ["layer1.0.rleu_1"])
#                                      ^^^^^^^^^^^^^^^ unknown-node: Did you mean `layer1.0.relu_1`
create_feature_extractor(resnet18(), {'layer2.0.con2': 'c2'})
#                                      ^^^^^^^^^^^^^ unknown-node: Did you mean `layer2.0.conv2`
create_feature_extractor(resnet18(), ["something_else_entirely"])
#                                      ^^^^^^^^^^^^^^^^^^^^^^^ unknown-node: The model has no node
create_feature_extractor(resnet18(), ["module.layer3"])
#                                      ^^^^^^^^^^^^^ unknown-node: Did you mean `layer3`? The model has no node `module.layer3`: it is not wrapped in a `module`.
create_feature_extractor(Wrapped(), ["conv"])
#                                     ^^^^ unknown-node: Did you mean `backbone.conv`? The model has no node `conv`: that is inside `backbone` (Unused).
create_feature_extractor(Unused(), ["skipped"])
#                                    ^^^^^^^ unknown-node: `forward` never calls it
create_feature_extractor(Unused(), ["same"])
#                                    ^^^^ unknown-node: computes nothing that has its own node
blocks = {"leaf_modules": [BasicBlock]}
create_feature_extractor(resnet18(), ["layer2.0.conv1"], tracer_kwargs=blocks)
#                                      ^^^^^^^^^^^^^^ unknown-node: inside `layer2.0`
names = ["encoder.layers.encoder_layer_0.ln_2"]
#         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unknown-node: has the node name `encoder.layers.encoder_layer_0.ln_1`
create_feature_extractor(vit_b_16(), names)
create_feature_extractor(vit_b_16(), ["encoder.layers.encoder_layer_0.self_attention.out_proj"])
#                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unknown-node: inside `encoder.layers.encoder_layer_0.self_attention`
create_feature_extractor(resnet18(), train_return_nodes={"fc": "out"}, eval_return_nodes={"classifier": "out"})
#                                                                                          ^^^^^^^^^^ unknown-node
vit = timm.create_model("vit_tiny_patch16_224")
create_feature_extractor(vit, ["blocks.0.attn.softmax"])
#                               ^^^^^^^^^^^^^^^^^^^^^ unknown-node: one operation, `scaled_dot_product_attention`
numbered = torch.nn.Sequential(torch.nn.Conv2d(3, 3, 1), torch.nn.ReLU(), torch.nn.Conv2d(3, 3, 1))
create_feature_extractor(numbered, {1: "act", 2.0: "last"})
#                                             ^^^ unknown-node: `2.0`
create_feature_extractor(numbered, [0, 1, 3])
#                                         ^ unknown-node: has no node `3`
