namespace StellaOps.Backup.ConfigBackup.Watching;

/// <summary>
/// When changes are worth a look: when it was quiet for a while after them. While it does not get quiet, after a longest wait that doubles from look
/// to look. Times count from any start.
/// </summary>
internal sealed class ChangePacing
{
    /// <summary>An editor or a deployment is done when it was quiet for so long.</summary>
    public static readonly TimeSpan Quiet = TimeSpan.FromSeconds(3);

    /// <summary>Longest wait for that, from the first change on: a change is saved within a minute.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>While changes do not end, looks are at most so far apart.</summary>
    public static readonly TimeSpan LongestPatience = TimeSpan.FromMinutes(10);

    private TimeSpan _patience = Patience;
    private TimeSpan? _first;
    private TimeSpan _last;

    /// <summary>When to look; null while nothing changed since the last look.</summary>
    public TimeSpan? LookAt => _first is { } first ? Earlier(_last + Quiet, first + _patience) : null;

    public void Changed(TimeSpan now)
    {
        _first ??= now;
        _last = now;
    }

    public void Looked()
    {
        var gotQuiet = _last + Quiet < _first + _patience;
        _patience = gotQuiet ? Patience : Earlier(2 * _patience, LongestPatience);
        _first = null;
    }

    /// <summary>Nothing changed for long.</summary>
    public void Rested() => _patience = Patience;

    private static TimeSpan Earlier(TimeSpan one, TimeSpan other) => one < other ? one : other;
}
