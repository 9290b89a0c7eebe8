"""The file formats: xclbin, its sections, the manifest. Each has one module that writes and reads it."""
