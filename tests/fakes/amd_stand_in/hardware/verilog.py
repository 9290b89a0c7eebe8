"""Read Verilog and SystemVerilog: module heads, ports with widths, instances, and a size.

There is no elaboration: generate loops count once, and an expression other than arithmetic on parameters is one bit.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from amd_stand_in.errors import ToolError
from amd_stand_in.hardware.component import Port
from amd_stand_in.hls.cpp import balanced, split

_KEYWORDS = frozenset(
    [
        "module",
        "endmodule",
        "input",
        "output",
        "inout",
        "wire",
        "reg",
        "logic",
        "parameter",
        "localparam",
        "assign",
        "always",
        "always_ff",
        "always_comb",
        "always_latch",
        "initial",
        "begin",
        "end",
        "if",
        "else",
        "for",
        "while",
        "case",
        "casez",
        "casex",
        "endcase",
        "generate",
        "endgenerate",
        "genvar",
        "function",
        "endfunction",
        "task",
        "endtask",
        "posedge",
        "negedge",
        "or",
        "and",
        "not",
        "typedef",
        "struct",
        "packed",
        "enum",
        "int",
        "integer",
        "bit",
        "byte",
        "signed",
        "unsigned",
        "automatic",
        "return",
        "default",
        "assert",
        "property",
        "assume",
        "cover",
        "import",
        "export",
        "unique",
        "priority",
        "foreach",
        "do",
        "repeat",
        "forever",
        "final",
        "static",
        "const",
        "string",
        "real",
        "time",
        "void",
        "package",
        "endpackage",
        "interface",
        "endinterface",
        "modport",
        "nor",
        "nand",
        "xor",
        "xnor",
        "buf",
        "specify",
        "endspecify",
    ]
)
_INSTANCE = re.compile(r"\b([A-Za-z_]\w*)\s*(#\s*\(|\s[A-Za-z_]\w*\s*\()")
_ATTRIBUTE = re.compile(r'\(\*\s*stand_in\s*=\s*"([^"]*)"\s*\*\)\s*module\s+(\w+)')
# Two ways to mark a module as a black box: an attribute, and the comment that `write_verilog -mode synth_stub` writes.
_BOX = re.compile(r"\(\*[^*]*\bblack_box\b[^*]*\*\)\s*module\s+(\w+)")
_STUB = re.compile(r"\bmodule\s+(\w+)\s*\([^()]*\)\s*/\* synthesis syn_black_box")
_LATER = re.compile(r"\b(input|output|inout)\s+(?:wire|reg|logic)?\s*((?:\[[^\]]*\]\s*)*)([\w\s,]+);")


@dataclass(frozen=True)
class Size:
    """LUTs, LUTs as memory, registers, BRAM18, URAM and DSP."""

    lut: int = 0
    lut_memory: int = 0
    ff: int = 0
    bram18: int = 0
    uram: int = 0
    dsp: int = 0

    def __add__(self, other: Size) -> Size:
        return Size(
            self.lut + other.lut,
            self.lut_memory + other.lut_memory,
            self.ff + other.ff,
            self.bram18 + other.bram18,
            self.uram + other.uram,
            self.dsp + other.dsp,
        )

    def __mul__(self, count: int) -> Size:
        return Size(*(each * count for each in self.values))

    @property
    def values(self) -> tuple[int, int, int, int, int, int]:
        """The counts, in the order of the fields."""
        return self.lut, self.lut_memory, self.ff, self.bram18, self.uram, self.dsp


@dataclass
class Module:
    """A module as written."""

    name: str
    parameters: list[tuple[str, str]]
    heads: list[tuple[str, str, str]]
    body: str
    file: str
    given: Size | None = None
    black_box: bool = False
    instances: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def environment(self, overrides: Mapping[str, int]) -> dict[str, int]:
        """The parameters' values."""
        found: dict[str, int] = {}
        for name, text in self.parameters:
            value = overrides.get(name, evaluate(text, found))
            if value is not None:
                found[name] = value
        for name, text in re.findall(r"\blocalparam\s+(?:\w+\s+)*?(\w+)\s*=\s*([^;,]+)[;,]", self.body):
            value = evaluate(text, found)
            if value is not None:
                found[name] = value
        return found

    def ports(self, overrides: Mapping[str, int]) -> list[Port]:
        """The ports with their widths. Raises ToolError if a width cannot be evaluated."""
        environment = self.environment(overrides)
        result = []
        for direction, vector, name in self.heads:
            width = width_of(vector, environment)
            if width is None:
                raise ToolError(
                    "Stand-in 1-3",
                    f"{self.file}: the width {vector} of port '{name}' of '{self.name}' is not understood",
                )
            result.append(Port(name, {"input": "in", "output": "out", "inout": "inout"}[direction], width))
        return result


