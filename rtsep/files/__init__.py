"""Whole files and arrays: separated as fast as it goes, aligned with what came in and exactly as long."""
