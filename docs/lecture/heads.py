"""The same backbone under two other heads: FCN labels every pixel, Faster R-CNN draws boxes; both are torchvision's."""

import contextlib
import io
from collections.abc import Callable, Sequence

import numpy as np
import torch
from backbones import freeze, imagenet_network, random_trunk
from protocols import seeded
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from shapes import CLASSES, Scene
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, interpolate
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.segmentation.fcn import FCNHead
from torchvision.ops import FeaturePyramidNetwork, MultiScaleRoIAlign
from torchvision.transforms import v2

STRIDES = ("8", "16", "32")
_TO_FLOAT = v2.ToDtype(torch.float32, scale=True)


class Pyramid(nn.Module):
    """A trunk's maps of strides 8, 16 and 32, brought to one width: fine ones say where, coarse ones say what."""

    def __init__(self, trunk: nn.Module, width: int) -> None:
        super().__init__()
        self.trunk, self.out_channels = trunk, width
        self.pyramid = FeaturePyramidNetwork([trunk.map_channels[stride] for stride in STRIDES], width)

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """Normalised pixels to maps by stride."""
        maps = self.trunk.maps(x)
        return self.pyramid({stride: maps[stride] for stride in STRIDES})


class Segmenter(nn.Module):
    """The class of every pixel: torchvision's FCN head on the sum of the maps (Long, Shelhamer & Darrell 2015)."""

    def __init__(self, trunk: nn.Module) -> None:
        super().__init__()
        self.backbone = Pyramid(trunk, 64)
        self.head = FCNHead(64, len(CLASSES) + 1)

    def forward(self, pixels: Tensor) -> Tensor:
        """Normalised pixels (n, 3, S, S) to scores (n, 1 + classes, S, S)."""
        maps = list(self.backbone(pixels).values())
        summed = sum(interpolate(each, maps[0].shape[2:], mode="bilinear") for each in maps)
        return interpolate(self.head(summed), pixels.shape[2:], mode="bilinear")

    def loss(self, scenes: Sequence[Scene]) -> Tensor:
        """Cross-entropy over all pixels."""
        masks = torch.stack([torch.as_tensor(each.mask) for each in scenes]).long()
        return cross_entropy(self(normalised(scenes)), masks)

    @torch.no_grad()
    def answers(self, scenes: Sequence[Scene]) -> list[np.ndarray]:
        """The likeliest class of each pixel."""
        return list(self.eval()(normalised(scenes)).argmax(dim=1).numpy())


class Finder(nn.Module):
    """A box and a class for every object: torchvision's Faster R-CNN, made small (Ren et al. 2015)."""

    def __init__(self, trunk: nn.Module, *, size: int = 96, width: int = 64, found: int = 60) -> None:
        super().__init__()
        sides = tuple((2 * int(stride), 3 * int(stride)) for stride in STRIDES)
        self.detector = FasterRCNN(
            Pyramid(trunk, width),
            # Scenes come normalised and at their size, which torchvision would bring to 800 pixels.
            min_size=size, max_size=size, image_mean=(0.0, 0.0, 0.0), image_std=(1.0, 1.0, 1.0),
            rpn_anchor_generator=AnchorGenerator(sides, ((0.5, 1.0, 2.0),) * len(STRIDES)),
            rpn_pre_nms_top_n_train=found, rpn_pre_nms_top_n_test=found,
            rpn_post_nms_top_n_train=found, rpn_post_nms_top_n_test=found,
            rpn_batch_size_per_image=64, box_batch_size_per_image=32, box_detections_per_img=10,
            box_roi_pool=MultiScaleRoIAlign(list(STRIDES), output_size=5, sampling_ratio=2),
            box_head=TwoMLPHead(width * 5**2, 128),
            box_predictor=FastRCNNPredictor(128, len(CLASSES) + 1),
        )  # fmt: skip

    @property
    def backbone(self) -> Pyramid:
        """Trunk and pyramid."""
        return self.detector.backbone

    def loss(self, scenes: Sequence[Scene]) -> Tensor:
        """The sum of the four losses: objectness, class, and where, twice."""
        targets = [{"boxes": torch.as_tensor(each.boxes), "labels": each.labels} for each in scenes]
        return sum(self.detector(list(normalised(scenes)), targets).values())

    @torch.no_grad()
    def answers(self, scenes: Sequence[Scene]) -> list[dict[str, Tensor]]:
        """What is found in each scene: boxes, labels, scores."""
        return self.eval().detector(list(normalised(scenes)))


def normalised(scenes: Sequence[Scene]) -> Tensor:
    """Scenes as the network's input."""
    preprocessing = imagenet_network().backbone.preprocessing
    change = v2.Compose([_TO_FLOAT, v2.Normalize(preprocessing.mean, preprocessing.std)])
    return torch.stack([torch.as_tensor(change(each.image)) for each in scenes])


