"""A small payload in C, and xclbin files around it."""

from __future__ import annotations

import hashlib
import struct
import subprocess
from pathlib import Path

import needs
import pytest

from runtime import trust
from runtime.formats import kernels, manifest, xclbin
from runtime.formats.sections import Clock, Connection, IpLayoutEntry, MemoryBank

# memories of this payload: u32 image bytes, weight bytes, results per image, bias, mode.
# result j of an image = sum of its bytes + sum of the weights (signed) + bias + j.
_SOURCE = r"""
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <pthread.h>
static void *work(void *unused) { return (void *)42; }
extern char **environ;
static int take(void *to, size_t size) {
    for (char *at = to; size;) {
        ssize_t got = read(0, at, size);
        if (got <= 0) return 0;
        at += got; size -= got;
    }
    return 1;
}
static void give(const void *from, size_t size) {
    for (const char *at = from; size;) {
        ssize_t put = write(1, at, size);
        if (put <= 0) exit(9);
        at += put; size -= put;
    }
}
static void frame(const char *op, uint32_t arg, uint64_t length) {
    char head[16];
    memcpy(head, op, 4); memcpy(head + 4, &arg, 4); memcpy(head + 8, &length, 8);
    give(head, 16);
}
static void fail(const char *text) { frame("FAIL", 0, strlen(text)); give(text, strlen(text)); }
static int limit(int which) { struct rlimit r; getrlimit(which, &r); return (int)r.rlim_cur; }
int main(void) {
    uint32_t facts[5] = {0}, percent = 100;
    char head[16], *counts = 0;
    while (take(head, 16)) {
        uint32_t count; uint64_t length;
        memcpy(&count, head + 4, 4); memcpy(&length, head + 8, 8);
        if (!memcmp(head, "STOP", 4)) return 0;
        uint8_t *body = malloc(length + 1);
        if (!take(body, length)) return 3;
        uint32_t mode = facts[4];
        if (!memcmp(head, "LOAD", 4)) {
            memcpy(facts, body, sizeof facts);
            free(counts);
            counts = calloc(1, length + 3);
            memcpy(counts, body + sizeof facts, length - sizeof facts);
            percent = 100;
            if (facts[4] == 12) fail("bad memories"); else frame("OKAY", 0, 0);
            free(body);
            continue;
        }
        if (!memcmp(head, "STAT", 4) || !memcmp(head, "SETM", 4)) {
            // A simulation's counts at 100, 80 and 60 % follow each other in the memories, each with a NUL behind.
            const char *text = counts;
            for (uint32_t at = 100; at > percent; at -= 20) text += strlen(text) + 1;
            if (mode == 19) { frame("OKAY", 0, 1ull << 40); for (;;) pause(); }
            if (!counts || !*counts || (mode == 20 && head[1] == 'E')) fail("an unknown operation");
            else if (head[1] == 'E') { percent = count; frame("OKAY", 0, 0); }
            else { frame("OKAY", 0, strlen(text)); give(text, strlen(text)); }
            free(body); continue;
        }
        if (mode == 1) { fprintf(stderr, "about to crash\n"); *(volatile int *)0 = 1; }
        if (mode == 2) for (;;) pause();
        if (mode == 3) { give("OKAY\0\0", 6); return 0; }
        if (mode == 4) { frame("OKAY", 0, ~0ull); for (;;) pause(); }
        if (mode == 5) { FILE *f = fopen(WRITTEN, "w"); if (f) { fputs("x", f); fclose(f); } }
        if (mode == 6) { frame("WHAT", 0, 12); give("abcdefghijkl", 12); }
        if (mode == 7) { fail("no such network"); free(body); continue; }
        if (mode == 8) { for (int i = 0; i < 100000; i++) fprintf(stderr, "line %d\n", i); abort(); }
        if (mode == 10) {
            char *p = malloc(1ull << 40);
            if (!p) { fprintf(stderr, "out of memory\n"); abort(); }
            p[0] = 1;
        }
        if (mode == 11) { if (!fork()) for (;;) pause(); for (;;) pause(); }
        if (mode == 13) {
            char cwd[64]; int n = 0; while (environ[n]) n++;
            int fds = 0; for (int i = 3; i < 1024; i++) if (!lseek(i, 0, SEEK_CUR) || lseek(i, 0, SEEK_CUR) > 0) fds++;
            uint32_t seen[3] = { n + 100 * (strcmp(getcwd(cwd, 64), "/") != 0) + 1000 * fds,
                limit(RLIMIT_CORE) + limit(RLIMIT_FSIZE), getsid(0) == getpid() };
            frame("OKAY", 0, 12); give(seen, 12); free(body); continue;
        }
        if (mode == 18) {
            pthread_t thread; void *left = 0;
            uint32_t seen[3] = {fork() < 0, vfork() < 0, 0};
            if (!pthread_create(&thread, 0, work, 0)) pthread_join(thread, &left);
            seen[2] = left == (void *)42;
            frame("OKAY", 0, 12); give(seen, 12); free(body); continue;
        }
        if (mode == 14) { frame("OKAY", 0, (uint64_t)count * facts[2] * 4); give("abc", 3); for (;;) pause(); }
        if (mode == 15) return 7;
        if (mode == 16) usleep(400000);
        int64_t weights = 0;
        const int8_t *w = (const int8_t *)(body + (uint64_t)count * facts[0]);
        for (uint32_t i = 0; i < facts[1]; i++) weights += w[i];
        frame("OKAY", 0, (uint64_t)count * facts[2] * 4);
        for (uint32_t n = 0; n < count; n++) {
            int64_t sum = weights + facts[3];
            for (uint32_t i = 0; i < facts[0]; i++) sum += body[(uint64_t)n * facts[0] + i];
            for (uint32_t j = 0; j < facts[2]; j++) { uint32_t out = (uint32_t)(sum + j); give(&out, 4); }
        }
        if (mode == 17) give("more", 4);
        free(body);
    }
    return 0;
}
"""
BIAS = 1000
PLATFORM = "xilinx_u250_xdma_201830_2"


