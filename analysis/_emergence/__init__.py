"""First passages of runs, and the threshold at which an ability appears."""