def evaluate(text: str, environment: Mapping[str, int]) -> int | None:
    """The value of an expression over whole numbers and parameters; None for anything else."""
    text = re.sub(r"\d*'[sS]?d?([0-9]+)", r"\1", text.strip())
    text = re.sub(r"\b[A-Za-z_]\w*\b", lambda m: str(environment.get(m[0], m[0])), text.replace("$clog2", "clog2"))
    if not re.fullmatch(r"(?:clog2|[\d\s+\-*/%()<>=!?:])+", text):
        return None
    if found := re.fullmatch(r"(.+?)\?(.+?):(.+)", text):
        test = evaluate(found[1], environment)
        return None if test is None else evaluate(found[2] if test else found[3], environment)
    if "?" in text or ":" in text or "!" in text.replace("!=", ""):
        return None
    try:
        # The text now contains only digits, operators and clog2.
        return int(eval(text.replace("/", "//"), {"__builtins__": {}}, {"clog2": lambda n: max(0, n - 1).bit_length()}))
    except (SyntaxError, ArithmeticError, TypeError, ValueError):
        return None


def width_of(vector: str, environment: Mapping[str, int]) -> int | None:
    """Bits of `[a:b][c:d]`; an empty range is one bit."""
    total = 1
    for left, right in re.findall(r"\[([^\]:]+):([^\]]+)\]", vector):
        a, b = evaluate(left, environment), evaluate(right, environment)
        if a is None or b is None:
            return None
        total *= abs(a - b) + 1
    return total


@cache
def read(text: str, file: str) -> tuple[Module, ...]:
    """The modules of a file. They are never changed, so they can be cached by file."""
    given = {name: _given(value) for value, name in _ATTRIBUTE.findall(text)}
    boxes = set(_BOX.findall(text)) | set(_STUB.findall(text))
    text = re.sub(r"/\*.*?\*/", " ", re.sub(r"//[^\n]*", "", text), flags=re.S)
    text = re.sub(r"\(\*(?!\s*\)).*?\*\)", " ", text, flags=re.S)
    text = re.sub(r'"[^"\n]*"', '""', text)
    modules = []
    for found in re.finditer(r"\bmodule\s+(\w+)", text):
        end = text.find("endmodule", found.end())
        if end < 0:
            raise ToolError(
                "Synth 8-2715", f"syntax error near end of file: module '{found[1]}' has no endmodule [{file}]"
            )
        modules.append(_module(found[1], text[found.end() : end], file, given.get(found[1])))
        modules[-1].black_box = found[1] in boxes
    return tuple(modules)


def _given(text: str) -> Size:
    values = dict(word.split("=") for word in text.split())
    return Size(
        int(values["LUT"]), 0, int(values["FF"]), int(values["BRAM18"]), int(values["URAM"]), int(values["DSP"])
    )


