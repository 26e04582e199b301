using Microsoft.Win32.SafeHandles;

namespace StellaOps.Backup.Repository.Restore;

/// <summary>Writes without the zeros that a hole gives for nothing.</summary>
internal static class SparseWriting
{
    internal const int Block = 64 << 10;

    /// <summary>Writes data; with <paramref name="sparse"/> the file must have zeros there already, and blocks of zeros are left out.</summary>
    /// <returns>Bytes written.</returns>
    public static long Write(SafeFileHandle file, ReadOnlySpan<byte> data, long offset, bool sparse)
    {
        if (!sparse)
        {
            RandomAccess.Write(file, data, offset);
            return data.Length;
        }

        long written = 0;
        var start = 0;
        for (var at = 0; at <= data.Length; at += Block)
        {
            var block = data[at..Math.Min(at + Block, data.Length)];
            if (block.Length == Block && block.ContainsAnyExcept((byte)0))
            {
                continue;
            }

            // A short block ends the data and is written with what is before it; a block of zeros is skipped.
            var end = block.Length == Block ? at : data.Length;
            if (end > start)
            {
                RandomAccess.Write(file, data[start..end], offset + start);
                written += end - start;
            }

            start = at + Block;
        }

        return written;
    }
}
