"""Runs the code of question files and compares what it prints with what was accepted.

Kept empty on purpose: a block's process imports this package before the block's own imports.
"""
