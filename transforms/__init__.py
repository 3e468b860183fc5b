"""Pure computation: frames in, frames out; no I/O, no clock, no logging."""
