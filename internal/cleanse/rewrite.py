"""Rewrite commits with git-filter-repo as a description says. `fleet cleanse` runs this in a bare repository of its own.

The description (JSON, one argument) holds no secret but where a file's name has one: blobs by their ids, which are in the
repository already, and what becomes of names, notes and of the fields of single commits.

Usage: python -I rewrite.py DESCRIPTION VERSION    exit code 3: another version of git-filter-repo than VERSION is installed
"""

import base64
import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

import git_filter_repo as fr

TIPS = "--glob=refs/fleet/tips/*"
BASE = "--glob=refs/fleet/base/*"


def names_of(pairs: dict[str, str]) -> dict[bytes, bytes]:
    """Decode a mapping of texts in base64."""
    return {base64.b64decode(old): base64.b64decode(new) for old, new in pairs.items()}


class Rewrite:
    """What becomes of every commit."""

    def __init__(self, description: dict[str, Any]) -> None:
        """Take the description apart."""
        self.blobs = {old.encode(): new.encode() for old, new in description["blobs"].items()}
        self.names = names_of(description["names"])
        self.noted = {old.encode(): new.encode() for old, new in description["noted"].items()}
        self.notes = {commit.encode() for commit in description["notes"]}
        self.texts = {commit.encode(): text for commit, text in description["texts"].items()}

    def commit(self, commit: Any, _: Any) -> None:
        """Change one commit; git-filter-repo calls this with every one."""
        text = self.texts.get(commit.original_id)
        if text is not None:
            commit.message = base64.b64decode(text["message"])
            commit.author_name, commit.author_email = (base64.b64decode(part) for part in text["author"])
            commit.committer_name, commit.committer_email = (base64.b64decode(part) for part in text["committer"])
        about = commit.original_id in self.notes
        for change in commit.file_changes:
            if change.blob_id in self.blobs:
                change.blob_id = self.blobs[change.blob_id]
            if change.filename is not None:
                change.filename = self.path(change.filename, about)

    def path(self, path: bytes, about: bool) -> bytes:
        """Rename the parts of a path, and a note after what it is about."""
        if self.names:
            path = b"/".join(self.names.get(part, part) for part in path.split(b"/"))
        renamed = self.noted.get(path.replace(b"/", b"")) if about else None
        if renamed is None:
            return path
        parts, at = [], 0
        for part in path.split(b"/"):
            parts.append(renamed[at : at + len(part)])
            at += len(part)
        return b"/".join(parts)


def main(description: str, version: str) -> int:
    """Rewrite the repository in the working folder."""
    found = importlib.metadata.version("git-filter-repo")
    if found != version:
        print(f"git-filter-repo is {found}, want {version}", file=sys.stderr)
        return 3
    rewrite = Rewrite(json.loads(Path(description).read_bytes()))
    args = fr.FilteringOptions.parse_args(
        [
            *("--force", "--partial", "--quiet", "--replace-refs", "delete-no-add", "--preserve-commit-hashes"),
            *("--preserve-commit-encoding", "--prune-empty", "never", "--prune-degenerate", "never"),
        ],
    )
    args.refs = [TIPS, "--not", BASE]
    fr.RepoFilter(args, commit_callback=rewrite.commit).run()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
