"""Temperature, time on the local clock, and how gas follows the weather.

Here: what holds for every home alike.
Not here: what is fitted to the homes of a run (weather).
"""
