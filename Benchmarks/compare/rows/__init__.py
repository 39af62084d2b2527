"""One module for each row of the comparison: `run(bench)` measures and gives a `Table`."""
