namespace StellaOps.Backup.Coordinator.Tasks;

/// <summary>What a look at the clock found: both of one reading, so that no jump lies between them.</summary>
/// <param name="Now">What the clock said.</param>
/// <param name="Jump">How far it was set forward before; zero where it was not, or was set back.</param>
internal readonly record struct ClockLook(DateTimeOffset Now, TimeSpan Jump);
