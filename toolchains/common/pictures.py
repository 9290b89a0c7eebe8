"""The images of the user's own data set as inputs of a step."""

from __future__ import annotations

from blocks.dataset_file import Dataset
from config.problem import ConfigError, Problem
from farm.step import File
from toolchains.common.build import Build


def pictures(build: Build, dataset: Dataset | None, images: int, setting: str) -> tuple[File, ...]:
    """The first held-out images as `pictures/<number>`, or the array of all; none where a package has them.

    Raises:
        ConfigError: images and labels do not match, or there are fewer.
    """
    if dataset is None or (dataset.folder is None and dataset.images is None):
        return ()
    from blocks.dataset import ARRAY, DatasetError, held_out, held_out_files  # noqa: PLC0415  loads numpy, which most commands need not

    try:
        found = held_out(dataset)[1] if dataset.images else held_out_files(dataset)
    except DatasetError as error:
        raise ConfigError([Problem(build.network.file.name, None, str(error), "correct the data set")]) from None
    if len(found) < images:
        what = f"the data set has {len(found)} held-out images; {setting} asks for {images}"
        raise ConfigError([Problem(build.network.file.name, None, what, f"set {setting} to at most {len(found)}")])
    if dataset.images:
        return (File(ARRAY, build.relative(dataset.images)),)
    return tuple(
        File(f"pictures/{index:06d}{image.path.suffix.lower()}", build.relative(image.path))
        for index, image in enumerate(found[:images])
    )


def packages(dataset: Dataset | None) -> tuple[str, ...]:
    """The packages that the images come with or are read by."""
    if dataset and dataset.images:
        return ()
    return ("pillow",) if dataset and dataset.folder else ("scikit-learn",)