def _module(name: str, text: str, file: str, given: Size | None) -> Module:
    at = 0
    parameters: list[tuple[str, str]] = []
    if found := re.match(r"\s*(?:import[^;]*;)?\s*#\s*\(", text):
        end = balanced(text, found.end() - 1)
        for part in split(text[found.end() : end - 1], "([{)]}"):
            match = re.search(r"(\w+)\s*=\s*(.+)$", part, re.S)
            if match:
                parameters.append((match[1], match[2]))
        at = end
    heads: list[tuple[str, str, str]] = []
    if found := re.match(r"\s*\(", text[at:]):
        end = balanced(text, at + found.end() - 1)
        direction = vector = ""
        inside = text[at + found.end() : end - 1]
        # The older form of a head only names the ports; their directions are in the body.
        later = (
            {n.strip(): (d, v) for d, v, names in _LATER.findall(text[end:]) for n in names.split(",")}
            if not re.search(r"\b(input|output|inout)\b", inside)
            else {}
        )
        for part in split(text[at + found.end() : end - 1], "([{)]}"):
            match = re.match(
                r"(?:(input|output|inout)\b)?\s*(?:wire|logic|reg|var)?\s*(?:signed|unsigned)?\s*((?:\[[^\]]*\]\s*)*)(\w+)$",
                part,
            )
            if match is None:
                raise ToolError("Synth 8-2715", f"syntax error near '{part[:40]}' in the ports of '{name}' [{file}]")
            if match[3] in later:
                direction, vector = later[match[3]]
            if match[1]:
                direction, vector = match[1], match[2]
            if not direction:
                raise ToolError("Stand-in 1-3", f"{file}: module '{name}' has ports without directions in its head")
            heads.append((direction, vector, match[3]))
        at = end
    body = text[at:]
    module = Module(name, parameters, heads, body, file, given)
    module.instances = list(_instances(body))
    return module


def _instances(body: str):
    at = 0
    while found := _INSTANCE.search(body, at):
        at = found.start(1) + len(found[1])
        # Look only at the word before it: searching the whole body takes seconds for a module with a thousand instances.
        before = re.search(r"(\w+|\.|`)\s*$", body[max(0, found.start(1) - 200) : found.start(1)])
        if found[1] in _KEYWORDS or (
            before
            and (
                before[1] in (".", "`", "function", "task", "automatic")
                or before[1]
                in _KEYWORDS - {"begin", "end", "else", "generate", "endcase", "endfunction", "endtask", "endgenerate"}
            )
        ):
            continue
        overrides: dict[str, str] = {}
        rest = at
        if found[2].startswith("#"):
            open_ = body.index("(", at)
            rest = balanced(body, open_)
            overrides = dict(re.findall(r"\.(\w+)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)", body[open_:rest]))
        name = re.match(r"\s*([A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)?\(", body[rest:])
        if name is None or name[1] in _KEYWORDS:
            continue
        end = balanced(body, rest + name.end() - 1)
        if re.match(r"\s*;", body[end:]):
            yield found[1], name[1], overrides
            at = end


def own_size(module: Module, environment: Mapping[str, int]) -> Size:
    """The size of the module itself: registers by declared widths, memories by bits, logic by operators."""
    if module.given is not None:
        return module.given
    ff = bram = lut_memory = 0
    assigned = set(re.findall(r"(?:^|[;{}\s])(\w+)\s*(?:\[[^\]]*\])?\s*<=", module.body))
    for vector, names in re.findall(r"\b(?:reg|logic)\s*(?:signed\s*)?((?:\[[^\]]*\]\s*)*)([^;=()]+);", module.body):
        width = width_of(vector, environment) or 1
        for part in names.split(","):
            words = re.match(r"\s*(\w+)\s*((?:\[[^\]]*\])*)", part)
            if words is None:
                continue
            if words[2]:
                bits = width * (width_of(words[2], environment) or 1)
                bram += -(-bits // 18432) if bits > 4096 else 0
                lut_memory += -(-bits // 64) if bits <= 4096 else 0
            elif words[1] in assigned:
                ff += width
    ff += sum(
        width_of(vector, environment) or 1
        for direction, vector, name in module.heads
        if direction == "output" and name in assigned
    )
    operators = len(re.findall(r"[-+&|^<>]|==", module.body))
    products = len(re.findall(r"\w\s\*\s\w", module.body)) if "use_dsp" in module.body else 0
    return Size(operators + ff // 2 + lut_memory, lut_memory, ff, bram, 0, products)
