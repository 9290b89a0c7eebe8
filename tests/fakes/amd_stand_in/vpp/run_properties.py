"""`--vivado.prop`: properties of Vivado's runs, projects and file sets, as accepted by v++."""

from __future__ import annotations

from pathlib import Path

from amd_stand_in.errors import ToolError
from amd_stand_in.vivado.objects import PROPERTIES
from amd_stand_in.vpp.options import Options


def scripts_of(options: Options) -> list[Path]:
    """The scripts that steps of runs must source. Raises ToolError for properties that v++ or Vivado refuses."""
    scripts = []
    for text in options.all("vivado.prop"):
        name, _, value = text.partition("=")
        parts = name.replace("{", "").replace("}", "").split(".", 2)
        if " " in name and "{" not in name:
            raise ToolError("v++ 60-1509", f"prop={text}: a property with blanks needs braces")
        if len(parts) != 3 or parts[0] not in ("run", "fileset", "project") or not value:
            raise ToolError("v++ 60-1509", f"prop={text}: expected object.name.property=value")
        if parts[0] != "run" or parts[1] not in ("impl_1", "synth_1", "__KERNEL__"):
            # Accept a misspelt run silently, like v++; it then has no effect.
            continue
        if parts[2].upper() not in PROPERTIES["run"]:
            raise ToolError("VPL 17-142", f"'{parts[2]}' is not a property of run '{parts[1]}'.")
        if parts[2].upper().endswith((".TCL.PRE", ".TCL.POST")):
            if not Path(value).is_absolute():
                raise ToolError("VPL 17-354", f"prop={text}: a script is named by an absolute path.")
            scripts.append(Path(value))
    return scripts
