"""Files, archives and arrays from elsewhere, read within limits that are checked before anything is copied.

``runtime/bounded`` is the same package once more, byte for byte: the runtime ships alone and imports nothing of ours.
A test compares the two. Change both.
"""
