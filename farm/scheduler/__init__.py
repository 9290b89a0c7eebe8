"""The event loop: a task waits, is restored or run, is published, and is recorded."""
