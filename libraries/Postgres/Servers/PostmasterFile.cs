using System.Globalization;

namespace StellaOps.Backup.Postgres.Servers;

/// <summary>
/// <c>postmaster.pid</c> of a data directory: process id, directory, start time, port, socket directory … one a line
/// (PostgreSQL manual, "Database File Layout").
/// </summary>
/// <param name="ProcessId">Process that works, or worked, on the directory.</param>
public sealed record PostmasterFile(int ProcessId)
{
    /// <summary>Name in the data directory.</summary>
    public const string Name = "postmaster.pid";

    /// <summary>Reads it; null when there is none.</summary>
    public static PostmasterFile? Read(string dataDirectory)
    {
        try
        {
            var first = File.ReadLines(Path.Combine(dataDirectory, Name)).FirstOrDefault();

            // A single-user or bootstrap process writes its id negated.
            return int.TryParse(first, CultureInfo.InvariantCulture, out var id) ? new PostmasterFile(Math.Abs(id)) : null;
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>
    /// Process id of the server that works on a data directory; null when none does. A file left behind by a crash does not
    /// count, nor does another process that has the same id by now: PostgreSQL's working directory is its data directory.
    /// </summary>
    public static int? FindServer(string dataDirectory)
    {
        if (Read(dataDirectory) is not { } file)
        {
            return null;
        }

        var process = $"/proc/{file.ProcessId}";
        if (!Directory.Exists(process))
        {
            return null;
        }

        // Where the link cannot be read (another account's process), a live process counts: refusing is the safe side.
        string? workingDirectory = null;
        try
        {
            workingDirectory = Directory.ResolveLinkTarget($"{process}/cwd", returnFinalTarget: false)?.FullName;
        }
        catch (Exception unreadable) when (unreadable is UnauthorizedAccessException or IOException)
        {
            // Decided below.
        }

        return workingDirectory is null || RealPath.Of(workingDirectory) == RealPath.Of(dataDirectory) ? file.ProcessId : null;
    }
}
