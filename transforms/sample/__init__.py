"""A made-up trial with a known truth: homes, what they truly use, and what their meters deliver of it."""
