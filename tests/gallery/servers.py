"""A private PostgreSQL server for tests: Debian's binaries, an unprivileged user, a socket in a folder of mode 0700."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

# Another server, such as one that a wheel brings: FACEREC_POSTGRES=/folder/bin. It never runs as root, either.
_GIVEN = os.environ.get("FACEREC_POSTGRES")
_BINARIES = (
    [Path(_GIVEN) / "postgres"]
    if _GIVEN
    else sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
)


def why_not():
    """Why no server can be started here; empty if one can."""
    try:
        import psycopg  # noqa: F401
    except ModuleNotFoundError:
        return "psycopg is not installed"
    if not _BINARIES:
        return "no PostgreSQL server in /usr/lib/postgresql"
    if os.getuid() == 0 and not any(each.pw_name == "postgres" for each in pwd.getpwall()):
        return "no user postgres, and a server does not run as root"
    return ""


class Server:
    """A server that runs; the role `keeper` has what a gallery needs, and is no superuser."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="facerec-pg-", dir="/tmp"))
        self.data = self.folder / "data"
        self._user = "postgres" if os.getuid() == 0 else None
        if self._user:
            shutil.chown(self.folder, self._user)
        self.folder.chmod(0o700)
        binaries = _BINARIES[-1].parent
        made = [str(binaries / "initdb"), "-D", str(self.data), "-U", "postgres", "-A", "trust", "-E", "UTF8"]
        subprocess.run([*made, "--locale=C", "--no-sync"], check=True, capture_output=True, user=self._user, cwd="/")
        self._command = [str(binaries / "postgres"), "-D", str(self.data), "-k", str(self.folder)]
        self._command += ["-c", "listen_addresses=", "-c", "min_wal_size=32MB", "-c", "max_connections=60"]
        self._asked = [str(binaries / "pg_isready"), "-q", "-h", str(self.folder)]
        self.start()
        self.admin("CREATE ROLE keeper LOGIN", "CREATE DATABASE faces OWNER keeper")
        granted = ["GRANT pg_monitor, pg_checkpoint TO keeper", "GRANT EXECUTE ON FUNCTION pg_switch_wal() TO keeper"]
        self.admin(*granted, database="faces")

    def start(self):
        """Start it, and wait until it answers."""
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self._command, user=self._user, cwd="/", stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            answers = subprocess.run([*self._asked], capture_output=True, check=False).returncode == 0
            if answers:
                return
            if time.monotonic() > deadline or self.process.poll() is not None:
                raise AssertionError((self.folder / "log").read_text())
            time.sleep(0.05)

    def admin(self, *statements, database="postgres"):
        """Run statements as the superuser; returns the rows of the last."""
        import psycopg

        with psycopg.connect(host=str(self.folder), user="postgres", dbname=database, autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def address(self, gallery="main", database="faces", user="keeper"):
        """The address of a gallery there."""
        return f"postgresql://{user}@/{database}?host={self.folder}&gallery={gallery}"

    def files(self):
        """The bytes of every file of the data folder."""
        return {path: path.read_bytes() for path in self.data.rglob("*") if path.is_file()}

    def kill(self):
        """End it as a power cut would: kill -9 for it and all its processes."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        for each in (self.process.pid, *map(int, children)):
            os.kill(each, signal.SIGKILL)
        self.process.wait()
        while any(Path(f"/proc/{each}").exists() for each in children):  # they share memory with the next one
            time.sleep(0.01)
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def stop(self):
        """End it and remove its folder."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        shutil.rmtree(self.folder)
