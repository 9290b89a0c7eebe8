"""Reports of the kinds that the corpus does not have, made by hand in the forms that the tools print."""

# ruff: noqa: E501 - tables as wide as Vivado prints them

from __future__ import annotations

import json


def head(command: str, title: str, version: str = "2022.2") -> str:
    return f"""Copyright 1986-2022 Xilinx, Inc. All Rights Reserved.
------------------------------------------------------------
| Tool Version : Vivado v.{version} (lin64) Build 3671981
| Date         : Mon Mar  3 10:00:00 2025
| Command      : {command} -file x.rpt
| Design       : top
| Device       : xcu50-fsvh2104
------------------------------------------------------------

{title}

"""


def path(slack: str, verdict: str, kind: str, end: str = "b_reg/D") -> str:
    return f"""Slack{verdict} :        {slack}  (required time - arrival time)
  Source:                 a_reg/C
                            (rising edge-triggered cell FDRE clocked by clk)
  Destination:            {end}
  Path Group:             clk
  Path Type:              {kind}
  Requirement:            3.333ns  (clk rise@3.333ns - clk rise@0.000ns)
  Data Path Delay:        3.500ns  (logic 1.000ns (28.571%)  route 2.500ns (71.429%))
  Logic Levels:           9  (CARRY8=2 LUT6=7)

    Location             Delay type                Incr(ns)  Path(ns)
                         slack                                 {slack.removesuffix("ns")}

"""


TIMING = head("report_timing -max_paths 3", "Timing Report")
SETUP = path("0.250ns", " (MET)", "Setup (Max at Slow Process Corner)")
WORSE = path("-0.125ns", " (VIOLATED)", "Setup (Max at Slow Process Corner)", "c_reg/D")
HOLD = path("0.031ns", " (MET)", "Hold (Min at Fast Process Corner)")

ROUTE = """Design Route Status
                                               :      # nets :
   ------------------------------------------- : ----------- :
   # of logical nets.......................... :         100 :
       # of nets not needing routing.......... :          20 :
           # of internally routed nets........ :          20 :
       # of routable nets..................... :          80 :
           # of unrouted nets................. :           3 :
           # of fully routed nets............. :          75 :
       # of nets with routing errors.......... :           2 :
           # of nets with some unplaced pins.. :           1 :
           # of nets with resource conflicts.. :           1 :
   ------------------------------------------- : ----------- :
"""

SKEW = """Table of Contents
-----------------
1. Bus Skew Report Summary
2. Bus Skew Report Per Constraint

1. Bus Skew Report Summary
--------------------------

Id  Position  From                            To                              Corner  Requirement(ns)  Actual(ns)  Slack(ns)
--  --------  ------------------------------  ------------------------------  ------  ---------------  ----------  ---------
1   63        [get_cells {a_reg[*]}]          [get_cells {b_reg[*]}]          Slow             10.000       0.703      9.297
2   65        [get_cells -hier -filter {NAME =~ *a*}]
                                              [get_cells {c_reg[*]}]
                                                                              Fast              2.000       2.500     -0.500


2. Bus Skew Report Per Constraint
---------------------------------
"""

CONTROL = """1. Summary
----------

+----------------------------------------------------------+-------+
|                          Status                          | Count |
+----------------------------------------------------------+-------+
| Total control sets                                       |    42 |
|    Minimum number of control sets                        |    40 |
| Unused register locations in slices containing registers |   101 |
+----------------------------------------------------------+-------+

3. Flip-Flop Distribution
-------------------------

+--------------+-----------------------+------------------------+-----------------+--------------+
| Clock Enable | Synchronous Set/Reset | Asynchronous Set/Reset | Total Registers | Total Slices |
+--------------+-----------------------+------------------------+-----------------+--------------+
| No           | Yes                   | No                     |              25 |           14 |
+--------------+-----------------------+------------------------+-----------------+--------------+
"""

