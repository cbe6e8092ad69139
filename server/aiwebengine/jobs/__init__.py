"""The engine of runs, and the schedules of tasks."""
