"""Judgement: the gate in front of the published warehouse, and disclosure control."""
