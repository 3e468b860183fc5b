"""Areas of London: their homes, heat, peaks and costs, the check against published gas, and the search around a site.

Only this room knows geometry (shapely) and map projections (pyproj).
"""
