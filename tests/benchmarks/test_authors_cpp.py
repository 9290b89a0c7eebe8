"""Timing the authors' C++: the driver around a block, on a source written here in their form."""

from __future__ import annotations

from pathlib import Path

import needs
import numpy as np
import pytest

from benchmarks import authors_cpp
from benchmarks.authors_cpp import NotCompiledError, Top, compile_theirs, main, run_theirs

CONFIG = "#pragma once\n#define IN_LANES 2\n#define IN_BITS 4\n#define OUT_LANES 4\n#define OUT_BITS 8\n"
# Two words of two lanes become one of four, each lane with ten added.
SOURCE = """\
#include "ap_int.h"
#include "hls_stream.h"
#include "config.h"
using namespace hls;

void block(stream<ap_uint<IN_LANES * IN_BITS> >& input, stream<ap_uint<OUT_LANES * OUT_BITS> >& output) {
    while (!input.empty()) {
        ap_uint<OUT_LANES * OUT_BITS> word = 0;
        for (int lane = 0; lane < OUT_LANES; lane += IN_LANES) {
            ap_uint<IN_LANES * IN_BITS> in = input.read();
            for (int each = 0; each < IN_LANES; each++) {
                ap_uint<OUT_BITS> element = in((each + 1) * IN_BITS - 1, each * IN_BITS);
                element += 10;
                word((lane + each + 1) * OUT_BITS - 1, (lane + each) * OUT_BITS) = element;
            }
        }
        output.write(word);
    }
}
"""
TOP = Top("block.cpp", "block(in, out)", ("IN_LANES", "IN_BITS"), ("OUT_LANES", "OUT_BITS"), ("own",))


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    needs.hls_compiler()
    (tmp_path / "src").mkdir()
    (tmp_path / "own").mkdir()
    (tmp_path / "src" / "block.cpp").write_text(SOURCE)
    (tmp_path / "own" / "config.h").write_text(CONFIG)
    return tmp_path


@pytest.mark.slow
def test_elements_go_through_in_order(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authors_cpp, "FLAGS", ("-std=c++14", "-O0", "-w"))
    compile_theirs(clone, TOP, clone)
    seconds, elements = run_theirs(clone, [np.arange(16).reshape(2, 2, 4)])
    assert elements.tolist() == list(range(10, 26))
    assert 0 <= seconds < 60


@pytest.mark.slow
def test_what_does_not_compile_is_said(clone: Path) -> None:
    (clone / "own" / "config.h").write_text(CONFIG.replace("IN_BITS", "IN_WIDTH"))
    with pytest.raises(NotCompiledError, match=r"error: .*IN_BITS"):
        compile_theirs(clone, TOP, clone)


def test_what_is_no_clone(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"no src/w1a2_v1\.0 in it; give a clone of Xilinx/ResNet50-PYNQ"):
        main([str(tmp_path)])
    (tmp_path / "src" / "w1a2_v1.0").mkdir(parents=True)
    with pytest.raises(SystemExit, match="run there: git submodule update --init"):
        main([str(tmp_path)])
    hls = tmp_path / "src" / "hls" / "finn-hls"
    hls.mkdir(parents=True)
    (hls / "bnn-library.h").write_text("")
    with pytest.raises(SystemExit, match="there is no block 'res9z'; known: preres, res2a"):
        main([str(tmp_path), "--blocks", "res9z"])
