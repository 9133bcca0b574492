"""Beyond classification: the same backbone under a segmentation head and a detection head.

Where every pixel or every object must be found, is a pre-trained backbone worth as much as where a photo gets one
label? `shapes` makes labelled scenes on the spot and `read_coco_folder` reads anybody's; `run_beyond` trains each head
on a backbone that is random, frozen or fine-tuned; ``facerec.transfer.beyond.page`` writes what came of it.
"""

from facerec.transfer.beyond.coco_folder import read_coco_folder
from facerec.transfer.beyond.findings import findings
from facerec.transfer.beyond.running import Beyond, run_beyond
from facerec.transfer.beyond.scenes import Objects, Scenes
from facerec.transfer.beyond.shapes import shapes

__all__ = ["Beyond", "Objects", "Scenes", "findings", "read_coco_folder", "run_beyond", "shapes"]
