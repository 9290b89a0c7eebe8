# The folder holds what was unpacked from the IP and nothing else.
foreach file [lsort [glob -directory @folder/hdl/verilog *.v]] {
    read_verilog $file
}
# Contents of ROMs are looked up where the sources are read from.
foreach file [glob -nocomplain -directory @folder/hdl/verilog *.dat] {
    file copy -force $file .
}
# IPs that HLS itself uses come as scripts that create them.
foreach script [lsort [glob -nocomplain -directory @folder/hdl/ip *.tcl]] {
    source $script
}
