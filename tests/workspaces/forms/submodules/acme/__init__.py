from . import names, zoo
