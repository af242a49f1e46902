"""Features of a model from one's own package."""

from torchvision.models.feature_extraction import create_feature_extractor

from vision import AuxNet


def features() -> object:
    model = AuxNet(num_classes=100)
    # A deliberate mistake: the auxiliary head runs in train mode only.
    return create_feature_extractor(model, {"stage1.1": "early", "aux_head": "aux", "stage2.1": "late"})
