"""Automatic sending: the schedules that the operating system runs, one module for each kind of scheduler."""
