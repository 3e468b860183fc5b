"""Temperature, time on the local clock, and how gas follows the weather.

Here: laws that hold for every home alike.
Not here: what is fitted to the homes of a run (weather).
"""
