using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace StellaOps.Backup.Storage.Tests.Local;

/// <summary>Runs something on a thread that has no more rights to files than nobody has, which a test that runs as root takes (setfsuid(2)).</summary>
internal static class OtherUser
{
    private const uint Nobody = 65534;

    /// <summary>What it throws is thrown here.</summary>
    internal static void Run(Action act)
    {
        ExceptionDispatchInfo? thrown = null;
        var thread = new Thread(() =>
        {
            _ = SetFileUser(Nobody);
            try
            {
                act();
            }
            catch (Exception exception)
            {
                thrown = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        thrown?.Throw();
    }

    [DllImport("libc", EntryPoint = "setfsuid")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetFileUser(uint user);
}