def mirrored(one: Scene) -> Scene:
    """Left and right exchanged in picture, mask and boxes alike: what torchvision's v2 transforms are for."""
    image, mask, boxes = v2.RandomHorizontalFlip(p=1)(one.image, one.mask, one.boxes)
    return Scene(image, mask, boxes, one.labels)


def train(
    kind: type,
    protocol: str,
    scenes: Sequence[Scene],
    *,
    steps: int,
    rate: float = 3e-3,
    slower: float = 0.1,
    seed: int = 0,
) -> Segmenter | Finder:
    """A head on a trunk that is ``frozen``, changes with it (``fine-tune``) or begins at random (``scratch``).

    The head learns with Adam at `rate`, what of the trunk is trained at `slower` times that: it has less to learn.
    """
    trunk = random_trunk(seed=seed) if protocol == "scratch" else imagenet_network().backbone.trunk()
    stages = [name for name, _ in trunk.stages] if protocol == "frozen" else []
    freeze(trunk, stages, batch_norm={"frozen": "frozen", "fine-tune": "stats-frozen", "scratch": "train"}[protocol])
    for module in trunk.modules():
        if protocol == "scratch" and isinstance(module, nn.BatchNorm2d):
            module.momentum = 0.1
    random = np.random.default_rng(seed)
    with seeded(seed):
        network = kind(trunk)
        of_trunk = {id(each) for each in trunk.parameters()}
        trained = [each for each in network.parameters() if each.requires_grad]
        groups = [
            {"params": [each for each in trained if (id(each) in of_trunk) == inside], "lr": rate * factor}
            for inside, factor in ((False, 1.0), (True, slower))
        ]
        optimiser = torch.optim.Adam([group for group in groups if group["params"]])
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            [group["lr"] for group in optimiser.param_groups],
            total_steps=steps,
            pct_start=0.11,  # at a tenth of ten steps it divides by 0
        )
        network.train()
        for _ in range(steps):
            batch = [scenes[place] for place in random.choice(len(scenes), 8, replace=False)]
            loss = network.loss([mirrored(each) if random.random() < 0.5 else each for each in batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    return network.eval()


def class_iou(predicted: Sequence[np.ndarray], scenes: Sequence[Scene]) -> np.ndarray:
    """Of each class, the ground first: pixels that are rightly of it / pixels that are, or were said to be, of it."""
    said = np.concatenate([each.ravel() for each in predicted])
    true = np.concatenate([each.mask.numpy().ravel() for each in scenes])
    count = len(CLASSES) + 1
    table = np.bincount(true * count + said, minlength=count**2).reshape(count, count)
    with np.errstate(invalid="ignore"):
        return np.diag(table) / (table.sum(axis=0) + table.sum(axis=1) - np.diag(table))


def average_precision(found: Sequence[dict[str, Tensor]], scenes: Sequence[Scene]) -> tuple[float, float]:
    """COCO's AP, mean over classes and overlaps of 0.5 to 0.95, and AP50; by pycocotools."""
    truth = COCO()
    boxes = [(n, label, box) for n, each in enumerate(scenes) for label, box in _rows(each.labels, each.boxes)]
    truth.dataset = {
        "info": {},
        "images": [{"id": number} for number in range(len(scenes))],
        "categories": [{"id": number} for number in range(1, len(CLASSES) + 1)],
        "annotations": [
            {"id": k, "image_id": n, "category_id": label, "bbox": box, "area": box[2] * box[3], "iscrowd": 0}
            for k, (n, label, box) in enumerate(boxes, 1)
        ],
    }
    results = [
        {"image_id": n, "category_id": label, "bbox": box, "score": score}
        for n, each in enumerate(found)
        for (label, box), score in zip(_rows(each["labels"], each["boxes"]), each["scores"].tolist(), strict=True)
    ]
    if not results:
        return 0.0, 0.0
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        judge = COCOeval(truth, truth.loadRes(results), "bbox")
        judge.evaluate()
        judge.accumulate()
        judge.summarize()
    return float(judge.stats[0]), float(judge.stats[1])


def paired_difference(
    measure: Callable, one: Sequence, other: Sequence, scenes: Sequence[Scene], *, draws: int = 100
) -> tuple[float, float, float]:
    """What `one` has more than `other` on the same scenes, and 95 % of what it has when scenes are drawn anew."""
    random = np.random.default_rng(0)

    def difference(chosen: Sequence[int]) -> float:
        found, wanted = ([[each[k] for k in chosen] for each in (one, other)], [scenes[k] for k in chosen])
        return measure(found[0], wanted) - measure(found[1], wanted)

    drawn = [difference(random.choice(len(scenes), len(scenes))) for _ in range(draws)]
    return difference(range(len(scenes))), *np.quantile(drawn, (0.025, 0.975)).tolist()


def _rows(labels: Tensor, boxes: Tensor) -> list[tuple[int, list[float]]]:
    """Label and left, top, width, height of each."""
    return [(label, [x, y, r - x, b - y]) for label, (x, y, r, b) in zip(labels.tolist(), boxes.tolist(), strict=True)]
