"""What an installation costs: python deploy/sizes.py, in an environment that has all extras, prints the table.

Sizes are those of the files that packages list as theirs; an extra counts what a plain installation does not bring.
"""

from __future__ import annotations

from importlib import metadata

from installed import closure
from packaging.requirements import Requirement


def megabytes(packages: set[str]) -> float:
    """The files of these packages together, in MB of 10⁶ bytes."""
    return sum(file.locate().stat().st_size for name in packages for file in _files(name)) / 1e6


def _files(name: str) -> list[metadata.PackagePath]:
    return [file for file in metadata.files(name) or () if file.locate().is_file()]


def main() -> None:
    """Print the table of docs/reference/install.md."""
    plain = closure(Requirement("facerec"), set())
    torch = closure(Requirement("torch"), set())
    print("| installation | packages | MB |\n|---|---:|---:|")
    its = f"{megabytes(torch):,.0f} of them torch and CUDA's libraries"
    print(f"| `facerec` | {len(plain)} | {megabytes(plain):,.0f}, {its} |")
    for extra in sorted(metadata.metadata("facerec").get_all("Provides-Extra") or ()):
        more = closure(Requirement(f"facerec[{extra}]"), set()) - plain
        print(f"| `facerec[{extra}]` | +{len(more)} | +{megabytes(more):,.0f} |")


if __name__ == "__main__":
    main()
