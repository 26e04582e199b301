using System.Text;

namespace StellaOps.Backup.Age.Format;

/// <summary>Reads a header line by line and keeps what it read too much: the start of the payload.</summary>
internal sealed class HeaderReader(Stream source)
{
    /// <summary>No honest header is larger (a post-quantum stanza has about 2 KiB); a hostile one may not fill the memory.</summary>
    private const int MaxLength = 1 << 20;

    private const int ReadLength = 4096;
    private byte[] _buffer = new byte[ReadLength];
    private int _end;
    private int _position;

    /// <summary>Bytes that were read and do not belong to the header.</summary>
    public ReadOnlyMemory<byte> Remainder => _buffer.AsMemory(_position, _end - _position);

    public async Task<AgeHeader> ReadAsync(CancellationToken cancellationToken)
    {
        if (await ReadLineAsync(cancellationToken).ConfigureAwait(false) != AgeHeader.VersionLine)
        {
            throw Malformed("it does not start with 'age-encryption.org/v1'");
        }

        var stanzas = new List<Stanza>();
        while (true)
        {
            var start = _position;
            var line = await ReadLineAsync(cancellationToken).ConfigureAwait(false);
            if (line.StartsWith(AgeHeader.Footer, StringComparison.Ordinal))
            {
                var mac = ParseFooter(line);
                if (stanzas.Count == 0)
                {
                    throw Malformed("it has no recipient stanza");
                }

                return new AgeHeader(stanzas, _buffer[..(start + AgeHeader.Footer.Length)], mac, _position);
            }

            var (type, arguments) = ParseStanzaLine(line);
            stanzas.Add(new Stanza(type, arguments, await ReadBodyAsync(cancellationToken).ConfigureAwait(false)));
        }
    }

    private static byte[] ParseFooter(string line)
    {
        var prefix = AgeHeader.Footer + " ";
        return line.StartsWith(prefix, StringComparison.Ordinal)
            && RawBase64.TryDecode(line.AsSpan(prefix.Length), out var mac) && mac.Length == AgeHeader.MacLength
            ? mac
            : throw Malformed("its last line is not '--- ' and a MAC");
    }

    private static (string Type, IReadOnlyList<string> Arguments) ParseStanzaLine(string line)
    {
        var words = line.Split(' ');
        if (words.Length < 2 || words[0] != AgeHeader.StanzaPrefix)
        {
            throw Malformed("a stanza does not start with '-> ' and a type");
        }

        // One or more visible ASCII characters each.
        if (words.Skip(1).Any(word => word.Length == 0 || word.AsSpan().ContainsAnyExceptInRange('!', '~')))
        {
            throw Malformed("a stanza has an empty argument or a character that is not allowed");
        }

        return (words[1], words[2..]);
    }

    /// <summary>Full lines of 64 columns, ended by one that is shorter.</summary>
    private async ValueTask<ReadOnlyMemory<byte>> ReadBodyAsync(CancellationToken cancellationToken)
    {
        var body = new MemoryStream();
        while (true)
        {
            var line = await ReadLineAsync(cancellationToken).ConfigureAwait(false);
            if (line.Length > AgeHeader.BodyColumns || !RawBase64.TryDecode(line, out var bytes))
            {
                throw Malformed("a stanza's body is not canonical base64 in lines of 64 columns");
            }

            body.Write(bytes);
            if (line.Length < AgeHeader.BodyColumns)
            {
                return body.ToArray();
            }
        }
    }

    /// <summary>The next line without its line feed. Latin-1 keeps bytes that no header may have visible to the parser.</summary>
    private async ValueTask<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var searched = _position;
        while (true)
        {
            var feed = _buffer.AsSpan(searched, _end - searched).IndexOf((byte)'\n');
            if (feed >= 0)
            {
                var line = Encoding.Latin1.GetString(_buffer, _position, searched + feed - _position);
                _position = searched + feed + 1;
                return line;
            }

            searched = _end;
            await FillAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_end == MaxLength)
        {
            throw Malformed("it is longer than 1 MiB");
        }

        if (_end == _buffer.Length)
        {
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }

        var read = await source.ReadAsync(_buffer.AsMemory(_end), cancellationToken).ConfigureAwait(false);
        if (read == 0)
        {
            throw Malformed("it ends early");
        }

        _end += read;
    }

    private static AgeException Malformed(string why) => new(AgeFailure.HeaderFailure, $"not an age header: {why}");
}
