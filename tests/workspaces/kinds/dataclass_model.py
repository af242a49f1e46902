from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

from dataclasses import dataclass, field
@dataclass
class Job:
    make: object
    names: list = field(default_factory=list)
    def __post_init__(self):
        self.model = self.make()
    def run(self):
        return create_feature_extractor(self.model, self.names)
job = Job(resnet18)
job.names.append("layer1")
job.names.append("wrong")
job.run()
