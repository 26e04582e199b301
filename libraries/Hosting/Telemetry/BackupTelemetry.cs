using System.Diagnostics;

namespace StellaOps.Backup.Hosting.Telemetry;

/// <summary>The product's own source of spans.</summary>
public static class BackupTelemetry
{
    public const string SourceName = "StellaOps.Backup";

    /// <summary>Spans of operations, tasks and their phases.</summary>
    public static ActivitySource Source { get; } = new(SourceName);
}
