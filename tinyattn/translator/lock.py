"""One process at a time in a run's folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO, Any

from tinyattn.storage import CheckpointError

if sys.platform == "win32":
    import msvcrt

    def seize(file: IO) -> None:
        file.seek(2**20)  # what is locked there nobody can read, and the number at the beginning is to be read
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def seize(file: IO) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


class Lock:
    """Inside `with`, no other process gets in. The file says which process is inside; but what counts is the system's
    lock on it, which ends with the process, however that ends: a file that was left behind locks nobody out.

    Raises: CheckpointError when another process is inside.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / ".lock"

    def __enter__(self) -> Lock:
        self.made = not self.folder.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        while True:
            self.file = open(self.path, "a+", encoding="ascii")
            try:
                seize(self.file)
            except OSError:
                self.file.seek(0)
                owner = self.file.read().strip()
                self.file.close()
                raise CheckpointError(f"{self.folder}: another process ({owner or 'just started'}) is training here: "
                                      "wait until it has ended, or choose another folder") from None
            if self.still_there():
                break
            self.file.close()  # whoever was inside has just removed the file: what is locked here is nothing
        self.file.truncate(0)
        self.file.write(str(os.getpid()))
        self.file.flush()
        return self

    def still_there(self) -> bool:
        try:
            return os.path.samestat(os.fstat(self.file.fileno()), os.stat(self.path))
        except FileNotFoundError:
            return False

    def __exit__(self, *error: Any) -> None:
        if sys.platform != "win32":  # Windows removes no open file
            self.path.unlink(missing_ok=True)
        self.file.close()
        if self.made and not any(self.folder.iterdir()):
            self.folder.rmdir()  # nothing came of it
