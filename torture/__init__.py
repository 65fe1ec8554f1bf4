"""What canonica has to survive: kills, damaged files, bad values, bombs, full disks, crowds.

`python -m torture` (or `make torture`) does all of it and prints what came of it; a bad outcome is
exit code 1. docs/reliability.md says what the last long run found.
"""
