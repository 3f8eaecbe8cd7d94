"""Make a git repository with a long history of templates, for measurements: the same one for the same arguments."""

import random
import subprocess
from collections.abc import Iterator
from pathlib import Path


def stream(commits: int, files: int, seed: int) -> Iterator[bytes]:
    """Yield git fast-import's input: each commit changes three lines of one template of 10 to 40."""
    chance = random.Random(seed)
    texts: dict[str, list[str]] = {}
    for number in range(commits):
        path = f"stacks/s{chance.randrange(files // 3):02}/template{chance.randrange(3)}.yaml"
        lines = texts.setdefault(path, [bucket(chance, i) for i in range(chance.randrange(10, 40))])
        for _ in range(3):
            topic = f"TopicName: t-{chance.randrange(1 << 24):06x}"
            lines[chance.randrange(len(lines))] = f"  Key{number}: {{Type: AWS::SNS::Topic, Properties: {{{topic}}}}}\n"
        body = "".join(lines).encode()
        message = f"change {number} of {path}\n".encode()
        yield b"commit refs/heads/main\ncommitter n <n@example.com> %d +0000\ndata %d\n%s" % (
            1700000000 + number,
            len(message),
            message,
        )
        yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(body), body)


def bucket(chance: random.Random, number: int) -> str:
    """Return a line that declares a bucket."""
    name = f"name-{number}-{chance.randrange(1 << 24):06x}"
    return f"  Key{number}: {{Type: AWS::S3::Bucket, Properties: {{BucketName: {name}}}}}\n"


def make(folder: Path, commits: int, files: int = 180, seed: int = 1) -> None:
    """Make the repository; a commit has five objects: itself, three trees and a blob."""
    git = ["git", "-C", str(folder)]
    subprocess.run([*git, "init", "--quiet", "--initial-branch", "main"], check=True)
    subprocess.run([*git, "fast-import", "--quiet"], input=b"".join(stream(commits, files, seed)), check=True)
    subprocess.run([*git, "reset", "--quiet", "--hard"], check=True)
