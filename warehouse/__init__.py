"""Storage: the lake of Parquet objects, the DuckDB warehouse, and the figures that ship with Hearth."""
