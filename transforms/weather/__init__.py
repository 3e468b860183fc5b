"""How the heat of a type follows temperature, and its demand in normal weather.

Here: fits and what is worked out from them.
Not here: temperature itself (climate).
"""