SUGGESTIONS = """1. QoR Suggestions Report Summary
---------------------------------

+-----------------------+----------+-----------+--------------+----------------+-----------+------------------+
|          Name         |    Id    |  Status   | Generated At | Applicable For | Automatic |    Description   |
+-----------------------+----------+-----------+--------------+----------------+-----------+------------------+
| RQS_XDC-1-1           | RQS_XDC-1 | GENERATED | route_design | place_design   | Yes       | Add a constraint |
+-----------------------+----------+-----------+--------------+----------------+-----------+------------------+
"""

RAM = """1. Summary
----------

+-------------+------------+-----------+-------+
| Memory Type | Total Used | Available | Util% |
+-------------+------------+-----------+-------+
| BlockRAM    |       12.5 |      1344 |  0.93 |
| URAM        |          2 |       640 |  0.31 |
+-------------+------------+-----------+-------+

2. Memory Description
---------------------

+-------------+------------+------------+
| Memory Name | Array Size | RAM Type   |
+-------------+------------+------------+
| u0/mem_reg  | 1024x36    | RAMB36     |
+-------------+------------+------------+

3. Memory Performance
---------------------

+-------------+-------+
| Memory Name | Slack |
+-------------+-------+
| u0/mem_reg  | 0.250 |
+-------------+-------+
"""

FANOUT = """1. Summary
----------

+-------------+--------+-------------+-----------------+-----------------+
|   Net Name  | Fanout | Driver Type | Worst Slack(ns) | Worst Delay(ns) |
+-------------+--------+-------------+-----------------+-----------------+
| u0/enable   |  15000 | FDRE        |          -0.104 |           2.450 |
| u0/x[3]     |    120 | LUT6        |                 |           0.900 |
+-------------+--------+-------------+-----------------+-----------------+
"""

CDC = """Severity  Source Clock  Destination Clock  CDC Type               Exceptions           Endpoints  Safe  Unsafe  Unknown  No ASYNC_REG
--------  ------------  -----------------  ---------------------  -------------------  ---------  ----  ------  -------  ------------
Critical  clk_a         clk_b              No Common Clock        None                        12    10       2        0             0
Info      clk_b         clk_a              Safely Timed           Asynch Clock Groups          3     3       0        0             1

Source Clock: clk_a
Destination Clock: clk_b

ID      Severity  Count  Description
------  --------  -----  ------------------------------
CDC-1   Critical      2  1-bit unknown CDC circuitry
CDC-3   Info         10  1-bit synchronized with ASYNC_REG property

Source Clock: clk_b
Destination Clock: clk_a

ID      Severity  Count  Description
------  --------  -----  ------------------------------
CDC-3   Info          3  1-bit synchronized with ASYNC_REG property
"""

PLATFORM = """==========================
Basic Platform Information
==========================
Platform:           gen3x16_example
File:               /opt/xilinx/platforms/example.xpfm
Description:
    A platform for tests: all values are made up.

=====================================
Hardware Platform (Shell) Information
=====================================
Vendor:                           xilinx
Board:                            U999
Version:                          202020.1
Generated Version:                2020.2
FPGA Family:                      virtexuplus
FPGA Device:                      xcu999
Board Part:

=================
Clock Information
=================
  Default Clock Index: 1
  Clock Index:         1
    Frequency:         500.000000
  Clock Index:         0
    Frequency:         300.000000

==================
Memory Information
==================
  Bus SP Tag: DDR
    Segment Index: 0
      Consumption: default
      SLR:         SLR0
    Segment Index: 1
      Consumption: automatic
      SLR:         SLR1
  Bus SP Tag: PLRAM

=====================
Resource Availability
=====================
  =====
  Total
  =====
    LUTs:   1000
    DSPs:   20

  =======
  Per SLR
  =======
    SLR0:
      LUTs:   600
    SLR1:
      LUTs:   400
"""

