using StellaOps.Backup.Testing.S3;

[assembly: AssemblyFixture(typeof(S3Fixture))]

// Every test has a directory, a bucket or a container of its own; most of their time they wait.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.All)]
