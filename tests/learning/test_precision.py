"""The number format that training computes in."""

import pytest
import torch
from torch import nn

from facerec.errors import ArgumentError
from facerec.learning import precision as module
from facerec.learning.precision import number_format

_CPU, _GPU = torch.device("cpu"), torch.device("cuda")
_PLAIN = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=4))
_DEPTHWISE = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3, groups=8))


@pytest.mark.parametrize("native", ["float32", "bfloat16"])
def test_auto_is_the_faster_one(monkeypatch, native) -> None:
    """What the processor has; on a CPU float32 for depthwise convolutions, whose gradients are slow otherwise."""
    monkeypatch.setattr(module, "resolved_precision", lambda *_: native)

    assert number_format("auto", _PLAIN, _CPU) == getattr(torch, native)
    assert number_format("auto", _DEPTHWISE, _CPU) == torch.float32
    assert number_format("auto", _DEPTHWISE, _GPU) == getattr(torch, native)


def test_a_named_format_is_taken() -> None:
    """On any network; float16 on a GPU only."""
    assert number_format("bfloat16", _DEPTHWISE, _CPU) == torch.bfloat16
    assert number_format("float32", _PLAIN, _GPU) == torch.float32
    assert number_format("float16", _PLAIN, _GPU) == torch.float16
    with pytest.raises(ArgumentError, match="float16 needs a GPU; on a CPU use bfloat16"):
        number_format("float16", _PLAIN, _CPU)


def test_auto_precision_follows_what_the_processor_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """bfloat16 where there are instructions for it, float32 where not or where torch cannot tell."""
    for reported, wanted in (({"amx_bf16": True}, "bfloat16"), ({"avx512_bf16": False}, "float32")):
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda reported=reported: reported, raising=False)
        assert module.resolved_precision("auto", "cpu") == wanted
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert module.resolved_precision("auto", "cpu") == "float32"


def test_products_are_computed_in_the_format() -> None:
    """Within the context, and in float32 as if there were none; what was asked of the device is not asked twice."""
    x = torch.ones(2, 2)
    for number in (torch.float32, torch.bfloat16, torch.float16):
        with module.autocast(_CPU, number):
            assert (x @ x).dtype == number
    assert (x @ x).dtype == torch.float32
    assert module.resolved_precision("bfloat16", "cpu") == "bfloat16"
    assert module.resolved_precision("float32", "cuda") == "float32"
    with pytest.raises(ArgumentError, match="float32, bfloat16 or auto; got 'float16'"):
        module.resolved_precision("float16", "cpu")  # type: ignore[arg-type]


def test_one_channel_is_no_depthwise_convolution(monkeypatch: pytest.MonkeyPatch) -> None:
    """A grey photo's first layer has one group of one channel, as every convolution of one channel has."""
    monkeypatch.setattr(module, "resolved_precision", lambda *_: "bfloat16")

    assert number_format("auto", nn.Conv2d(1, 8, 3), _CPU) == torch.bfloat16
