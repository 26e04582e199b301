using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using StellaOps.Backup.Testing.Machine;

namespace StellaOps.Backup.Testing.Postgres;

/// <summary>
/// A cluster as <c>initdb</c> leaves it. It is made once on a machine for each version of PostgreSQL and copied for each server, which
/// takes a tenth of the time; every copy gets a system identifier of its own, as if it had been made alone.
/// </summary>
internal static class FreshCluster
{
    /// <summary>Smallest and largest offset of the CRC in <c>pg_control</c> of PostgreSQL 15 to 18.</summary>
    private const int FirstCrc = 256, LastCrc = 400;

    /// <summary>Offset of the system identifier in the first page of a WAL segment (<c>XLogLongPageHeaderData</c>).</summary>
    private const int IdentifierInSegment = 24;

    private static readonly ConcurrentDictionary<string, Task<string>> Made = new();

    /// <summary>Makes a stopped cluster in a directory that does not exist.</summary>
    /// <param name="binDirectory">Programs of the version.</param>
    /// <param name="account">Who runs its server when the tests are run by root.</param>
    /// <param name="dataDirectory">The new directory.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task CreateAsync(string binDirectory, string account, string dataDirectory, CancellationToken cancellationToken)
    {
        var made = await Made.GetOrAdd(binDirectory, programs => MakeAsync(programs, account)).WaitAsync(cancellationToken);
        (await Processes.RunAsync("cp", ["-a", "--reflink=auto", made, dataDirectory], cancellationToken: cancellationToken)).Checked();
        Rename(dataDirectory, NewIdentifier());
    }

    /// <summary>Path of the cluster that is copied. It is flushed before it gets its name, so it is whole also after a power failure.</summary>
    private static async Task<string> MakeAsync(string binDirectory, string account)
    {
        var initialize = Path.Combine(binDirectory, "initdb");
        var version = (await Processes.RunAsync(initialize, ["--version"])).Checked().Output;
        var name = $"cluster-{string.Concat(version.Where(letter => char.IsAsciiLetterOrDigit(letter) || letter == '.'))}";
        var home = await MachineCache.GetAsync(name, async staged =>
        {
            await ServerAccount.GiveAsync(account, staged);
            var command = ServerAccount.Wrap(account, initialize, "--pgdata", Path.Combine(staged, "data"), "--username", "postgres",
                "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8", "--data-checksums");
            (await Processes.RunAsync(command[0], command.Skip(1))).Checked();
        }, CancellationToken.None);
        return Path.Combine(home, "data");
    }

    /// <summary>As <c>initdb</c> makes one, the time is in the upper half.</summary>
    private static ulong NewIdentifier() =>
        ((ulong)DateTimeOffset.UtcNow.ToUnixTimeSeconds() << 32) | BinaryPrimitives.ReadUInt32LittleEndian(RandomNumberGenerator.GetBytes(sizeof(uint)));

    /// <summary>Writes the identifier where it stands: in <c>pg_control</c>, under its CRC, and in the only WAL segment.</summary>
    private static void Rename(string dataDirectory, ulong identifier)
    {
        var path = Path.Combine(dataDirectory, "global", "pg_control");
        var control = File.ReadAllBytes(path);
        var crc = FindCrc(control);
        BinaryPrimitives.WriteUInt64LittleEndian(control, identifier);
        BinaryPrimitives.WriteUInt32LittleEndian(control.AsSpan(crc), Crc(control.AsSpan(0, crc)));
        File.WriteAllBytes(path, control);

        using var segment = File.OpenHandle(Directory.GetFiles(Path.Combine(dataDirectory, "pg_wal"), new string('?', 24)).Single(), access: FileAccess.Write);
        RandomAccess.Write(segment, control.AsSpan(0, sizeof(ulong)), IdentifierInSegment);
    }

    /// <summary>The structure's end, and with it its CRC, differs between versions; the CRC itself tells where it is.</summary>
    private static int FindCrc(ReadOnlySpan<byte> control)
    {
        for (var at = FirstCrc; at <= LastCrc; at += sizeof(uint))
        {
            if (BinaryPrimitives.ReadUInt32LittleEndian(control[at..]) == Crc(control[..at]))
            {
                return at;
            }
        }

        throw new InvalidOperationException(string.Create(CultureInfo.InvariantCulture, $"pg_control has no CRC between its bytes {FirstCrc} and {LastCrc}"));
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc = BitOperations.Crc32C(crc, value);
        }

        return ~crc;
    }
}
