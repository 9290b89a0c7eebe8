"""Units of RTL measured beside others: the counted sums and the straightforward unit here, and FINN's."""
