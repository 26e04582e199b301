using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Text;

namespace StellaOps.Backup.Repository.Files.Linux;

/// <summary>Names of user and group ids, each asked once; an id without a name has the empty one.</summary>
internal sealed unsafe class AccountNames
{
    private readonly ConcurrentDictionary<uint, string> _users = [], _groups = [];

    public string User(uint id) => _users.GetOrAdd(id, static id => Find(id, Libc.FindUser));

    public string Group(uint id) => _groups.GetOrAdd(id, static id => Find(id, Libc.FindGroup));

    private delegate int Lookup(uint id, nint* record, byte* buffer, nuint length, nint* result);

    private static string Find(uint id, Lookup lookup)
    {
        const int bufferTooSmall = LinuxError.OutOfRange;
        var record = stackalloc nint[16]; // struct passwd and struct group both start with the pointer to the name
        for (var length = 4096; length <= 1 << 20; length *= 4)
        {
            var buffer = new byte[length];
            fixed (byte* space = buffer)
            {
                nint result = 0;
                var error = lookup(id, record, space, (nuint)length, &result);
                if (error != bufferTooSmall)
                {
                    return result == 0 ? "" : Encoding.UTF8.GetString(MemoryMarshal.CreateReadOnlySpanFromNullTerminated((byte*)record[0]));
                }
            }
        }

        return "";
    }
}