@pytest.fixture(scope="session")
def forbidden_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a payload of mode 5 tries to write."""
    return tmp_path_factory.mktemp("forbidden") / "written"


@pytest.fixture(scope="session")
def payload_program(tmp_path_factory: pytest.TempPathFactory, forbidden_file: Path) -> bytes:
    """The compiled payload."""
    needs.program("gcc")
    folder = tmp_path_factory.mktemp("payload")
    source, program = folder / "payload.c", folder / "payload"
    source.write_text(_SOURCE)
    written = f'-DWRITTEN="{forbidden_file}"'
    subprocess.run(["gcc", "-O1", "-w", "-pthread", written, "-o", program, source], check=True)
    return program.read_bytes()


@pytest.fixture(autouse=True)
def own_trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes the user's own list."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))


@pytest.fixture()
def make_manifest():
    """Manifest for kernel ``name`` with these shapes."""

    def make(program, memories, *, name="digits", image=(8, 8, 1), weights=(10, 16), k=3, fc=None, **more):
        parts = {"payload": program, "memories": memories} | ({} if fc is None else {"fc_weights": fc})
        digests = {part: hashlib.sha256(data).hexdigest() for part, data in parts.items()}
        values = {
            "network": name,
            "kernel": name,
            "instance": f"{name}_1",
            "toolchain": "open",
            "target": "sw_emu",
            "view": "hls",
            "parameters": manifest.Parameters("trained", "0" * 64),
            "clock_mhz": 250.0,
            "arguments": (
                manifest.Argument("in_r", image, ("uint8", "int8"), "in", "image", ("bank0",)),
                manifest.Argument("out_r", (k,), ("uint32",), "out", "image", ("bank0",)),
                manifest.Argument("weightsmem", weights, ("int8",), "in", "call", ("bank0", "PLRAM[0]")),
            ),
            "parts": digests,
            "payload": manifest.PayloadFacts(digests["payload"], "x86_64", "2.34", "x86-64-v2"),
            "labels": (),
        }
        return manifest.Manifest(**(values | more))

    return make


@pytest.fixture()
def make_kernel():
    """The reference register map for kernel ``name``."""

    def make(name="digits", units=1):
        argument = kernels.KernelArgument
        return kernels.Kernel(
            name,
            f"xilinx.com:hls:{name}:1.0",
            (
                kernels.Port("M_AXI_GMEM0", "master", 512, 0xFFFFFFFF),
                kernels.Port("M_AXI_GMEM1", "master", 32, 0xFFFFFFFF),
                kernels.Port("M_AXI_GMEM2", "master", 512, 0xFFFFFFFF),
                kernels.Port("S_AXI_CONTROL", "slave", 32, 0x1000),
            ),
            (
                argument("in_r", 0, "M_AXI_GMEM0", 0x10, 8, "ap_uint<512>*", kernels.POINTER),
                argument("out_r", 1, "M_AXI_GMEM1", 0x1C, 8, "ap_uint<32>*", kernels.POINTER),
                argument("weightsmem", 2, "M_AXI_GMEM2", 0x28, 8, "ap_uint<512>*", kernels.POINTER),
                argument("numReps", 3, "S_AXI_CONTROL", 0x34, 4, "uint", kernels.SCALAR),
            ),
            tuple(kernels.Instance(f"{name}_{1 + i}", 0x1800000 + 0x10000 * i) for i in range(units)),
        )

    return make


@pytest.fixture()
def banks():
    """The memories of the card, bank 2 unused, and small enough to be filled by a test."""
    return (
        MemoryBank("bank0", 1, True, 16 << 20, 0x4000000000),
        MemoryBank("bank1", 1, True, 16 << 20, 0x5000000000),
        MemoryBank("bank2", 1, False, 16 << 20, 0x6000000000),
        MemoryBank("PLRAM[0]", 2, True, 64, 0x3000000000),
    )


@pytest.fixture()
def compose(payload_program, make_manifest, make_kernel, banks):
    """An xclbin around the payload; keywords change the facts."""

    def make(
        *, mode=0, name="digits", image=(8, 8, 1), weights=(10, 16), k=3, units=1, fc=None, bias=BIAS, counts=(), **more
    ):
        sizes = [image[0] * image[1] * image[2], weights[0] * weights[1], k, bias, mode]
        memories = struct.pack("<5I", *sizes) + b"".join(text.encode() + b"\0" for text in counts)
        facts = make_manifest(
            payload_program, memories, name=name, image=image, weights=weights, k=k, fc=fc, **more.pop("facts", {})
        )
        kernel = make_kernel(name, units)
        xml = kernels.write_xml(
            [kernel],
            project=name,
            platform_vbnv=PLATFORM,
            fpga="xcu250-figd2104-2L-e",
            target="sw_emu",
            data_clock_mhz=250.0,
            kernel_clock_mhz=500.0,
        )
        connections = [Connection(a, u, 0) for u in range(units) for a in range(3)]
        connections += [Connection(2, u, 3) for u in range(units)]
        emulation = {"payload": payload_program, "memories": memories} | ({} if fc is None else {"fc_weights": fc})
        values = {
            "platform_vbnv": PLATFORM,
            "mode": xclbin.Mode.SW_EMU,
            "metadata": xml,
            "memories": banks,
            "ip_layout": [IpLayoutEntry(f"{name}:{i.name}", i.base_address, 1, 1) for i in kernel.instances],
            "connections": connections,
            "clocks": [Clock("DATA_CLK", 250, 1), Clock("KERNEL_CLK", 500, 2)],
            "manifest": facts.to_json(),
            "emulation": emulation,
        }
        return xclbin.compose(**(values | more))

    return make


@pytest.fixture()
def build(compose, payload_program, tmp_path, xrt_agrees):
    """As compose, written to a file that AMD's XRT opens too, where it is installed; the payload is trusted.

    Not `sound`: the file is broken on purpose, and XRT is not asked.
    """

    def make(file_name=None, trusted=True, sound=True, **options) -> Path:
        path = tmp_path / (file_name or f"{options.get('name', 'digits')}.xclbin")
        xclbin.write(compose(**options), path)
        if sound:
            xrt_agrees(path)
        if trusted:
            trust.trust(hashlib.sha256(payload_program).hexdigest(), "test payload")
        return path

    return make