EXAMINED = {
    "schema_version": {"schema": "JSON", "creation_date": "Mon Mar  3 10:00:00 2025 GMT"},
    "system": {
        "host": {
            "os": {"sysname": "Linux", "hostname": "box"},
            "xrt": {"version": "2.14.354", "branch": "2022.2"},
            "devices": [
                {"bdf": "0000:65:00.1", "vbnv": "xilinx_u250_example", "is_ready": "true"},
                {"bdf": "0000:b3:00.1", "vbnv": "xilinx_u50_example", "is_ready": "false"},
            ],
        }
    },
    "devices": [
        {
            "device_id": "0000:65:00.1",
            "device_status": "HEALTHY",
            "electrical": {"power_consumption_watts": "26.5"},
            "platforms": [
                {
                    "static_region": {"vbnv": "xilinx_u250_example"},
                    "clocks": {"clocks": [{"id": "KERNEL_CLK", "freq_mhz": "500"}]},
                }
            ],
            "dynamic_regions": [
                {
                    "xclbin_uuid": "11111111-2222-3333-4444-555555555555",
                    "compute_units": [{"name": "k:k_1", "base_address": "0x1800000", "status": {"bits_set": ["IDLE"]}}],
                }
            ],
        }
    ],
}

CRASH = """#
# An unexpected error has occurred (11)
#
Stack:
/lib/x86_64-linux-gnu/libc.so.6(+0x43090) [0x7fb2d1e98090]
/opt/Xilinx/Vivado/2022.1/lib/lnx64.o/librdi_place.so(HAPLTask::run()+0x1a) [0x7fb27b296c81]
/opt/Xilinx/Vivado/2022.1/lib/lnx64.o/librdi_commontasks.so(+0xbead23) [0x7fb27b28ad23]
"""

JAVA = """#
# A fatal error has been detected by the Java Runtime Environment:
#
#  SIGSEGV (0xb) at pc=0x00007f33, pid=4711, tid=0x00007f34
#
# JRE version: 11.0
# Problematic frame:
# C  [libc.so.6+0x18dcd5]
"""

SEVERITIES = ("Fatal", "Error", "Critical Warning", "Warning", "Advisory", "Info")


def methodology() -> str:
    """The summary of a report in which each severity is found once more often than the one before."""
    rows = "".join(f"| TIMING-{at}  | {name:16} | words       | {at + 1:10} |\n" for at, name in enumerate(SEVERITIES))
    rule = "+-----------+------------------+-------------+------------+\n"
    table = rule + "| Rule      | Severity         | Description | Violations |\n" + rule + rows + rule
    return f"1. REPORT SUMMARY\n-----------------\n            Netlist: netlist\n             Violations found: 21\n{table}"


LAYERS = {"MVAU_hls_0": {"BRAM_18K": 5, "BRAM_efficiency": 0.5, "LUT": 317}, "total": {"LUT": 329.0}}

MADE = {
    "vivado_timing": TIMING + SETUP + WORSE + HOLD,
    "vivado_route_status": ROUTE,
    "vivado_bus_skew": head("report_bus_skew", "Bus Skew Report") + SKEW,
    "vivado_control_sets": head("report_control_sets", "Control Set Information") + CONTROL,
    "vivado_qor_suggestions": head("report_qor_suggestions", "Report QoR Suggestions") + SUGGESTIONS,
    "vivado_ram_utilization": head("report_ram_utilization", "RAM Utilization Report") + RAM,
    "vivado_high_fanout_nets": head("report_high_fanout_nets", "High Fan-out Nets Information") + FANOUT,
    "vivado_cdc": head("report_cdc -details", "CDC Report") + CDC,
    "vivado_methodology": head("report_methodology", "Report Methodology") + methodology(),
    "vitis_platform_info": PLATFORM,
    "xrt_examine": json.dumps(EXAMINED, indent=2),
    "finn_layer_resources": json.dumps(LAYERS, indent=2),
    "crash_report": CRASH,
}
"""A text of each kind, by the kind's name."""
