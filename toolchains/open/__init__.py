"""The open toolchain: g++ and Python, on any machine and without a licence."""
