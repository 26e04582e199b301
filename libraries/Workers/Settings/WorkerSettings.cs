using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Workers.Settings;

/// <summary>Section <c>Worker</c>.</summary>
public sealed class WorkerSettings
{
    public const string Section = "Worker";

    /// <summary>Tasks at the same time in this process; null takes the default of the service.</summary>
    [Range(1, 64)]
    public int? Concurrency { get; set; }
}
