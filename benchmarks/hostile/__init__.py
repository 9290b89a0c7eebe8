"""Files that ask their reader for too much: for ``benchmarks.hostile_files`` and ``tests/security``."""
