from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from torchvision.models.resnet import BasicBlock


def names_in_a_set():
    return create_feature_extractor(resnet18(), {"layer1", "layer2"})
    #                                           ^^^^^^^^^^^^^^^^^^^^ invalid-arguments: is a set


def one_name():
    return create_feature_extractor(resnet18(), return_nodes="layer1")
    #                                                        ^^^^^^^^ invalid-arguments: is a string


def names_in_a_variable():
    names = ("layer1", "layer2")
    return create_feature_extractor(resnet18(), names)
    #                                           ^^^^^ invalid-arguments: is a tuple


def no_names():
    return create_feature_extractor(resnet18())
    #      ^^^^^^^^^^^^^^^^^^^^^^^^ invalid-arguments: No node names


def train_alone():
    return create_feature_extractor(resnet18(), train_return_nodes=["layer1"])
    #                                                              ^^^^^^^^^^ invalid-arguments: needs `eval_return_nodes`


def both_kinds():
    return create_feature_extractor(resnet18(), ["fc"], train_return_nodes=["fc"], eval_return_nodes=["fc"])
    #                                           ^^^^^^ invalid-arguments: cannot stand beside


def tuple_of_leaves():
    return create_feature_extractor(resnet18(), ["fc"], tracer_kwargs={"leaf_modules": (BasicBlock,)})
    #                                                                                  ^^^^^^^^^^^^^ invalid-arguments: tuple
