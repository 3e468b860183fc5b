"""From readings to heat: hours, cells, study periods, selection, profiles, annual demand.

Here: estimates of what homes of a type need.
Not here: correction to normal weather (weather) and peaks of many homes (peaks).
"""
