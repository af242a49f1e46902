"""A folder of files that would do harm, and what shows whether they did."""

from __future__ import annotations

import shutil
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

CANARIES = Path(__file__).parent / "workspaces" / "canaries"


@dataclass
class Cage:
    folder: Path
    before: dict[str, str]
    connections: list[str] = field(default_factory=list)

    def happened(self) -> list[str]:
        """What is other than before: files made, changed or gone, and connections made."""
        now = snapshot(self.folder)
        changed = [name for name in {*now, *self.before} if now.get(name) != self.before.get(name)]
        return sorted(changed) + self.connections


def snapshot(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="latin-1") if path.is_file() else "folder"
        for path in folder.rglob("*")
    }


@contextmanager
def open_cage(parent: Path) -> Iterator[Cage]:
    """Copies of the canaries beside things worth keeping, and a server that the downloads would reach."""
    folder = parent / "cage"
    folder.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        for path in CANARIES.glob("*.py"):
            shutil.copy(path, folder)
            (folder / path.name).write_text(path.read_text(encoding="utf-8").replace("PORT", str(port)))
        (folder / "precious").mkdir()
        (folder / "precious" / "data.txt").write_text("data")
        (folder / "precious.txt").write_text("data")
        cage = Cage(folder, snapshot(folder))
        thread = threading.Thread(target=_accept, args=(server, cage.connections), daemon=True)
        thread.start()
        yield cage
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def _accept(server: socket.socket, connections: list[str]) -> None:
    while True:
        try:
            connection, _ = server.accept()
        except OSError:
            return  # The test is over.
        connections.append("connection")
        connection.close()
