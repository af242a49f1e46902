"""Names that one mode has alone."""

from nets import TwoModes
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(TwoModes(), ["stem", "aux_head"])
#                                              ^^^^^^^^ mode-specific-node: exists in train mode only
create_feature_extractor(TwoModes(), {'stem': 'a', 'aux_head': 'b'})
#                                                   ^^^^^^^^ mode-specific-node: exists in train mode only
create_feature_extractor(TwoModes(), train_return_nodes=["stem", "aux_head"], eval_return_nodes=["stem"])
create_feature_extractor(
    TwoModes(),
    train_return_nodes=["stem"],
    eval_return_nodes=["stem", "aux_head"],
    #                           ^^^^^^^^ mode-specific-node: Request it in `train_return_nodes`
)
