"""How the heat of a type follows temperature, and its demand in normal weather.

Here: fits, and the demand that follows from them.
Not here: temperature itself (climate).
"""
