"""The git repositories that stand for those of CodeCommit: folders of this machine, of which the rehearsal tells.

``PUT /_fleet/repositories/{name}`` says that a bare git repository is the content of a repository of CodeCommit. Who deletes that
one takes the folder away, so that no clone or push of it succeeds; who makes one of the same name brings the folder back: empty,
with the files by which it is served (``KEPT``). Source: DeleteRepository in the CodeCommit API Reference: "deletes all associated
objects and metadata. After a repository is deleted, all future push calls to the deleted repository fail".
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from moto.codecommit.models import CodeCommitBackend

KEPT = ("HEAD", "config", "hooks")
"""What is the server's and not the content's."""

EMPTY = ("objects/info", "objects/pack", "refs/heads", "refs/tags")
"""The folders of a repository that holds nothing. Source: gitrepository-layout(5)."""


class NoBareRepository(ValueError):
    """The folder is no bare git repository."""


@dataclass
class Host:
    """``kept`` are the files of KEPT with their modes, while the folder is away."""

    folder: Path
    kept: dict[str, tuple[bytes, int]] = field(default_factory=dict)


def _hosts(backend: CodeCommitBackend) -> dict[str, Host]:
    held: dict[str, Host] = backend.__dict__.setdefault("fleet_hosts", {})
    return held


def host(backend: CodeCommitBackend, name: str, folder: str) -> None:
    """Let a folder be the content of a repository from now on."""
    path = Path(folder)
    if not path.is_absolute() or not (path / "HEAD").is_file() or not (path / "objects").is_dir():
        raise NoBareRepository(f"folder {folder!r}: no bare git repository: give the absolute path of one (git init --bare)")
    _hosts(backend)[name] = Host(path)


def take_away(backend: CodeCommitBackend, name: str) -> None:
    """Delete the folder, at once for those who use it: it is moved first."""
    held = _hosts(backend).get(name)
    if held is None or not held.folder.is_dir():
        return
    held.kept = {str(file.relative_to(held.folder)): (file.read_bytes(), file.stat().st_mode) for file in _files(held.folder)}
    doomed = held.folder.with_name(held.folder.name + ".deleted")
    shutil.rmtree(doomed, ignore_errors=True)
    held.folder.rename(doomed)
    shutil.rmtree(doomed)


def bring_back(backend: CodeCommitBackend, name: str) -> None:
    """Make the folder again, empty, if it was taken away."""
    held = _hosts(backend).get(name)
    if held is None or held.folder.exists():
        return
    made = held.folder.with_name(held.folder.name + ".made")
    shutil.rmtree(made, ignore_errors=True)
    for empty in EMPTY:
        (made / empty).mkdir(parents=True)
    for file, (content, mode) in held.kept.items():
        (made / file).parent.mkdir(parents=True, exist_ok=True)
        (made / file).write_bytes(content)
        (made / file).chmod(mode & 0o777)
    made.rename(held.folder)


def rename(backend: CodeCommitBackend, old: str, new: str) -> None:
    """The repository has another name; its folder stays where it is."""
    held = _hosts(backend).pop(old, None)
    if held is not None:
        _hosts(backend)[new] = held


def has_branch(backend: CodeCommitBackend, name: str, branch: str) -> bool:
    """Whether the content has the branch; a repository that no folder stands for is empty."""
    held = _hosts(backend).get(name)
    if held is None or ".." in branch.split("/"):
        return False
    ref = f"refs/heads/{branch}"
    packed = held.folder / "packed-refs"
    listed = packed.read_text("utf-8", "surrogateescape").splitlines() if packed.is_file() else []
    return (held.folder / ref).is_file() or any(line.partition(" ")[2] == ref for line in listed)


def head(backend: CodeCommitBackend, name: str) -> str:
    """The branch that clones check out, if it is there; else empty."""
    held = _hosts(backend).get(name)
    if held is None or not (held.folder / "HEAD").is_file():
        return ""
    branch = (held.folder / "HEAD").read_text("utf-8").strip().removeprefix("ref: refs/heads/")
    return branch if has_branch(backend, name, branch) else ""


def set_head(backend: CodeCommitBackend, name: str, branch: str) -> None:
    """Let clones check the branch out."""
    held = _hosts(backend)[name]
    written = held.folder / "HEAD.lock"  # git's own name for a HEAD that is being written
    written.write_text(f"ref: refs/heads/{branch}\n", "utf-8")
    written.replace(held.folder / "HEAD")


def _files(folder: Path) -> Iterator[Path]:
    for name in KEPT:
        path = folder / name
        if path.is_file():
            yield path
        for below, _, files in os.walk(path):
            yield from (Path(below) / file for file in files)
