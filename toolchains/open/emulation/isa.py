"""What machine code is compiled for."""

#: x86-64-v2 has the popcount instruction and is found on every x86 server since 2009.
ISA_LEVEL = "x86-64-v2"
