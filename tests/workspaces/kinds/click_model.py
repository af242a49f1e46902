from torchvision.models import resnet18
from torchvision.models.feature_extraction import create_feature_extractor

import click, torchvision
@click.group()
def cli():
    pass
@cli.command()
@click.option("--arch", "-a", default="resnet18", show_default=True)
@click.option("--layers", "-l", multiple=True, default=("layer1", "wrong"))
@click.option("--verbose/--quiet", default=False)
@click.option("--n", "count", type=int, default=2)
def tap(arch, layers, verbose, count):
    model = torchvision.models.get_model(arch)
    create_feature_extractor(model, list(layers))
    create_feature_extractor(model, [f"layer{count}"])
if __name__ == "__main__":
    cli(["tap"], standalone_mode=False)
