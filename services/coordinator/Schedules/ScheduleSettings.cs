using System.ComponentModel.DataAnnotations;

namespace StellaOps.Backup.Coordinator.Schedules;

/// <summary>Section <c>Schedules</c>.</summary>
public sealed class ScheduleSettings : IValidatableObject
{
    public const string Section = "Schedules";

    /// <summary>What is said of schedules while <see cref="Enabled"/> is false.</summary>
    internal const string Off = "nothing starts by itself: Schedules:Enabled is false";

    /// <summary>False where timers or pipelines outside start everything: then nothing starts by itself.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Time zone of the schedules that are there from the first start on.</summary>
    [Required]
    public string TimeZone { get; set; } = "UTC";

    /// <summary>A run starts up to so many seconds after its due time, so that installations that share a storage do not start as one.</summary>
    [Range(0, 3600)]
    public int JitterSeconds { get; set; } = 120;

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out _))
        {
            yield return new ValidationResult($"'{TimeZone}' is not a time zone of this machine", [nameof(TimeZone)]);
        }
    }
}
