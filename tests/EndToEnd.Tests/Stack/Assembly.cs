using StellaOps.Backup.Testing.Stack;

[assembly: AssemblyFixture(typeof(LocalStack))]

// One stack serves all tests, and they break it on purpose: one at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
