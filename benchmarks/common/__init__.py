"""Code that several benchmarks share: evalkit, tables, paths, server processes, stores."""
