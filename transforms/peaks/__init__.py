"""The peak of many homes together.

Here: cold days, draws of homes, curves of diversity, published peak rules.
Not here: what a peak costs (lcoh).
"""
