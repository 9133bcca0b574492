"""What jobs keep in files: archives on their way in or out, each in a folder of its job that only the service reads.

::

    folder/              0700
      <32 hex>/          0700, of a job; what comes in has such a name before there is a job
        archive.zip      0600
        people.json      0600, who is on which photo
        photos/<number>  0600
"""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
import stat
import time
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from facerec.errors import ArchiveError, ForbiddenError, FullDiskError, OutputError
from facerec.files import open_regular

_BLOCK = 1 << 20
_FOLDER = re.compile(r"[0-9a-f]{32}")
_MEMBER = re.compile(r"gallery\.json|vectors\.npy|photos/[0-9a-f]{64}")
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, ValueError),
    OSError,  # of a place before the beginning of the file
)
_FORGOTTEN = 24 * 3600.0  # seconds; what came in and never became a job


class JobFiles:
    """The folder of all jobs; ``None``: there is none, since whoever runs the service gave none."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def new(self) -> str:
        """A folder for what comes in; its name becomes the job's id. `ForbiddenError` as `check`."""
        name = secrets.token_hex(16)
        self.make(name)
        return name

    def make(self, job_id: str) -> Path:
        """Make the folder of a job, if there is none; `ForbiddenError` as `check`."""
        self.check()
        folder = self.of(job_id)
        with writing():
            folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            folder.parent.chmod(0o700)
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder

    def check(self) -> None:
        """`ForbiddenError` if the service keeps no files."""
        if self._folder is None:
            message = (
                "this service keeps no files, and archives and photos on their way are files; whoever runs it can give "
                "it a folder with --files DIR"
            )
            raise ForbiddenError(message)

    def of(self, job_id: str) -> Path:
        """The folder of a job."""
        if self._folder is None or _FOLDER.fullmatch(job_id) is None:
            message = "the job has no files here"
            raise OutputError(message)
        return self._folder / job_id

    def archive(self, job_id: str) -> Path:
        """The archive of a job."""
        return self.of(job_id) / "archive.zip"

    def drop(self, job_id: str) -> None:
        """Delete the files of a job, if it has any."""
        if self._folder is not None and _FOLDER.fullmatch(job_id):
            shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def sweep(self, needed: Iterable[str]) -> None:
        """Delete the files of all others than these, but for what came in just now."""
        if self._folder is None or not self._folder.is_dir():
            return
        kept = set(needed)
        for each in self._folder.iterdir():
            if each.name not in kept and _FOLDER.fullmatch(each.name) and _age(each) > _FORGOTTEN:
                self.drop(each.name)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:  # another replica was first
        return 0.0


def new_file(path: Path) -> IO[bytes]:
    """A new file that only its owner reads."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


@contextmanager
def writing() -> Iterator[None]:
    """Tell what stood in the way of writing in the words of the library, without a path."""
    try:
        yield
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT}
        message = f"the server could not write a file of the job: {error.strerror or 'unknown'}"
        raise (FullDiskError if full else OutputError)(message) from error


def pack(folder: Path, path: Path) -> int:
    """Put what `Gallery.export_to` wrote into one zip, whose files are their owner's only once unpacked; its bytes."""
    with writing(), new_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as packed:
        for each in sorted(folder.rglob("*")):
            if each.is_file():
                name = each.relative_to(folder).as_posix()
                info = zipfile.ZipInfo(name)
                info.external_attr = (stat.S_IFREG | 0o600) << 16
                info.file_size = each.stat().st_size
                with each.open("rb") as source, packed.open(info, "w") as target:
                    shutil.copyfileobj(source, target, _BLOCK)
    return path.stat().st_size


def unpack(path: Path, folder: Path, *, most: int) -> None:
    """Take an exported gallery out of a zip, in which it may lie in a folder; nothing but its own files.

    `ArchiveError` if something else is in it, if it is damaged, or has more than `most` bytes once unpacked.
    """
    try:
        with open_regular(path) as file, zipfile.ZipFile(file) as packed:
            _unpack(packed, folder, most)
    except FileNotFoundError as error:
        message = f"the archive is not on the server any more: {error.strerror}"
        raise OutputError(message) from error
    except _DAMAGED as error:
        message = f"the zip cannot be read: {type(error).__name__}; make it again"
        raise ArchiveError(message) from error


def _unpack(packed: zipfile.ZipFile, folder: Path, left: int) -> None:
    files = [info for info in packed.infolist() if not info.is_dir()]
    members = {_name(info): info for info in files}
    if len(members) < len(files):
        message = "a file is in the zip twice"
        raise ArchiveError(message)
    with writing():
        folder.mkdir(mode=0o700)
        (folder / "photos").mkdir(mode=0o700)
    for name, info in members.items():
        with packed.open(info) as source, writing(), new_file(folder / name) as target:
            while block := source.read(_BLOCK):
                left -= len(block)
                if left < 0:
                    message = "the zip is far larger once unpacked than an archive may be"
                    raise ArchiveError(message)
                target.write(block)


def _name(info: zipfile.ZipInfo) -> str:
    """What a member is called in the folder; `ArchiveError` if it is no file of an exported gallery."""
    if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        message = "the zip is compressed in a way that few programs read; make it with deflate, or with zip -0"
        raise ArchiveError(message)
    parts = PurePosixPath(info.filename).parts
    for name in ("/".join(parts), "/".join(parts[1:])):
        if _MEMBER.fullmatch(name) and ".." not in parts and not info.filename.startswith("/"):
            return name
    message = "the zip holds something besides gallery.json, vectors.npy and photos: zip the exported folder, as it is"
    raise ArchiveError(message)
