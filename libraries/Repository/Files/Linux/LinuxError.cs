using System.Runtime.InteropServices;

namespace StellaOps.Backup.Repository.Files.Linux;

/// <summary>Numbers of <c>errno</c> that are handled, and the text of the last one.</summary>
internal static class LinuxError
{
    public const int NotPermitted = 1, NotFound = 2, Interrupted = 4, AccessDenied = 13, Exists = 17, CrossDevice = 18, NotDirectory = 20,
        IsDirectory = 21, OutOfRange = 34, TooManyLinks = 40, NotEmpty = 39, NoData = 61, NotSupported = 95;

    /// <summary>What the last failing call of this thread left.</summary>
    public static int Last => Marshal.GetLastPInvokeError();

    public static string LastText => Text(Last);

    public static string Text(int error) => Marshal.GetPInvokeErrorMessage(error);
}
