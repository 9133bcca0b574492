"""Nothing in the repository shows a real person or is heavy: python tests/no_photos.py; exit status 1 names what does.

Photos, videos, weights and files above 2 MB have no place here; pictures that the project draws itself (SVG, and PNG
inside of notebooks) do.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PICTURES = ".jpg .jpeg .png .gif .bmp .tif .tiff .webp .heic .avif .mp4 .mov .avi"
WEIGHTS = ".pt .pth .pkl .pickle .onnx .tflite .safetensors .dat .npz .npy .zip .gz"
REFUSED = set((PICTURES + " " + WEIGHTS).split())
LARGEST = 2_000_000
# Files of version 1 that tests open, a picture of a gradient, and pseudonymous scores.
ALLOWED = ("tests/fixtures/", "tests/photos/gradient.heic", "data/lfw/scores.csv")


def refused() -> list[str]:
    """What git holds, or would add, that may not be there, each with the reason."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    ).stdout
    found = []
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if not path.is_file() or name.startswith(ALLOWED):
            continue
        if path.suffix.lower() in REFUSED:
            found.append(f"{name}: photos, videos and weights stay outside")
        elif path.stat().st_size > LARGEST:
            found.append(f"{name}: {path.stat().st_size:,} bytes; {LARGEST:,} at most")
    return found


if __name__ == "__main__":
    problems = refused()
    print("\n".join(problems))
    sys.exit(bool(problems))
