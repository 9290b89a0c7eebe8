from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from xml.etree import ElementTree

import pytest
from corpus_manifest import manifest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.errors import ManifestError, XclbinError
from runtime.formats import emulation_data, kernels, xclbin
from runtime.formats.sections import Clock, Connection, IpLayoutEntry, MemoryBank

HANDOFF = Path(__file__).resolve().parents[3] / ".." / "shared" / "reports_corpus"


def real_files():
    """Real xclbin files with values that a reader typed from them."""
    return [entry for entry in manifest()["files"] if entry["file"].endswith(".xclbin")]


def clock_mhz(metadata: str, port: str) -> float:
    clock = ElementTree.fromstring(metadata).find(f"platform/device/core/kernelClocks/clock[@port='{port}']")
    return float(clock.get("frequency").removesuffix("MHz"))


GETTERS = {
    "magic": lambda file: xclbin.pack(file)[:7].decode(),
    "bytes": lambda file: file.header.length,
    "uuid": lambda file: file.header.uuid.hex(),
    "xrt_version": lambda file: ".".join(map(str, file.header.version)),
    "mode": lambda file: file.header.mode,
    "platform_vbnv": lambda file: file.header.platform_vbnv,
    "sections": lambda file: [section.kind_name for section in file.sections],
    "project": lambda file: ElementTree.fromstring(file.metadata).get("name"),
    "fpga": lambda file: ElementTree.fromstring(file.metadata).find("platform/board").get("fpga"),
    "kernel_clock_mhz": lambda file: clock_mhz(file.metadata, "KERNEL_CLK"),
    "data_clock_mhz": lambda file: clock_mhz(file.metadata, "DATA_CLK"),
    "kernels": lambda file: [kernel.name for kernel in kernels.read_xml(file.metadata)],
    "bitstream_section_bytes": lambda file: len(file.section(xclbin.Kind.BITSTREAM)),
    "feature_rom_timestamp": lambda file: file.header.feature_rom_timestamp,
}


def expectations(entry):
    """A function that tells whether the file has a value under a key; a key that nothing reads is an error."""
    file = xclbin.read(HANDOFF / entry["file"])
    return lambda key, expected: GETTERS[key](file) == expected


@pytest.mark.skipif(not real_files(), reason="the corpus of real files is not beside this checkout")
@pytest.mark.parametrize("entry", real_files(), ids=lambda entry: entry["file"])
class TestRealFiles:
    def test_values_are_those_a_reader_typed(self, entry):
        holds = expectations(entry)
        for key, expected in entry["expected"].items():
            if key != "note":
                assert holds(key, expected), key

    def test_its_mirror_is_all_that_is_behind_its_sections(self, entry):
        file = xclbin.read(HANDOFF / entry["file"])
        assert file.has_mirror
        assert len(xclbin.pack(file.bare)) == file.bare.header.length == file.header.length - len(file.tail)

    def test_a_manifest_goes_into_it_and_nothing_else_changes(self, entry, tmp_path):
        before = xclbin.read(HANDOFF / entry["file"])
        xclbin.write(xclbin.extend(before, xclbin.carried("{}", {"fc_weights": bytes(8)})), tmp_path / "k.xclbin")
        after = xclbin.read(tmp_path / "k.xclbin")
        assert after.header.uuid == before.header.uuid
        assert after.emulation == {"fc_weights": bytes(8)}
        kept = [(s.kind, s.name_field, s.data) for s in before.sections]
        assert [(s.kind, s.name_field, s.data) for s in after.sections][: len(kept)] == kept

    def test_it_packs_back_to_the_same_bytes(self, entry):
        data = (HANDOFF / entry["file"]).read_bytes()
        assert xclbin.pack(xclbin.parse(data)) == data


