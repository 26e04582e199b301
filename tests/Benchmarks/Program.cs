using System.CommandLine;
using StellaOps.Backup.Benchmarks.Commands;

return await new RootCommand("Measures the product against its peers.") { EngineCommand.Create(), PostgresCommand.Create() }.Parse(args).InvokeAsync();
