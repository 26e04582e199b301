using StellaOps.Backup.Testing.S3;

[assembly: AssemblyFixture(typeof(S3Fixture))]
