"""The service under faults: kills, full disks, clock jumps, lost connections."""
