from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import click
@click.command()
@click.option("--layer", default="layer1")
@click.option("--others", "-o", multiple=True, default=["layer2", "wrong"])
def main(layer, others):
    create_feature_extractor(resnet18(), [layer])
    create_feature_extractor(resnet18(), list(others))
if __name__ == "__main__":
    main(standalone_mode=False)
