using StellaOps.Backup.Workers;

namespace StellaOps.Backup.ConfigBackup.Scanning;

/// <summary>What a look for known secret patterns found. Never holds a line's content.</summary>
internal sealed class SecretScan
{
    /// <summary>Larger files are not written by hand.</summary>
    private const long LargestFile = 1 << 20;
    private const int MaxListed = 20;
    private readonly List<string> _places = [];
    private long _files, _hits;

    /// <summary>For the proof.</summary>
    public string Finding => _hits == 0
        ? $"no known secret pattern in {_files} files"
        : $"{_hits} lines look like secrets, first: {_places[0]}";

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

    private async Task ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            if (new FileInfo(file).Length > LargestFile)
            {
                return;
            }

            _files++;
            var number = 0;
            await foreach (var line in File.ReadLinesAsync(file, cancellationToken))
            {
                number++;
                if (line.Contains('\0', StringComparison.Ordinal))
                {
                    return;
                }

                if (SecretPatterns.Match(line) is { } pattern)
                {
                    Add($"{file}, line {number}: {pattern}");
                }
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The backup itself reports what it cannot read.
        }
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
