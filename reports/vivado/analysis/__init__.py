"""Reports of Vivado about paths, nets, clocks and memories of a design, beside its use and its timing summary."""
