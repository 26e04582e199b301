// Every test has a store or a directory of its own; the one that measures the heap is alone in its collection.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.All)]
