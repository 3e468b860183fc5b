"""Rendering: frames in, figures and pages out; never queries."""
