"""Target sw_emu: cores compiled by g++ and joined into one program."""
