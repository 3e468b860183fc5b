"""Figures from published tables: each function takes tables and returns one `Exhibit`."""
