using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace StellaOps.Backup.Testing.Files;

/// <summary>Everything in a directory, by relative path. Texts hold one character for each byte (Latin-1), so no name is lost.</summary>
internal static class TreeListing
{
    internal sealed record Entry
    {
        public required string Type { get; init; }
        public required string Permissions { get; init; }
        public required string Owner { get; init; }
        public required string Modified { get; init; }
        public required string Size { get; init; }
        public required string LinkTarget { get; init; }
        public required string ContentHash { get; init; }
        public required string Attributes { get; init; }

        /// <summary>First of the names in this tree that are the same file.</summary>
        public required string FirstName { get; init; }
    }

    public static async Task<Dictionary<string, Entry>> ReadAsync(string root, CancellationToken cancellationToken)
    {
        const int fieldsOfEntry = 8;
        var fields = (await FindAsync(root, cancellationToken)).Split('\0');
        var entries = new Dictionary<string, Entry>();
        var firstNames = new Dictionary<string, string>();
        var records = Enumerable.Range(0, fields.Length / fieldsOfEntry).Select(i => fields[(i * fieldsOfEntry)..((i + 1) * fieldsOfEntry)]);
        foreach (var record in records.OrderBy(record => record[0], StringComparer.Ordinal))
        {
            var (path, type) = (record[0], record[1]);
            firstNames.TryAdd(record[7], path);
            var file = Encoding.Latin1.GetBytes($"{Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(root))}/{path}\0");
            entries.Add(path.Length == 0 ? "." : path, new Entry
            {
                Type = type,
                Permissions = record[2],
                Owner = record[3],
                Modified = record[4],
                Size = type == "f" ? record[5] : "",
                LinkTarget = record[6],
                ContentHash = type == "f" ? Hash(file) : "",
                Attributes = ReadAttributes(file),
                FirstName = type == "f" ? firstNames[record[7]] : "",
            });
        }

        return entries;
    }

    private static async Task<string> FindAsync(string root, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("find", [root, "-printf", @"%P\0%y\0%m\0%U:%G\0%T@\0%s\0%l\0%D:%i\0"])
        {
            RedirectStandardOutput = true,
            StandardOutputEncoding = Encoding.Latin1,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("find did not start");
        var output = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0 ? output : throw new InvalidOperationException($"find ended with {process.ExitCode}");
    }

    private static string Hash(byte[] path)
    {
        const int readOnly = 0, noFollow = 0x20000;
        var descriptor = NativeMethods.Open(path, readOnly | noFollow);
        if (descriptor < 0)
        {
            throw new IOException($"cannot open {Encoding.UTF8.GetString(path)}: {Marshal.GetLastPInvokeErrorMessage()}");
        }

        using var stream = new FileStream(new SafeFileHandle(descriptor, ownsHandle: true), FileAccess.Read);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private static string ReadAttributes(byte[] path)
    {
        var buffer = new byte[64 << 10];
        var length = NativeMethods.ListAttributes(path, buffer, buffer.Length);
        if (length <= 0)
        {
            return "";
        }

        var names = Encoding.Latin1.GetString(buffer, 0, (int)length).Split('\0', StringSplitOptions.RemoveEmptyEntries);
        return string.Join(' ', names.Order(StringComparer.Ordinal).Select(name =>
        {
            var size = NativeMethods.GetAttribute(path, Encoding.Latin1.GetBytes(name + "\0"), buffer, buffer.Length);
            return $"{name}={Convert.ToHexStringLower(buffer, 0, Math.Max(0, (int)size))}";
        }));
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "open", SetLastError = true)]
        internal static extern int Open(byte[] path, int flags);

        [DllImport("libc", EntryPoint = "llistxattr", SetLastError = true)]
        internal static extern nint ListAttributes(byte[] path, byte[] buffer, nint length);

        [DllImport("libc", EntryPoint = "lgetxattr", SetLastError = true)]
        internal static extern nint GetAttribute(byte[] path, byte[] name, byte[] buffer, nint length);
    }
}
