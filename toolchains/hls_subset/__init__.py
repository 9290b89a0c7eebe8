"""The subset of C++ that every release of HLS takes, checked on the syntax tree."""
