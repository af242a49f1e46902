"""Names that belong to another module's output."""

from nets import Functional, SharedNames
from torchvision.models import vit_b_16
from torchvision.models.feature_extraction import create_feature_extractor

create_feature_extractor(vit_b_16(), ["encoder.layers.encoder_layer_0.ln_1"])
#                                      ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ misleading-node: Did you mean `encoder.layers.encoder_layer_0.ln`?
create_feature_extractor(vit_b_16(), ["encoder.layers.encoder_layer_0.ln"])
create_feature_extractor(SharedNames(), ["norm_1"])
#                                         ^^^^^^ misleading-node
create_feature_extractor(Functional(), ["relu"])
