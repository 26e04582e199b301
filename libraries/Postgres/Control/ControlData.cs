using System.Buffers.Binary;

namespace StellaOps.Backup.Postgres.Control;

/// <summary>
/// What <c>global/pg_control</c> says (PostgreSQL source, src/include/catalog/pg_control.h). The fields used here stand at the
/// same place in versions 15 to 18; the end of the structure, and with it the CRC, is found by the CRC itself.
/// </summary>
public sealed record ControlData
{
    /// <summary>Path relative to the data directory.</summary>
    public const string Path = "global/pg_control";

    private const int SmallestStructure = 256, LargestStructure = 400;

    /// <summary>Names the cluster from initdb on, through every copy.</summary>
    public required ulong SystemIdentifier { get; init; }

    /// <summary>1300 for PostgreSQL 15 to 17, 1800 for 18.</summary>
    public required uint ControlVersion { get; init; }

    /// <summary>Part of the directory names in tablespaces.</summary>
    public required uint CatalogVersion { get; init; }

    /// <summary>Whether the cluster was shut down, in production or in recovery when this was written.</summary>
    public required ClusterState State { get; init; }

    /// <summary>Last checkpoint.</summary>
    public required Lsn Checkpoint { get; init; }

    /// <summary>Timeline of the last checkpoint.</summary>
    public required uint Timeline { get; init; }

    /// <summary>Reads the file's bytes.</summary>
    /// <returns>Null when the CRC does not match: torn while it was written, or damaged.</returns>
    public static ControlData? TryParse(ReadOnlySpan<byte> file)
    {
        if (!HasValidCrc(file))
        {
            return null;
        }

        return new ControlData
        {
            SystemIdentifier = BinaryPrimitives.ReadUInt64LittleEndian(file),
            ControlVersion = BinaryPrimitives.ReadUInt32LittleEndian(file[8..]),
            CatalogVersion = BinaryPrimitives.ReadUInt32LittleEndian(file[12..]),
            State = (ClusterState)BinaryPrimitives.ReadInt32LittleEndian(file[16..]),
            Checkpoint = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(file[32..])),
            Timeline = BinaryPrimitives.ReadUInt32LittleEndian(file[48..]),
        };
    }

    private static bool HasValidCrc(ReadOnlySpan<byte> file)
    {
        var crc = uint.MaxValue;
        for (var at = 0; at + sizeof(uint) <= Math.Min(file.Length, LargestStructure); at += sizeof(uint))
        {
            var word = BinaryPrimitives.ReadUInt32LittleEndian(file[at..]);
            if (at >= SmallestStructure && word == ~crc)
            {
                return true;
            }

            crc = System.Numerics.BitOperations.Crc32C(crc, word);
        }

        return false;
    }
}

/// <summary>State of a cluster, <c>DBState</c> of PostgreSQL.</summary>
public enum ClusterState
{
    /// <summary>Never started.</summary>
    Startup = 0,

    /// <summary>Stopped in order.</summary>
    ShutDown = 1,

    /// <summary>Stopped in order while in recovery.</summary>
    ShutDownInRecovery = 2,

    /// <summary>Was stopping.</summary>
    ShuttingDown = 3,

    /// <summary>Was replaying after a crash.</summary>
    CrashRecovery = 4,

    /// <summary>Was replaying an archive or a stream.</summary>
    ArchiveRecovery = 5,

    /// <summary>Was running.</summary>
    InProduction = 6,
}
