using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.RunbookChecks;

/// <summary>
/// A clock for a whole stack that is forty days slow (libfaketime). Spans of time stay what they are, and so do the times of files. Processes of several accounts
/// share its memory, so it is made beforehand and open to all of them.
/// </summary>
internal sealed class SlowClock : IDisposable
{
    private const string Offset = "-40d";

    /// <summary>The library names the memory that it makes by a variable; a copy of it does as well.</summary>
    private const string Share = """
        set -- $FAKETIME_SHARED "$1"
        cp "/dev/shm/sem.${1#/}" "/dev/shm/sem.$3" && cp "/dev/shm/${2#/}" "/dev/shm/$3"
        chmod 666 "/dev/shm/sem.$3" "/dev/shm/$3"
        rm "/dev/shm/sem.${1#/}" "/dev/shm/${2#/}"
        """;

    private readonly string _library;
    private readonly string _memory = $"stella-clock-{Environment.ProcessId}";

    private SlowClock(string library) => _library = library;

    /// <summary>Settings that give it to all processes that inherit them, with others.</summary>
    public IReadOnlyDictionary<string, string?> With(IReadOnlyDictionary<string, string?> settings) => new Dictionary<string, string?>(settings)
    {
        ["LD_PRELOAD"] = _library, ["FAKETIME"] = Offset, ["NO_FAKE_STAT"] = "1", ["FAKETIME_SHARED"] = $"/{_memory} /{_memory}",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1", ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0", // Both, or timers of .NET never fire.
    };

    public static async Task<SlowClock> MakeAsync(CancellationToken cancellationToken)
    {
        var library = Directory.GetDirectories("/usr/lib", "*-linux-gnu").Select(directory => Path.Combine(directory, "faketime/libfaketime.so.1")).FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("libfaketime is not installed; install it: apt-get install libfaketime");
        var clock = new SlowClock(library);
        var own = new Dictionary<string, string?> { ["LD_PRELOAD"] = library, ["FAKETIME"] = Offset };
        (await Processes.RunAsync("bash", ["-ec", Share, "share", clock._memory], own, cancellationToken: cancellationToken)).Checked();
        return clock;
    }

    public void Dispose()
    {
        File.Delete($"/dev/shm/{_memory}");
        File.Delete($"/dev/shm/sem.{_memory}");
    }
}
