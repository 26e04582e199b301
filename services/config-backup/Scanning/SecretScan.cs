using StellaOps.Backup.Workers;
using StellaOps.Backup.Workers.Files;

namespace StellaOps.Backup.ConfigBackup.Scanning;

/// <summary>What a look for known secret patterns found. Never holds a line's content.</summary>
internal sealed class SecretScan
{
    /// <summary>Larger files are not written by hand.</summary>
    private const long LargestFile = 1 << 20;
    private const int MaxListed = 20;
    private readonly List<string> _places = [];
    private long _files, _binary, _large, _unreadable, _hits;

    /// <summary>For the proof: what the files that were read to their end hold, and how many were not.</summary>
    public string Finding => (_hits == 0
        ? $"no known secret pattern in {_files} files"
        : $"{_hits} lines look like secrets, first: {_places[0]}") + NotRead();

    /// <summary>Reads the text files below some paths.</summary>
    public static async Task<SecretScan> RunAsync(IReadOnlyList<string> paths, CancellationToken cancellationToken)
    {
        var scan = new SecretScan();
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };
        foreach (var path in paths)
        {
            var files = File.Exists(path) ? [path] : Directory.Exists(path) ? Directory.EnumerateFiles(path, "*", options) : [];
            foreach (var file in files)
            {
                await scan.ReadAsync(file, cancellationToken);
            }
        }

        return scan;
    }

    public void WriteTo(ITaskLog log)
    {
        foreach (var place in _places)
        {
            log.Warning($"{place}: move it to Secrets:Paths; configuration is not encrypted to custodians");
        }

        if (_hits == 0)
        {
            log.Info($"config: {Finding}");
        }
        else if (_hits > _places.Count)
        {
            log.Warning($"{_hits - _places.Count} more lines look like secrets");
        }
    }

    private string NotRead()
    {
        (long Count, string Kind)[] kinds = [(_binary, "binary"), (_large, $"larger than {LargestFile >> 20} MiB"), (_unreadable, "unreadable")];
        var found = kinds.Where(kind => kind.Count > 0).Select(kind => $"{kind.Count} {kind.Kind}").ToList();
        return found.Count == 0 ? "" : $"; not read to the end: {string.Join(", ", found)}";
    }

    private async Task ReadAsync(string file, CancellationToken cancellationToken)
    {
        // Who opens a FIFO waits for its writer, and a device may never end.
        if (!RegularFile.Is(file, followLinks: true))
        {
            return;
        }

        try
        {
            if (new FileInfo(file).Length > LargestFile)
            {
                _large++;
            }
            else if (await IsTextAsync(file, cancellationToken))
            {
                _files++;
            }
            else
            {
                _binary++;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _unreadable++; // The backup itself reports what it cannot read.
        }
    }

    /// <summary>Looks at the lines of a file, up to one that no text has.</summary>
    private async Task<bool> IsTextAsync(string file, CancellationToken cancellationToken)
    {
        var number = 0;
        await foreach (var line in File.ReadLinesAsync(file, cancellationToken))
        {
            number++;
            if (line.Contains('\0', StringComparison.Ordinal))
            {
                return false;
            }

            if (SecretPatterns.Match(line) is { } pattern)
            {
                Add($"{file}, line {number}: {pattern}");
            }
        }

        return true;
    }

    private void Add(string place)
    {
        _hits++;
        if (_places.Count < MaxListed)
        {
            _places.Add(place);
        }
    }
}
