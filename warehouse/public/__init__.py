"""The published tier as files: public database, CSV, Parquet, data package; and the memory of releases.

Here: how published tables are written.
Not here: what may be published (quality/disclosure).
"""
