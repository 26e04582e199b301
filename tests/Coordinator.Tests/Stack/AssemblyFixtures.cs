using StellaOps.Backup.Testing.Postgres;
using StellaOps.Backup.Testing.RabbitMq;

[assembly: AssemblyFixture(typeof(PostgresFixture))]
[assembly: AssemblyFixture(typeof(RabbitMqFixture))]

// Every test has a database of its own, and every stack a virtual host; most of their time they wait.
[assembly: Xunit.v3.Parallelization(MaxThreads = 4)]
