using System.Diagnostics;
using System.Globalization;

namespace StellaOps.Backup.ConfigBackup.Restores;

/// <summary>Keeps what a restore in place is about to replace, beside it, with everything that <c>cp --archive</c> keeps.</summary>
internal static class ReplacedCopy
{
    /// <returns>The copies that were made.</returns>
    public static async Task<IReadOnlyList<string>> KeepAsync(IReadOnlyList<RestorePlace> places, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var copies = new List<string>();
        foreach (var place in places.Where(place => Path.Exists(place.Path)))
        {
            var copy = $"{place.Path}.replaced-{now.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture)}";
            await CopyAsync(place.Path, copy, cancellationToken);
            copies.Add(copy);
        }

        return copies;
    }

    private static async Task CopyAsync(string from, string to, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("cp", ["--archive", "--no-target-directory", "--", from, to]) { RedirectStandardError = true };
        using var program = Process.Start(start) ?? throw new IOException("cp could not be started");
        var error = await program.StandardError.ReadToEndAsync(cancellationToken);
        await program.WaitForExitAsync(cancellationToken);
        if (program.ExitCode != 0)
        {
            throw new IOException($"what is replaced cannot be kept at {to}: {error.Trim()}");
        }
    }
}
