using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Workers.Settings;

/// <summary>Section <c>Worker</c>.</summary>
public sealed class WorkerSettings
{
    public const string Section = "Worker";

    /// <summary>Tasks at the same time in this process; null takes the default of the service.</summary>
    [Range(1, 64)]
    public int? Concurrency { get; set; }

    /// <summary>How the machine is tested before the worker takes its first task.</summary>
    public SelfTest SelfTest { get; set; } = SelfTest.RoundTrip;
}

/// <summary>Tests of a machine.</summary>
public enum SelfTest
{
    /// <summary>Published examples of hash, cipher, key derivation and compression: a tenth of a second.</summary>
    KnownAnswers,

    /// <summary>After these, a backup and a restore of a megabyte in the scratch directory: a second or two more, some of which the first task then does not take.</summary>
    RoundTrip,
}
