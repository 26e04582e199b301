using System.Buffers;
using System.Buffers.Text;

namespace StellaOps.Backup.Age.Streams;

/// <summary>Writes armor: PEM with 64 columns, label <c>AGE ENCRYPTED FILE</c>.</summary>
internal sealed class ArmorEncoder
{
    /// <summary>Bytes of a full line.</summary>
    private const int LineBytes = AgeArmor.Columns / 4 * 3;

    private readonly IBufferWriter<byte> _output;
    private readonly byte[] _line = new byte[LineBytes];
    private int _filled;

    public ArmorEncoder(IBufferWriter<byte> output)
    {
        _output = output;
        _output.Write(AgeArmor.Begin);
        _output.Write("\n"u8);
    }

    public void Write(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = Math.Min(bytes.Length, LineBytes - _filled);
            bytes[..count].CopyTo(_line.AsSpan(_filled));
            bytes = bytes[count..];
            _filled += count;
            if (_filled == LineBytes)
            {
                WriteLine();
            }
        }
    }

    public void Finish()
    {
        if (_filled > 0)
        {
            WriteLine();
        }

        _output.Write(AgeArmor.End);
        _output.Write("\n"u8);
    }

    private void WriteLine()
    {
        Base64.EncodeToUtf8(_line.AsSpan(0, _filled), _output.GetSpan(AgeArmor.Columns), out _, out var written);
        _output.Advance(written);
        _output.Write("\n"u8);
        _filled = 0;
    }
}
