"""What the function rejects, whatever the model is."""

from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.models.resnet import BasicBlock

create_feature_extractor(resnet18(), ("layer1", "layer2"))
#                                    ^^^^^^^^^^^^^^^^^^^^ invalid-arguments: is a tuple
create_feature_extractor(resnet18(), {"layer1", "layer2"})
#                                    ^^^^^^^^^^^^^^^^^^^^ invalid-arguments: is a set
create_feature_extractor(resnet18(), 'layer1')
#                                    ^^^^^^^^ invalid-arguments: is a string
nothing = create_feature_extractor(resnet18())
#         ^^^^^^^^^^^^^^^^^^^^^^^^ invalid-arguments: the call has no node names
create_feature_extractor(resnet18(), train_return_nodes=["layer1"])
#                                                       ^^^^^^^^^^ invalid-arguments: Pass `eval_return_nodes` as well
create_feature_extractor(resnet18(), eval_return_nodes=["layer1"])
#                                                      ^^^^^^^^^^ invalid-arguments: Pass `train_return_nodes` as well
create_feature_extractor(resnet18(), ["fc"], ["fc"], ["fc"])
#                                    ^^^^^^ invalid-arguments: the call has all three
create_feature_extractor(
    resnet18(),
    ["layer1"],
    tracer_kwargs={"leaf_modules": (BasicBlock,)},
    #                              ^^^^^^^^^^^^^ invalid-arguments: Use a list
)
create_feature_extractor(resnet18(), ["layer1"], tracer_kwargs={"leaf_modules": [BasicBlock]})
leaves = {BasicBlock}
#        ^^^^^^^^^^^^ invalid-arguments: Use a list
create_feature_extractor(resnet18(), ["layer1"], tracer_kwargs=dict(leaf_modules=leaves))
pair = ("layer1", "layer2")
create_feature_extractor(resnet18(), pair)
#                                    ^^^^ invalid-arguments: is a tuple
