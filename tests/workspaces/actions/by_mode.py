from torchvision.models import googlenet
from torchvision.models.feature_extraction import create_feature_extractor

model = googlenet(init_weights=False, aux_logits=True)
features = create_feature_extractor(model, {'inception4a': 'a', 'aux1.fc1': 'b'})
