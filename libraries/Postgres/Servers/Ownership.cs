using System.ComponentModel;
using System.Runtime.InteropServices;

namespace StellaOps.Backup.Postgres.Servers;

/// <summary>Gives files to an account; only root can.</summary>
public static partial class Ownership
{
    /// <summary>Gives a file or link to an account; of a directory also what is directly in it. Links are not followed.</summary>
    public static void Give(string path, Account account)
    {
        ArgumentNullException.ThrowIfNull(account);
        GiveOne(path, account);
        if (Directory.Exists(path) && new DirectoryInfo(path).LinkTarget is null)
        {
            foreach (var entry in Directory.EnumerateFileSystemEntries(path))
            {
                GiveOne(entry, account);
            }
        }
    }

    /// <summary>The same where this process is root; else the files stay its own, and so is the server.</summary>
    public static void GiveIfRoot(string path, Account account)
    {
        if (Environment.IsPrivilegedProcess)
        {
            Give(path, account);
        }
    }

    private static void GiveOne(string path, Account account)
    {
        if (ChangeOwner(path, account.UserId, account.GroupId) != 0)
        {
            throw new Win32Exception(Marshal.GetLastPInvokeError(), $"cannot give {path} to {account.Name}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "lchown", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int ChangeOwner(string path, uint user, uint group);
}
