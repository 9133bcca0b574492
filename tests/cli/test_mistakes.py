"""A mistake on the command line costs no import of torch."""

from __future__ import annotations

import json
import subprocess
import sys

LINES = {
    "detect nosuch.jpg": "nosuch.jpg: there is no such file or folder",
    "train --data nosuch --out new": "nosuch: expected a folder with one folder of photos per person",
    "train --data old --out old": "old exists already",
    "distil --data nosuch --teacher dlib-resnet --out new": "nosuch: expected a folder of photos",
    "export dlib-resnet --onnx new --int8": "--int8 needs --photos",
    "export dlib-resnet --onnx old": "old exists already",
    "export nosuch --onnx new": "'nosuch' is not an embedder that can be exported",
    "distil --data old --teacher nosuch --out new": "no embedder is called 'nosuch'",
    "demo --photos nosuch": "nosuch: there is no such folder",
    "transfer run --data nosuch --out new": "nosuch: expected a folder with one folder of photos per class",
    "transfer run --data old --out new --budget soon": "a budget is a time above 0",
    "transfer run --data old --out new --protocol magic": "--protocol takes linear",
    "transfer run --data old --out new --backbone nosuch": "no backbone is called 'nosuch'",
    "transfer run --data old --out new --backbone resnet50.v1 --weights v2": "drop one",
    "transfer run --data old --out new --weights nosuch": "--weights takes default",
    "transfer run --data old --out new --device nosuch": "device must be cpu, cuda or cuda:N",
    "transfer run --data old --out new --trials 13": "--trials must be 1 to 12",
    "transfer run --data old --out new --test-part 2": "--test-part must be a share between 0 and 1",
    "transfer doctor --imagenet old --backbone nosuch": "no backbone is called 'nosuch'",
    "transfer doctor --imagenet nosuch": "there is no folder nosuch; --imagenet takes",
    "transfer doctor --device cpu": "give --imagenet DIR too",
    "transfer doctor --exclude thumbs": "--exclude, --backbone and --device say how the top-1 is measured; give",
    "audit verification nosuch.csv --at-fmr 0.1": "nosuch.csv",
    "audit verification nosuch.csv": "give the threshold",
    "audit drift a.csv b.csv --at-threshold-after 1": "--at-threshold-after needs --at-threshold",
    "audit drift a.csv b.csv --at-fmr 0.1 --calibration c.csv": "give --calibration and --calibration-after",
    "score nosuch.csv --out x.csv": "nosuch.csv",
    "embed nosuch.csv --out x.csv": "nosuch.csv",
    "evaluate scores nosuch.csv": "nosuch.csv",
    "calibrate nosuch.csv --fmr 0.1 --out p.json": "nosuch.csv",
    "verify a.jpg": "verify takes two photos",
    "verify a.jpg a.jpg --model dlib_resnet": "did you mean 'dlib-resnet'?",
    "identify nosuch.jpg --gallery g.db": "nosuch.jpg: there is no such file or folder",
    "enroll ada a.jpg --gallery g.db --model nosuch": "no embedder is called 'nosuch'",
    "enroll ada nosuch.jpg a.jpg --gallery g.db": "facerec: error: nosuch.jpg cannot be read as a photo: ",
    "enroll ada a.jpg --gallery nosuch/g.db": "the folder nosuch does not exist",
    "enroll --folder nosuch --gallery g.db": "nosuch: there is no such folder",
    "gallery import old --gallery nosuch/g.db": "the folder nosuch does not exist",
    "gallery reembed --gallery nosuch.db": "nosuch.db",
    "gallery reembed --gallery nosuch.db --model nosuch": "no embedder is called 'nosuch'",
    "models show nosuch": "no model is called 'nosuch'",
    "gallery list --gallery nosuch.db": "nosuch.db",
}


def test_a_mistake_is_told_before_torch_is_imported(tmp_path):
    """Wrong arguments, paths and names are told where torch cannot be imported at all, each in one line."""
    (tmp_path / "old").mkdir()
    (tmp_path / "a.jpg").touch()
    program = (
        "import contextlib, io, json, sys\n"
        "class NoTorch:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('torch', 'torchvision'): raise ImportError(name)\n"
        "sys.meta_path.insert(0, NoTorch())\n"
        "from facerec.cli.app import app\n"
        "from facerec.cli.running import run\n"
        "told = {}\n"
        "for line in json.load(sys.stdin):\n"
        "    with contextlib.redirect_stderr(io.StringIO()) as error:\n"
        "        told[line] = (run(app, line.split()), error.getvalue())\n"
        "print(json.dumps(told))\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        input=json.dumps(list(LINES)),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )

    told = json.loads(done.stdout.splitlines()[-1])
    assert {line: status for line, (status, _) in told.items() if status != 2} == {}
    assert {line: said for line, (_, said) in told.items() if LINES[line] not in said or said.count("\n") != 1} == {}
