"""Names for each mode: what `aux_features.py` should have said."""

from torchvision.models.feature_extraction import create_feature_extractor

from vision import AuxNet

extractor = create_feature_extractor(
    AuxNet(),
    train_return_nodes={"stage2.1": "late", "aux_head": "aux"},
    eval_return_nodes={"stage2.1": "late"},
)
