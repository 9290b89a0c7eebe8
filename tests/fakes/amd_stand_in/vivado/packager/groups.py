"""Names of the packager's file groups."""

FILE_GROUPS = (
    "xilinx_anylanguagesynthesis",
    "xilinx_anylanguagebehavioralsimulation",
    "xilinx_verilogsynthesis",
    "xilinx_verilogbehavioralsimulation",
    "xilinx_vhdlsynthesis",
    "xilinx_implementation",
    "xilinx_synthesischeckpoint",
    "xilinx_simulationcheckpoint",
    "xilinx_synthesisconstraints",
    "xilinx_testbench",
    "xilinx_xpgui",
    "xilinx_softwaredriver",
    "xilinx_examples",
)