def test_stock_pynq_reads_what_is_written(build):
    from pynq.pl_server.xclbin_parser import XclBin

    path = build(units=2)
    parsed = XclBin(str(path))
    assert set(parsed.ip_dict) == {"digits_1", "digits_2"}
    unit = parsed.ip_dict["digits_2"]
    assert unit["phys_addr"] == 0x1810000
    assert unit["addr_range"] == 0x1000
    assert unit["type"] == "xilinx.com:hls:digits:1.0"
    assert unit["cu_name"] == "digits:digits_2"
    assert unit["cu_index"] == unit["index"] == 1
    assert unit["xclbin_uuid"] == xclbin.read(path).header.uuid.hex()
    offsets = {name: (r["address_offset"], r["size"]) for name, r in unit["registers"].items() if name != "CTRL"}
    assert offsets == {"in_r": (0x10, 64), "out_r": (0x1C, 64), "weightsmem": (0x28, 64), "numReps": (0x34, 32)}
    assert unit["registers"]["in_r"]["memory"] == "bank0"
    assert unit["registers"]["weightsmem"]["MBG"] == ["bank0", "PLRAM[0]"]
    assert parsed.mem_dict["bank1"]["base_address"] == 0x5000000000
    assert parsed.mem_dict["bank0"]["size"] == 16 << 30
    assert [bool(m["used"]) for m in parsed.mem_dict.values()] == [True, True, False, True]
    assert [(c["name"], c["frequency"]) for c in parsed.clock_dict.values()] == [("DATA_CLK", 250), ("KERNEL_CLK", 500)]


def test_layout_by_hand(compose):
    """Offsets typed from the format's description, not from our structs."""
    data = xclbin.pack(compose())
    assert data[:8] == b"xclbin2\0"
    assert struct.unpack_from("<i", data, 8) == (-1,)
    assert struct.unpack_from("<Q", data, 0x130) == (len(data),)
    assert struct.unpack_from("<H", data, 0x14C) == (5,)
    assert data[0x160 : 0x160 + 64].rstrip(b"\0") == b"xilinx_u250_xdma_201830_2"
    (count,) = struct.unpack_from("<I", data, 0x1C0)
    records = [struct.unpack_from("<I16s4xQQ", data, 0x1C8 + 40 * i) for i in range(count)]
    # Kind 0 is BITSTREAM: what XRT's hw_emu mode starts.
    assert [r[0] for r in records] == [0, 6, 8, 7, 11, 2, 16, 21]
    del records[0]
    assert all(r[2] % 8 == 0 for r in records)
    memory = data[records[0][2] :][: records[0][3]]
    assert struct.unpack_from("<i", memory) == (4,)
    assert struct.unpack_from("<BB6xQQ16s", memory, 8) == (1, 1, 16 << 20, 0x4000000000, b"bank0".ljust(16, b"\0"))
    connections = data[records[2][2] :][: records[2][3]]
    assert struct.unpack_from("<4i", connections) == (4, 0, 0, 0)
    clocks = data[records[3][2] :][: records[3][3]]
    assert struct.unpack_from("<hHB5x128s", clocks) == (2, 250, 1, b"DATA_CLK".ljust(128, b"\0"))


def test_equal_contents_are_equal_bytes_and_the_uuid_is_their_digest(compose):
    data = xclbin.pack(compose())
    assert xclbin.pack(compose()) == data
    blank = data[:0x1A0] + bytes(16) + data[0x1B0:]
    assert data[0x1A0:0x1B0] == hashlib.sha256(blank).digest()[:16]
    assert xclbin.parse(data).content_uuid == xclbin.parse(data).header.uuid
    other = xclbin.pack(compose(bias=1))
    assert other[0x1A0:0x1B0] != data[0x1A0:0x1B0]


