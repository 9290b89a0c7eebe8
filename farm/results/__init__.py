"""What is kept of runs: store, records, ledger, journal."""
