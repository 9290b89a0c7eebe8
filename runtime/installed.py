"""Entry points of the wheels that are installed for this interpreter.

``importlib.metadata`` finds a ``*.dist-info`` in any folder of ``sys.path``, which begins with the folder of the script
or the working folder: an archive that is unpacked there would say what is installed. Here only the interpreter's own
site-packages count.
"""

from __future__ import annotations

import site
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path


def site_packages() -> list[str]:
    """The folders into which pip installs for this interpreter, absolute and without repetition.

    The user's own folder is one of them where Python uses it. ``PYTHONPATH``, the folder of the script and the working
    folder never are.
    """
    folders = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), *site.getsitepackages()]
    if site.ENABLE_USER_SITE:
        folders.append(site.getusersitepackages())
    # PYTHONUSERBASE may be relative, and would then mean another folder in each working folder.
    return list(dict.fromkeys(folder for folder in folders if Path(folder).is_absolute()))


def entry_point_names(group: str) -> Iterator[str]:
    """Names of the entry points of this group. Nothing of a wheel is imported; a damaged one names none."""
    context = metadata.DistributionFinder.Context(path=site_packages())
    for wheel in metadata.MetadataPathFinder.find_distributions(context):
        try:
            yield from [entry.name for entry in wheel.entry_points if entry.group == group]
        except (OSError, ValueError, TypeError, AttributeError):
            # importlib raises these for a file that is not text, or that has lines without a value.
            continue
