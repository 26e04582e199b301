namespace StellaOps.Backup.Repository.Files.Linux;

/// <summary>A call of the C library failed.</summary>
internal sealed class LinuxException(int error, string what) : IOException($"cannot {what}: {LinuxError.Text(error)}", error)
{
    public int Error { get; } = error;

    /// <summary>Throws what <see cref="LinuxError.Last"/> says unless the call succeeded.</summary>
    public static void ThrowIfFailed(bool ok, string what)
    {
        if (!ok)
        {
            throw new LinuxException(LinuxError.Last, what);
        }
    }
}
