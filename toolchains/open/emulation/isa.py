"""The instruction set that machine code is compiled for."""

#: x86-64-v2 has the popcount instruction; every x86 server since 2009 supports it.
ISA_LEVEL = "x86-64-v2"
