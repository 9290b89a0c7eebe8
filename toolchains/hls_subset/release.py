"""The differences between releases of the HLS tools, in one generated header: `farm_release.hpp`."""

from __future__ import annotations

import re

HOST = "host"
RELEASES = (
    "2019.2",
    "2020.1",
    "2020.2",
    "2021.1",
    "2021.2",
    "2022.1",
    "2022.2",
    "2023.1",
    "2023.2",
    "2024.1",
    "2024.2",
    "2025.1",
)
"""Releases with pragmas checked against AMD's manuals: vivado_hls 2019.2, then Vitis HLS. Later ones may follow."""

WIDEST_WORD_BITS = 4096
"""`AP_INT_MAX_W`, the width of the widest port. Every source must define it before it includes ap_int.h."""

_MACROS = {
    "FARM_PARTITION(name)": "ARRAY_PARTITION variable=name complete dim=1",
    "FARM_PARTITION_DIM(name, which)": "ARRAY_PARTITION variable=name complete dim=which",
    "FARM_PARTITION_CYCLIC(name, which, banks)": "ARRAY_PARTITION variable=name cyclic factor=banks dim=which",
    "FARM_DEPTH(name, beats)": "STREAM variable=name depth=beats",
}
_VIVADO_HLS = {
    "FARM_PACK(name)": "DATA_PACK variable=name",
    "FARM_LUTRAM(name)": "RESOURCE variable=name core=RAM_2P_LUTRAM",
    "FARM_URAM(name)": "RESOURCE variable=name core=XPM_MEMORY uram",
}
_VITIS_HLS = {
    "FARM_PACK(name)": "AGGREGATE variable=name",
    "FARM_LUTRAM(name)": "BIND_STORAGE variable=name type=ram_2p impl=lutram",
    "FARM_URAM(name)": "BIND_STORAGE variable=name type=ram_2p impl=uram",
}


def release_order(release: str) -> tuple[int, int]:
    """Return year and number of a release, for sorting: (2022, 2) for "2022.2".

    Raises ValueError for text that is not a release, or for one before 2019.2.
    """
    match = re.fullmatch(r"(20[0-9]{2})\.([1-9])", release)
    order = (int(match[1]), int(match[2])) if match else (0, 0)
    if order < (2019, 2):
        raise ValueError(f"{release!r} is not an HLS release; use {HOST}, {RELEASES[0]} or a later one")
    return order


def release_header(release: str) -> str:
    """Return the text of `farm_release.hpp` for "host" or a tool release such as "2019.2" or "2023.1".

    It defines FARM_HOST (host only) or AP_INT_MAX_W, and the macros FARM_PARTITION, FARM_PARTITION_DIM,
    FARM_PARTITION_CYCLIC, FARM_PACK, FARM_LUTRAM, FARM_URAM and FARM_DEPTH. Every release from 2020.1 on counts as
    Vitis HLS, including future ones. Raises ValueError for text that is not a release, or for one before 2019.2.
    """
    is_vitis_hls = release != HOST and release_order(release) >= (2020, 1)
    lines = [
        f"// HLS release differences for {release}. Generated: change the generator, not this file.",
        "#ifndef FARM_RELEASE_HPP",
        "#define FARM_RELEASE_HPP",
        f'#define FARM_RELEASE "{release}"',
    ]
    if release == HOST:
        lines += ["#ifndef FARM_HOST", "#define FARM_HOST", "#endif"]
        lines += [f"#define {macro}" for macro in (*_MACROS, *_VITIS_HLS)]
    else:
        own = _VITIS_HLS if is_vitis_hls else _VIVADO_HLS
        lines += [
            "#ifndef AP_INT_MAX_W",
            f"#define AP_INT_MAX_W {WIDEST_WORD_BITS}",
            "#endif",
            # Two macros: arguments are expanded before they become the text of the pragma.
            "#define FARM_PRAGMA_TEXT(text) _Pragma(#text)",
            "#define FARM_PRAGMA(text) FARM_PRAGMA_TEXT(text)",
        ]
        lines += [f"#define {macro} FARM_PRAGMA(HLS {text})" for macro, text in {**_MACROS, **own}.items()]
    lines.append("#endif  // FARM_RELEASE_HPP")
    return "\n".join(lines) + "\n"
