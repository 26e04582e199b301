using System.Runtime.InteropServices;

namespace StellaOps.Backup.Repository.Locks;

/// <summary>What is known of the process that holds a lock.</summary>
internal enum HolderState
{
    Lives,
    Gone,

    /// <summary>It may run where this process cannot see it.</summary>
    Unknown,
}

/// <summary>Looks for the holder of a lock of a host of our name, which this process does not hold.</summary>
internal static partial class LockHolder
{
    private const int NoSuchProcess = 3; // ESRCH

    internal static HolderState Find(LockJson found, LockPlace own)
    {
        if (found.StellaPlace is not { } place)
        {
            // Of restic, which goes by host and process alone, as we do with it. One of our own number is of a former process, or of another container's first one.
            return found.Pid == Environment.ProcessId ? HolderState.Unknown : StateOf(found.Pid);
        }

        if (place.Boot != own.Boot)
        {
            return HolderState.Unknown; // Of before this machine was started again, or of another one.
        }

        if (place.Processes == own.Processes)
        {
            return found.Pid == Environment.ProcessId ? HolderState.Gone : StateOf(found.Pid);
        }

        // A container that was started again numbers its processes anew, and none of before lives.
        return place.Layer is not null && place.Layer == own.Layer ? HolderState.Gone : HolderState.Unknown;
    }

    /// <summary>Not by /proc, which may hide the processes of others; a process that may not be signalled is there.</summary>
    private static HolderState StateOf(int process) =>
        Kill(process, 0) != 0 && Marshal.GetLastPInvokeError() == NoSuchProcess ? HolderState.Gone : HolderState.Lives;

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int Kill(int process, int signal);
}
