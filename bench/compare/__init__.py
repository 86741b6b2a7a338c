"""Forerun beside the servers that a user would pick instead; python3 bench/compare --help."""
