"""The software bill of materials (CycloneDX): python deploy/sbom.py FILE, in an environment that holds facerec[all].

Of what an environment holds, only what facerec and its extras bring is listed; tools of its developers are not. Beside
packages it names the files of models with their SHA-256, which are code of a kind, too. Needs cyclonedx-bom.
"""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from installed import closure
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from facerec.models.catalogue import MODELS

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Write the bill into the file that the command line names."""
    file = Path(sys.argv[1])
    program = [sys.executable, "-m", "cyclonedx_py", "environment", sys.executable]
    told = subprocess.run(
        [*program, "--pyproject", str(ROOT / "pyproject.toml"), "--mc-type", "library", "--output-reproducible"],
        capture_output=True,
        check=True,
        text=True,
    )
    bill = json.loads(told.stdout)
    extras = set(metadata.metadata("facerec").get_all("Provides-Extra") or ()) - {"dev", "docs", "lecture"}
    brought = closure(Requirement(f"facerec[{','.join(sorted(extras))}]"), set()) - {"facerec"}
    bill["components"] = [
        each for each in bill["components"] if canonicalize_name(each["name"]) in brought
    ] + _weights()
    kept = {each["bom-ref"] for each in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    bill["dependencies"] = [
        {"ref": each["ref"], "dependsOn": [ref for ref in each.get("dependsOn", []) if ref in kept]}
        for each in bill["dependencies"]
        if each["ref"] in kept
    ]
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(bill, indent=1) + "\n", encoding="utf-8")
    print(f"{file}: {len(bill['components'])} components")


def _weights() -> list[dict[str, object]]:
    return [
        {
            "type": "machine-learning-model",
            "bom-ref": f"model:{model.name}:{file.file_name}",
            "name": f"{model.name}: {file.file_name}",
            "description": model.summary,
            "hashes": [{"alg": "SHA-256", "content": file.sha256}],
            "licenses": [{"license": {"name": model.weights_licence}}],
        }
        for model in MODELS
        for file in model.weights
        if len(file.sha256) == 64
    ]


if __name__ == "__main__":
    main()
