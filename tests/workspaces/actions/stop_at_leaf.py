from torchvision.models import vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor

features = create_feature_extractor(
    vit_b_16(), ['encoder.layers.encoder_layer_0.self_attention.out_proj']
)