def test_parsed_equals_composed(compose):
    file = compose(fc=bytes(160))
    again = xclbin.parse(xclbin.pack(file))
    assert again == file
    assert dict(again.emulation) == dict(file.emulation)
    assert set(again.emulation) == {"payload", "memories", "fc_weights", "manifest", "kernel", "mem_topology"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"memories": [MemoryBank("sixteen_letters_", 1, True, 1, 0)]}, ["sixteen_letters_", "15"]),
        ({"memories": [MemoryBank("b", 10, True, 1, 0)]}, ["memory type 10"]),
        ({"memories": [MemoryBank("b", 1, True, 1 << 64, 0)]}, ["does not fit"]),
        ({"ip_layout": [IpLayoutEntry("k:" + "x" * 62, 0)]}, ["63"]),
        ({"clocks": [Clock("c", 70000, 1)]}, ["does not fit"]),
        ({"clocks": [Clock("c", 7, 4)]}, ["clock type 4"]),
        ({"connections": [Connection(0, 0, 4)]}, ["memory 4 of 4"]),
        ({"connections": [Connection(0, 1, 0)]}, ["compute unit 1 of 1"]),
        ({"platform_vbnv": "x" * 64}, ["64 bytes"]),
        ({"platform_vbnv": ""}, ["0 bytes"]),
        ({"emulation": {"../payload": b""}}, ["../payload"]),
    ],
)
def test_what_does_not_fit_is_not_written(compose, options, words):
    with pytest.raises(XclbinError) as caught:
        compose(**options)
    assert all(word in str(caught.value) for word in words)
    assert caught.value.where
    assert caught.value.remedy


def mirror(data, text='{"header":{"Magic":"xclbin2"}}\n'):
    """A packed file as xclbinutil leaves it, by hand: the mirror right behind the last section, m_length over all."""
    tail = f"XCLBIN_MIRROR_DATA_START{text}XCLBIN_MIRROR_DATA_END".encode()
    return patched(data + tail, 0x130, "<Q", len(data) + len(tail))


FOREIGN_UUID = bytes(range(16))


def linked(compose):
    """A file as v++ links it: no manifest, no model, a random uuid, a mirror."""
    bare = xclbin.pack(compose(manifest=None, emulation=None))
    return mirror(patched(bare, 0x1A0, "16s", FOREIGN_UUID))


def test_a_mirror_is_read_over_and_packs_back(compose):
    data = linked(compose)
    file = xclbin.parse(data)
    assert file.has_mirror
    assert file.memories == xclbin.parse(xclbin.pack(compose())).memories
    assert xclbin.pack(file) == data
    assert not file.emulation
    assert file.manifest_json is None


def test_extending_a_mirrored_file_drops_the_mirror_and_keeps_all_else(compose):
    data = linked(compose)
    before = xclbin.parse(data)
    weights = bytes(range(160))
    after = xclbin.parse(xclbin.pack(xclbin.extend(before, xclbin.carried('{"a":1}', {"fc_weights": weights}))))
    assert after.tail == b""
    assert after.header.uuid == FOREIGN_UUID
    assert after.header.length == len(xclbin.pack(after))
    for section in before.sections:
        assert after.section(section.kind) == section.data
    assert after.manifest_json == '{"a":1}'
    assert after.emulation == {"fc_weights": weights}
    # XRT's hardware emulation would unpack an EMULATION_DATA and start a processor model from it.
    assert after.section(xclbin.Kind.EMULATION_DATA) is None


def test_a_model_is_where_the_emulated_card_looks_for_it(compose):
    parts = {"payload": b"program", "memories": b"m"}
    after = xclbin.extend(xclbin.parse(linked(compose)), xclbin.carried("{}", parts))
    assert after.section(xclbin.Kind.USER_METADATA) == b"{}"
    assert after.section(xclbin.Kind.EMULATION_DATA) is not None
    assert after.emulation == parts


