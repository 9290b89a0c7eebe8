"""`python -m blocks.reference > docs/network_file.md` writes the reference of network files."""

from __future__ import annotations

import sys

from blocks.reference.render import render

if __name__ == "__main__":
    sys.stdout.write(render())
