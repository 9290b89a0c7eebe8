"""Vivado's objects and their properties. A property that is not listed for a kind of object is an error.

Names are from AMD UG912 and UG835, as used in public scripts; the packager's are from the RTL kernel wizard's scripts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from amd_stand_in.errors import ToolError

_STEPS = (
    "INIT_DESIGN",
    "OPT_DESIGN",
    "POWER_OPT_DESIGN",
    "PLACE_DESIGN",
    "POST_PLACE_POWER_OPT_DESIGN",
    "PHYS_OPT_DESIGN",
    "ROUTE_DESIGN",
    "POST_ROUTE_PHYS_OPT_DESIGN",
    "WRITE_BITSTREAM",
)
_RUN = {
    "PROGRESS", "STATUS", "NEEDS_REFRESH", "DIRECTORY", "PART", "STRATEGY", "FLOW", "IS_SYNTHESIS", "IS_IMPLEMENTATION",
    "CURRENT_STEP", "STATS.WNS", "STATS.TNS", "STATS.WHS", "STATS.THS", "STATS.TPWS", "STATS.FAILED_NETS", "STATS.ELAPSED",
    "AUTO_INCREMENTAL_CHECKPOINT", "INCREMENTAL_CHECKPOINT",
    *(f"STEPS.SYNTH_DESIGN.ARGS.{name}" for name in ("MORE OPTIONS", "DIRECTIVE", "FLATTEN_HIERARCHY", "RETIMING", "ASSERT")),
    *(f"STEPS.{step}.{name}" for step in (*_STEPS, "SYNTH_DESIGN") for name in ("TCL.PRE", "TCL.POST", "IS_ENABLED")),
    *(f"STEPS.{step}.ARGS.{name}" for step in _STEPS for name in ("DIRECTIVE", "MORE OPTIONS")),
    "STEPS.WRITE_BITSTREAM.ARGS.BIN_FILE",
}  # fmt: skip
READ_ONLY = {
    "PROGRESS",
    "STATUS",
    "DIRECTORY",
    "CURRENT_STEP",
    "STATS.WNS",
    "STATS.TNS",
    "STATS.WHS",
    "STATS.THS",
    "VLNV",
    "TYPE_OF",
}
PROPERTIES: dict[str, set[str]] = {
    "project": {"NAME", "DIRECTORY", "PART", "BOARD_PART", "DEFAULT_LIB", "TARGET_LANGUAGE", "SIMULATOR_LANGUAGE", "IP_REPO_PATHS", "IP_OUTPUT_REPO", "IP_CACHE_PERMISSIONS", "XPM_LIBRARIES", "DSA.NUM_COMPUTE_UNITS", "SOURCE_MGMT_MODE", "PLATFORM.VENDOR", "PLATFORM.NAME"},
    "fileset": {"NAME", "TOP", "TOP_FILE", "IP_REPO_PATHS", "GENERIC", "VERILOG_DEFINE", "INCLUDE_DIRS"},
    "run": {"NAME", *_RUN},
    "file": {"NAME", "SYNTH_CHECKPOINT_MODE", "GENERATE_SYNTH_CHECKPOINT", "USED_IN", "USED_IN_SYNTHESIS", "USED_IN_IMPLEMENTATION", "PROCESSING_ORDER", "FILE_TYPE", "SCOPED_TO_REF", "SCOPED_TO_CELLS", "IS_ENABLED"},
    "ip": {"NAME", "VLNV", "IPDEF", "GENERATE_SYNTH_CHECKPOINT", "IP_FILE"},
    "ipdef": {"NAME", "VLNV", "VERSION", "VENDOR", "LIBRARY"},
    "design": {"NAME", "PART", "TOP"},
    "port": {"NAME", "DIRECTION", "HD.CLK_SRC", "IS_CLOCK"},
    "cell": {"NAME", "REF_NAME", "IS_BLACKBOX", "IS_PRIMITIVE", "DONT_TOUCH", "KEEP_HIERARCHY", "INIT", *(f"INIT_{at:02X}" for at in range(128)), *(f"INITP_{at:02X}" for at in range(16))},
    "clock": {"NAME", "PERIOD"},
    "pblock": {"NAME", "IS_SOFT", "CONTAIN_ROUTING", "EXCLUDE_PLACEMENT"},
    "slr": {"NAME"},
    "site": {"NAME", "SITE_TYPE", "SLR_INDEX", "CLOCK_REGION", "IS_USED"},
    "pin": {"NAME", "DIRECTION", "REF_PIN_NAME", "IS_CLOCK"},
    "net": {"NAME", "CLOCK_DELAY_GROUP", "USER_CLOCK_ROOT", "TYPE", "DONT_TOUCH", "PARENT"},
    "bd_design": {"NAME", "FILE_NAME"},
    "bd_cell": {"NAME", "VLNV", "PATH"},
    "bd_pin": {"NAME", "DIR", "TYPE", "PATH"},
    "bd_port": {"NAME", "DIR", "TYPE", "PATH"},
    "bd_intf_pin": {"NAME", "MODE", "VLNV", "PATH"},
    "bd_intf_port": {"NAME", "MODE", "VLNV", "PATH"},
    "bd_net": {"NAME", "PATH"},
    "bd_intf_net": {"NAME", "PATH"},
    "bd_addr_seg": {"NAME", "OFFSET", "RANGE", "PATH"},
    "bd_addr_space": {"NAME", "PATH"},
    "core": {"SDX_KERNEL", "SDX_KERNEL_TYPE", "SUPPORTED_FAMILIES", "AUTO_FAMILY_SUPPORT_LEVEL", "XPM_LIBRARIES", "CORE_REVISION", "VENDOR", "LIBRARY", "NAME", "VERSION", "DISPLAY_NAME", "DESCRIPTION", "TAXONOMY", "IPI_DRC", "VITIS_DRC", "VLNV", "ROOT_DIRECTORY"},
    "ipx_file": {"TYPE", "USED_IN", "NAME", "LIBRARY_NAME"},
    "ipx_file_group": {"MODEL_NAME", "COMPONENT_SUBCORES", "DISPLAY_NAME", "ENV_IDS", "LANGUAGE", "NAME", "TYPE"},
    "ipx_bus": {"NAME", "SLAVE_MEMORY_MAP_REF", "MASTER_ADDRESS_SPACE_REF", "INTERFACE_MODE", "ABSTRACTION_TYPE_VLNV", "BUS_TYPE_VLNV", "DISPLAY_NAME"},
    "ipx_parameter": {"NAME", "VALUE", "DISPLAY_NAME", "VALUE_RESOLVE_TYPE"},
    "ipx_map": {"NAME", "DISPLAY_NAME"},
    "ipx_block": {"NAME", "RANGE", "BASE_ADDRESS", "WIDTH", "USAGE", "OFFSET_BASE_PARAM", "OFFSET_HIGH_PARAM"},
    "ipx_register": {"NAME", "ADDRESS_OFFSET", "SIZE", "DESCRIPTION", "DISPLAY_NAME"},
    "ipx_space": {"NAME", "RANGE", "WIDTH"},
    "ipx_port": {"NAME", "DIRECTION"},
    "ipx_segment": {"NAME", "RANGE", "OFFSET"},
    "ipx_port_map": {"NAME", "PHYSICAL_NAME"},
    "ipx_user_parameter": {"NAME", "VALUE"},
    "ipx_field": {"NAME", "BIT_OFFSET", "BIT_WIDTH", "DESCRIPTION", "ACCESS"},
}  # fmt: skip
VALUES = {
    ("file", "SYNTH_CHECKPOINT_MODE"): ("None", "Singular", "Hierarchical"),
    ("core", "SDX_KERNEL"): ("true", "false"),
    ("core", "SDX_KERNEL_TYPE"): ("rtl", "hls"),
    ("core", "AUTO_FAMILY_SUPPORT_LEVEL"): ("level_0", "level_1", "level_2"),
}
CONTENTS = {
    "LUT5": {"INIT": 32},
    "LUT6": {"INIT": 64},
    "RAMB18E2": {**{f"INIT_{at:02X}": 256 for at in range(64)}, **{f"INITP_{at:02X}": 256 for at in range(8)}},
    "RAMB36E2": {**{f"INIT_{at:02X}": 256 for at in range(128)}, **{f"INITP_{at:02X}": 256 for at in range(16)}},
}
"""Properties for contents of each primitive, with their bits (AMD UG974)."""
WITH_CONFIG = {"ip", "bd_cell", "bd_pin", "bd_port", "bd_intf_pin", "bd_intf_port"}


@dataclass(eq=False)
class Thing:
    """An object; Tcl sees its `handle`. `owner` and `data` are the thing that it describes."""

    kind: str
    handle: str
    properties: dict[str, str] = field(default_factory=dict)
    owner: Thing | None = None
    data: object = None
    children: list[Thing] = field(default_factory=list)
    on_set: Callable[[str, str], str | None] | None = None
    on_get: Callable[[str], str | None] | None = None

    @property
    def name(self) -> str:
        """Its name."""
        return self.properties.get("NAME", self.handle)

    def knows(self, name: str) -> bool:
        """Whether objects of this kind have a property."""
        upper = name.upper()
        if upper.startswith("CONFIG.") and self.kind in WITH_CONFIG:
            return True
        return upper in PROPERTIES[self.kind]

    def set(self, name: str, value: str) -> None:
        """Set a property. Raises ToolError for an unknown property or an invalid value."""
        upper = name.upper()
        if not self.knows(name):
            raise ToolError("Common 17-142", f"'{name}' is not a property of {self.kind} '{self.handle}'.")
        if upper in READ_ONLY and self.kind in ("run", "ipdef", "bd_cell", "ip"):
            raise ToolError("Common 17-107", f"Cannot change read-only property '{upper}'.")
        allowed = VALUES.get((self.kind, upper))
        if allowed and value.lower() not in (word.lower() for word in allowed):
            raise ToolError(
                "Common 17-161",
                f"Invalid option value '{value}' specified for '{name}'. Allowed: {', '.join(allowed)}.",
            )
        if upper == "CORE_REVISION" and not (value.isdigit() and int(value) < 2**31):
            raise ToolError("Common 17-161", f"'{value}' is an invalid argument. Please specify an integer value.")
        if self.on_set is not None:
            value = self.on_set(upper, value) or value
        self.properties[upper] = value

    def get(self, name: str) -> str:
        """The value of a property; empty if never set. Raises ToolError for an unknown property."""
        if not self.knows(name):
            raise ToolError("Common 17-142", f"'{name}' is not a property of {self.kind} '{self.handle}'.")
        made = self.on_get(name.upper()) if self.on_get is not None else None
        return self.properties.get(name.upper(), "") if made is None else made
