using System.Globalization;

namespace StellaOps.Backup.Wal.Recovery;

/// <summary>
/// A directory in which a replay is served: <c>NAME.asked</c> is a question of the server, <c>NAME</c> or <c>NAME.none</c> the answer,
/// <c>failed</c> ends the recovery. Files get their names when they are whole.
/// </summary>
public sealed class SpoolDirectory
{
    private const string AskedSuffix = ".asked", NoneSuffix = ".none", PartSuffix = ".part", FailedFile = "failed", ScriptFile = "fetch.sh";
    private readonly string _path;
    private readonly Action<string> _give;

    /// <param name="path">Made anew; what an earlier run left there is removed.</param>
    /// <param name="give">Lets the account of the server read a file, or write into the directory.</param>
    public SpoolDirectory(string path, Action<string> give)
    {
        ArgumentNullException.ThrowIfNull(give);
        (_path, _give) = (path, give);
        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        Directory.CreateDirectory(path, (UnixFileMode)0b111_000_000);
        File.WriteAllText(Path.Combine(path, ScriptFile), Script);
        _give(path);
    }

    /// <summary>
    /// For <c>restore_command</c>. Status 1: not in the archive, which is the end of it to the server. Status 190: the recovery must not go
    /// on (PostgreSQL ends on a status above 125): this process is gone, or has failed.
    /// </summary>
    public string RestoreCommand => string.Create(
        CultureInfo.InvariantCulture, $"sh {Quoted(Path.Combine(_path, ScriptFile))} {Quoted(_path)} {Environment.ProcessId} \"%f\" \"%p\"");

    // A shell starts in a few milliseconds; nothing else is needed for each segment.
    private static string Script =>
        """
        # Fetches one file for a server in recovery: spool directory, process that fills it, name, destination.
        spool=$1 filler=$2 name=$3 destination=$4
        : > "$spool/$name.asked" || exit 190
        while :
        do
            if [ -f "$spool/$name" ]; then cp -- "$spool/$name" "$destination" && exit 0; exit 190; fi
            if [ -f "$spool/$name.none" ]; then exit 1; fi
            if [ -f "$spool/failed" ] || ! [ -d "/proc/$filler" ]; then exit 190; fi
            sleep 0.02
        done
        """;

    /// <summary>Takes the questions that were not answered yet.</summary>
    internal IReadOnlyList<string> Asked()
    {
        var names = new List<string>();
        foreach (var file in Directory.EnumerateFiles(_path, "*" + AskedSuffix))
        {
            names.Add(Path.GetFileName(file)[..^AskedSuffix.Length]);
            File.Delete(file);
        }

        return names;
    }

    internal bool Holds(string name) => File.Exists(Path.Combine(_path, name));

    internal void Remove(string name) => File.Delete(Path.Combine(_path, name));

    internal void Put(string name, byte[] content)
    {
        var part = Path.Combine(_path, name + PartSuffix);
        File.WriteAllBytes(part, content);
        _give(part);
        File.Move(part, Path.Combine(_path, name), overwrite: true);
    }

    internal void PutNone(string name) => File.WriteAllBytes(Path.Combine(_path, name + NoneSuffix), []);

    internal void Fail() => File.WriteAllBytes(Path.Combine(_path, FailedFile), []);

    private static string Quoted(string path) =>
        $"'{path.Replace("'", "'\\''", StringComparison.Ordinal).Replace("%", "%%", StringComparison.Ordinal)}'";
}
