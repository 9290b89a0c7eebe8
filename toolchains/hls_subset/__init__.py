"""The subset of C++ that every HLS release accepts, checked on the syntax tree."""