def test_a_mirror_does_not_count_for_the_uuid(compose):
    bare = xclbin.pack(compose())
    file = xclbin.parse(mirror(bare))
    assert file.header.uuid == file.content_uuid == xclbin.parse(bare).content_uuid
    assert xclbin.extend(file, {}) == xclbin.parse(bare)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda d: patched(d, 8, "<i", 256), ["signed"]),
        (lambda d: patched(d + b"more", 0x130, "<Q", len(d) + 4), ["behind the sections", "not a mirror"]),
        (lambda d: d.replace(b"XCLBIN_MIRROR_DATA_START", b"XCLBIN_MIRROR_DATA_STARK"), ["not a mirror"]),
    ],
)
def test_what_is_no_mirror_is_not_thrown_away(compose, damage, words):
    file = xclbin.parse(damage(linked(compose)))
    with pytest.raises(XclbinError) as caught:
        xclbin.extend(file, {xclbin.Kind.USER_METADATA: b"{}"})
    assert all(word in str(caught.value) for word in words), str(caught.value)


def test_emulation_data_of_another_builder_is_left_alone(compose):
    data = xclbin.pack(compose(manifest=None))
    at = record(data, 6)
    assert at[0] == xclbin.Kind.EMULATION_DATA
    file = xclbin.parse(patched(data, at[2], "4s", b"none"))
    assert not file.emulation


def test_what_xrt_starts_is_a_script_and_nothing_else(compose):
    """The zip is read by Python's own reader, not by ours."""
    import io
    import zipfile

    file = compose()
    with zipfile.ZipFile(io.BytesIO(file.section(xclbin.Kind.BITSTREAM))) as archive:
        (entry,) = archive.infolist()
        assert entry.filename == "behav_waveform/xsim/simulate.sh"
        assert entry.external_attr >> 16 & 0o777 == 0o755
        assert archive.read(entry).startswith(b"#!/bin/sh\n")
    assert compose(emulation=None).section(xclbin.Kind.BITSTREAM) is None
    assert compose(emulation={"fc_weights": b"w"}).section(xclbin.Kind.BITSTREAM) is None


@pytest.mark.parametrize("part", ["manifest", "kernel", "mem_topology"])
def test_a_part_that_repeats_a_section_is_that_section(compose, part):
    from runtime.formats.checks import manifest_of

    file = compose()
    manifest_of(file, "sound")
    other = emulation_data.pack({**file.emulation, part: file.emulation[part] + b" "})
    with pytest.raises(ManifestError, match=f"part '{part}' is not section"):
        manifest_of(xclbin.extend(file, {xclbin.Kind.EMULATION_DATA: other}), "changed")


def patched(data, offset, layout, *values):
    result = bytearray(data)
    struct.pack_into(layout, result, offset, *values)
    return bytes(result)


def record(data, index):
    return struct.unpack_from("<I16s4xQQ", data, 0x1C8 + 40 * index)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda d: b"", ["truncated: 0 bytes"]),
        (lambda d: d[:5], ["truncated: 5 bytes"]),
        (lambda d: b"\x7fELF" + d[4:], ["does not begin", "ELF"]),
        (lambda d: d[:200], ["200 of 456"]),
        (lambda d: d[:-1], ["truncated", "m_length"]),
        (lambda d: d + b"x", ["m_length"]),
        (lambda d: patched(d, 0x1C0, "<I", 1 << 30), ["sections", "m_numSections"]),
        (lambda d: patched(d, 0x1C8 + 24, "<Q", len(d)), ["outside"]),
        (lambda d: patched(d, 0x1C8 + 32, "<Q", (1 << 64) - 1), ["outside"]),
        (lambda d: patched(d, 0x1C8 + 24, "<Q", 0x1C8), ["overlaps the section table"]),
        (lambda d: patched(d, 0x1C8 + 40 + 24, "<Q", record(d, 0)[2]), ["overlaps"]),
        (lambda d: patched(d, 0x1C8, "<I", 8), ["2 sections of one kind"]),
        (lambda d: patched(d, record(d, 1)[2], "<i", 5), ["5 records", "MEM_TOPOLOGY"]),
        (lambda d: patched(d, record(d, 1)[2], "<i", -1), ["-1 records"]),
        (lambda d: patched(d, record(d, 5)[2] + 9, "<B", 0xFF), ["UTF-8", "EMBEDDED_METADATA"]),
        (lambda d: patched(d, record(d, 7)[2] + record(d, 7)[3] - 6, "<I", 0), ["EMULATION_DATA"]),
    ],
)
def test_damage_is_named(compose, tmp_path, damage, words):
    path = tmp_path / "bad.xclbin"
    path.write_bytes(damage(xclbin.pack(compose())))
    with pytest.raises(XclbinError) as caught:
        xclbin.read(path)
    text = str(caught.value)
    assert text.startswith(str(path))
    assert all(word in text for word in words), text
    assert caught.value.remedy
    assert "\n" not in text


