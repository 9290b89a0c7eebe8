# The folder holds only the unpacked IP.
foreach file [lsort [glob -directory @folder/hdl/verilog *.v]] {
    read_verilog $file
}
# Vivado looks for ROM contents in the current folder.
foreach file [glob -nocomplain -directory @folder/hdl/verilog *.dat] {
    file copy -force $file .
}
# IPs that HLS instantiates come as scripts that create them.
foreach script [lsort [glob -nocomplain -directory @folder/hdl/ip *.tcl]] {
    source $script
}
