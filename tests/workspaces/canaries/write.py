# The helper it imports writes when it is imported; so does the function that builds the model.
import helper
from torchvision.models.feature_extraction import create_feature_extractor

model = helper.build()
features = create_feature_extractor(model, ["layer1"])