def test_compressed_archive_is_refused(compose):
    import io
    import zipfile

    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("memories", bytes(1 << 20))
    from runtime.formats import emulation_data

    with pytest.raises(XclbinError, match="compressed"):
        emulation_data.unpack(buffer.getvalue())


def touch(data):
    """Everything that a reader looks at."""
    file = xclbin.parse(data)
    _ = file.memories, file.ip_layout, file.connections, file.clocks, file.emulation, file.content_uuid
    _ = file.header.platform_vbnv, file.header.mode_name, [(s.kind_name, s.name) for s in file.sections]
    if file.metadata is not None:
        kernels.read_xml(file.metadata)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
@pytest.mark.slow
def test_nothing_but_a_named_error_comes_out_of_damage(compose, data):
    whole = xclbin.pack(compose(emulation={"memories": bytes(range(256))}))
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        # Mostly where the structure is: header, table, heads of sections and the archive's directory.
        place = data.draw(st.one_of(st.integers(0, 0x1C8 + 40 * 7 + 64), st.integers(0, len(whole) - 9)))
        value = data.draw(st.one_of(st.binary(min_size=1, max_size=8), st.sampled_from([b"\xff" * 8, bytes(8)])))
        damaged[place : place + len(value)] = value
    if data.draw(st.booleans()):
        damaged[0x130:0x138] = struct.pack("<Q", len(damaged))
    try:
        touch(bytes(damaged))
    except XclbinError as error:
        assert error.what


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=2000))
def test_nothing_but_a_named_error_comes_out_of_noise(noise):
    head = b"xclbin2\0" + noise[8:]
    for candidate in (noise, patched(head, 0x130, "<Q", len(head)) if len(head) > 0x138 else head):
        try:
            touch(candidate)
        except XclbinError as error:
            assert error.what


@pytest.mark.parametrize(
    "text",
    ["", "<a>", "\0", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a b='1' b='2'/>"],
)
def test_bad_xml(text):
    with pytest.raises(XclbinError):
        kernels.read_xml(text)


def test_xml_reads_back(make_kernel):
    kernel = make_kernel(units=3)
    platform = "xilinx_u250_gen3x16_xdma_4_1_202210_1"
    options = {"project": "p", "platform_vbnv": platform, "fpga": "f", "target": "hw_emu"}
    text = kernels.write_xml([kernel], data_clock_mhz=250, kernel_clock_mhz=500, **options)
    assert kernels.read_xml(text) == (kernel,)
    assert 'target="hw_em"' in text


def test_argument_named_by_a_keyword_is_refused(make_kernel):
    from dataclasses import replace

    kernel = make_kernel()
    kernel = replace(kernel, arguments=(replace(kernel.arguments[0], name="in"), *kernel.arguments[1:]))
    options = {"project": "p", "platform_vbnv": "a_b_c_1_2", "fpga": "f", "target": "hw"}
    with pytest.raises(XclbinError, match="in_r"):
        kernels.write_xml([kernel], data_clock_mhz=250, kernel_clock_mhz=500, **options)
