using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

[assembly: AssemblyFixture(typeof(PostgresFixture))]
[assembly: AssemblyFixture(typeof(RabbitMqFixture))]

// The stacks use the names of queues that the product has, on one broker.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
