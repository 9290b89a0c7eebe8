"""Files that ask their reader for too much: for ``benchmarks.hostile`` and ``tests/security``."""
