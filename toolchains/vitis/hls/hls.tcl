# @core: @purpose, for @program @release
open_project -reset @project
set_top @core
add_files @{core}_top.cpp -cflags "@flags"
add_files -tb {@bench} -cflags "@flags"
open_solution -reset @solution
set_part {@part}
create_clock -period @clock_ns -name default
# Pointers have 64 bits, as in the register map of kernel.xml.
config_interface -m_axi_addr64
@{prefixes}
config_export -format ip_catalog -vendor @vendor -library @library -ipname @core -version @version
@{commands}
puts "@done"
exit 0
