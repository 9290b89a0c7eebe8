"""The device process behind AMD's XRT in hw_emu mode: what stands in the place of AMD's simulator."""
