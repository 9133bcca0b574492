"""``facerec models``: the catalogue, models that were added, backbones."""
