from torchvision.models import resnet18, vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor


def typo():
    return create_feature_extractor(resnet18(), ["layer2.0.downsampel.0"])
    #                                             ^^^^^^^^^^^^^^^^^^^^^ unknown-node: Did you mean `layer2.0.downsample.0`


def renamed_leaf():
    return create_feature_extractor(vit_b_16(), ["encoder.layers.encoder_layer_3.ln_2"])
    #                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unknown-node: has the node name


def inside_leaf():
    return create_feature_extractor(vit_b_16(), ["encoder.layers.encoder_layer_0.self_attention.out_proj"])
    #                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ unknown-node: inside


def other_modes_name():
    return create_feature_extractor(
        resnet18(),
        train_return_nodes={"fc": "out"},
        eval_return_nodes={"classifier": "out"},
        #                   ^^^^^^^^^^ unknown-node
    )
