"""Sums of gated bits as trees of counters, made for one number of lanes and one width of weights and activations.

A lane's product is the sum of 2**(i + j) * (bit j of the weight and bit i of the activation). So a beat is a heap of
bits, each in a column; a bit in column c is worth 2**c. Counters replace bits by fewer bits of the same worth, level by
level, until two rows are left. The accumulator adds these. `plan` decides which counter takes which bits, `text` writes
the SystemVerilog; the counters are in `../counters.sv`, the accumulator in `../sum.sv`.
"""
