namespace StellaOps.Backup.Hosting.Tests.Settings;

/// <summary>Tests that set variables of this process: every host that starts meanwhile would read them, so nothing runs beside.</summary>
[CollectionDefinition(nameof(ProcessEnvironment), DisableParallelization = true)]
public sealed class ProcessEnvironment;
