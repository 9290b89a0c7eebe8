"""One run of one step: processes, log, verdict."""
