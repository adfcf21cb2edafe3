"""Notes to `.apkg` packages: identity, time, bytes."""
