"""Archives: what is refused, what is still read, and that nothing is written outside a folder."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pytest

from benchmarks.hostile import zips
from config.bounded.archive import ArchiveError, open_archive
from config.bounded.arrays import open_npz, read_npy
from farm.results.digest import digest_of
from toolchains.vitis.tools.archive import pack_folder, unpack_folder

MIB = 1 << 20


def contents(path, **limits):
    with path.open("rb") as file, open_archive(file, **{"most_bytes": 64 * MIB, **limits}) as archive:
        return {name: archive.read(name) for name in archive.members}


def test_sound_archives_are_read_as_zipfile_reads_them(tmp_path):
    """With a comment, bytes in front, a folder, an empty member, a data descriptor and ZIP64 fields."""
    path = tmp_path / "a.zip"
    with path.open("wb") as file:
        file.write(b"#!/bin/sh\n")
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("folder/", b"")
            archive.writestr("empty", b"", zipfile.ZIP_STORED)
            archive.writestr("ä/b", b"text" * 1000)
            with archive.open("large", "w", force_zip64=True) as member:
                member.write(bytes(3 * MIB))
            archive.comment = b"comment"
    with zipfile.ZipFile(path) as archive:
        expected = {name: archive.read(name) for name in archive.namelist()}
    assert contents(path) == expected
    assert len(expected["large"]) == 3 * MIB


def test_members_without_a_seekable_output_are_read(tmp_path):
    """Their sizes stand behind the bytes, in a data descriptor."""

    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = bytearray()

        def writable(self):
            return True

        def write(self, data):
            self.data += data
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"a" * 999)
        archive.writestr("b", b"b")
    path = tmp_path / "a.zip"
    path.write_bytes(pipe.data)
    assert contents(path) == {"a": b"a" * 999, "b": b"b"}


def test_an_empty_archive_is_empty(tmp_path):
    zipfile.ZipFile(tmp_path / "a.zip", "w").close()
    assert contents(tmp_path / "a.zip") == {}


def test_members_that_share_bytes_are_refused_although_every_checksum_holds(tmp_path):
    """zipfile of this Python may read them; an archive of 250 would unpack to gigabytes."""
    zips.quoted(tmp_path / "a.zip", ["a", "b", "c"], MIB)
    with pytest.raises(ArchiveError, match="overlaps"):
        contents(tmp_path / "a.zip")


@pytest.mark.parametrize("row", range(3))
def test_any_row_that_points_at_another_member_is_refused(tmp_path, row):
    entries, data = [], b""
    for name in (b"a", b"b", b"c"):
        entry = zips.Entry(name, len(data), 4, 4, 0x9BE3E0A3, 0)
        entries.append(entry)
        data += entry.local() + b"1234"
    path = tmp_path / "a.zip"
    path.write_bytes(data + zips.table(entries, len(data)))
    assert list(contents(path)) == ["a", "b", "c"]
    from dataclasses import replace

    entries[row] = replace(entries[row], offset=entries[(row + 1) % 3].offset)
    path.write_bytes(data + zips.table(entries, len(data)))
    with pytest.raises(ArchiveError):
        contents(path)


def test_bytes_that_reach_into_the_table_are_refused(tmp_path):
    entry = zips.Entry(b"a", 0, 40, 40, 0, 0)
    data = entry.local() + b"1234"
    (tmp_path / "a.zip").write_bytes(data + zips.table([entry], len(data)))
    with pytest.raises(ArchiveError, match="overlaps"):
        contents(tmp_path / "a.zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("a", b"1")
        archive.writestr("a", b"2")
    with pytest.raises(ArchiveError, match="one name"):
        contents(tmp_path / "a.zip")


def test_a_limit_holds_for_all_members_together(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in "abc":
            archive.writestr(name, bytes(MIB))
    assert len(contents(tmp_path / "a.zip", most_bytes=3 * MIB)) == 3
    with pytest.raises(ArchiveError, match="3,145,728"):
        contents(tmp_path / "a.zip", most_bytes=3 * MIB - 1)


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "..", "a/..", "", "."])
def test_a_name_that_leads_out_of_the_folder(tmp_path, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("good", b"1")
        archive.writestr(zipfile.ZipInfo(name), b"2")
    with pytest.raises(ValueError, match="leads out"):
        unpack_folder(tmp_path / "a.zip", tmp_path / "folder")
    assert {path.name for path in tmp_path.rglob("*")} <= {"a.zip", "folder", "good"}


def test_a_folder_comes_back(tmp_path):
    (tmp_path / "from/sub").mkdir(parents=True)
    (tmp_path / "from/sub/a").write_bytes(bytes(range(256)) * 999)
    (tmp_path / "from/b").write_bytes(b"")
    assert pack_folder(tmp_path / "from", tmp_path / "a.zip") == 2
    unpack_folder(tmp_path / "a.zip", tmp_path / "to")
    assert (tmp_path / "to/sub/a").read_bytes() == bytes(range(256)) * 999
    assert (tmp_path / "to/b").read_bytes() == b""


def test_the_digest_of_a_bomb_is_that_of_its_bytes(tmp_path):
    """Two of them that differ in a time stamp alone would else cost 320 MB of hashing each."""
    path = tmp_path / "a.xo"
    zips.quoted(path, [f"m{n}" for n in range(40)], 8 * MIB)
    digest = digest_of(path)
    assert digest.meaning == digest.sha256
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a", b"text")
    digest = digest_of(path)
    assert digest.meaning != digest.sha256


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=">i4").reshape(2, 3, 4),
        np.asfortranarray(np.arange(6).reshape(2, 3)),
        np.array("text"),
        np.zeros((0, 5), np.int8),
        np.float64(1.5),
        np.array([True, False]),
        np.zeros(3 * MIB, np.uint8),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_sound_arrays_come_back(tmp_path, save, array):
    save(tmp_path / "a.npz", one=array, two=array)
    np.save(tmp_path / "a.npy", array)
    with open_npz(tmp_path / "a.npz") as archive:
        assert archive.names == ("one", "two")
        found = [archive.read("two"), archive.read("one"), read_npy(tmp_path / "a.npy")]
    for one in found:
        np.testing.assert_array_equal(one, array)
        assert (one.dtype, one.shape) == (np.asarray(array).dtype, np.shape(array))
