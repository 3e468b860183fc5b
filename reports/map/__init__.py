"""The heat map: one page that draws itself from the borders and figures of areas, and asks nobody for anything.

Here: what the page holds, as few numbers as possible.
Not here: the tables (transforms/areas), the drawing (assets/map.js).
"""
