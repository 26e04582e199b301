using System.Buffers.Binary;
using StellaOps.Backup.Repository.Blobs;

namespace StellaOps.Backup.Repository.Hashing;

/// <summary>Sends messages of any length through <see cref="Sha256Lanes"/>: a lane that is done with one takes the next.</summary>
/// <param name="memory">For the lanes: <see cref="Memory"/> bytes.</param>
/// <param name="buffer">Holds the messages.</param>
/// <param name="parts">Where they are.</param>
/// <param name="order">Which ones, the longest first: so the lanes end at about the same time.</param>
/// <param name="ids">Receives their hashes, in the order of <paramref name="parts"/>.</param>
internal unsafe ref struct HashingLanes(byte* memory, byte* buffer, ReadOnlySpan<BlobPart> parts, ReadOnlySpan<int> order, Span<BlobId> ids)
{
    /// <summary>Bytes that the lanes need: their states, the endings of their messages, and where they are.</summary>
    internal static int Memory => Lanes * ((Sha256Lanes.StateWords * sizeof(uint)) + Ending + sizeof(byte*) + sizeof(Lane));

    private const int Lanes = Sha256Lanes.Count, Block = Sha256Lanes.Block;

    // Behind a message stand a one, zeros, and its length in bits: one block or two (FIPS 180-4, section 5.1.1).
    private const int Ending = 2 * Block, LengthField = sizeof(ulong);

    private readonly uint* _states = (uint*)memory;
    private readonly byte* _endings = memory + (Lanes * Sha256Lanes.StateWords * sizeof(uint));
    private readonly byte** _places = (byte**)(memory + (Lanes * ((Sha256Lanes.StateWords * sizeof(uint)) + Ending)));
    private readonly Lane* _lanes = (Lane*)(memory + (Lanes * ((Sha256Lanes.StateWords * sizeof(uint)) + Ending + sizeof(byte*))));
    private readonly byte* _buffer = buffer;
    private readonly ReadOnlySpan<BlobPart> _parts = parts;
    private readonly Span<BlobId> _ids = ids;
    private ReadOnlySpan<int> _waiting = order;

    /// <summary>Hashes all.</summary>
    internal void Run()
    {
        for (var lane = 0; lane < Lanes; lane++)
        {
            Begin(lane);
        }

        while (Shortest() is > 0 and var blocks)
        {
            Sha256Lanes.Take(_states, _places, blocks);
            for (var lane = 0; lane < Lanes; lane++)
            {
                if (_lanes[lane].IsBusy && (_lanes[lane].Blocks -= blocks) == 0)
                {
                    GoOn(lane);
                }
            }
        }
    }

    /// <summary>Blocks until the next lane needs care, 0 when none is busy. Lanes that are not read along with one that is.</summary>
    private readonly int Shortest()
    {
        var blocks = int.MaxValue;
        byte* place = null;
        for (var lane = 0; lane < Lanes; lane++)
        {
            if (_lanes[lane].IsBusy && _lanes[lane].Blocks < blocks)
            {
                blocks = _lanes[lane].Blocks;
                place = _places[lane];
            }
        }

        for (var lane = 0; lane < Lanes; lane++)
        {
            _places[lane] = _lanes[lane].IsBusy ? _places[lane] : place;
        }

        return place is null ? 0 : blocks;
    }

    private void Begin(int lane)
    {
        if (_waiting.IsEmpty)
        {
            _lanes[lane] = default;
            return;
        }

        var part = _waiting[0];
        _waiting = _waiting[1..];
        _places[lane] = _buffer + _parts[part].Start;
        _lanes[lane] = new Lane { IsBusy = true, Part = part, Blocks = _parts[part].Length / Block };
        for (var word = 0; word < Sha256Lanes.StateWords; word++)
        {
            _states[(word * Lanes) + lane] = Sha256Lanes.Initial[word];
        }

        if (_lanes[lane].Blocks == 0)
        {
            GoOn(lane);
        }
    }

    /// <summary>After the message its ending, after that the next message.</summary>
    private void GoOn(int lane)
    {
        if (_lanes[lane].IsEnding)
        {
            Finish(lane);
            Begin(lane);
            return;
        }

        var (start, length) = _parts[_lanes[lane].Part];
        var rest = length % Block;
        var ending = new Span<byte>(_endings + (lane * Ending), Ending);
        ending.Clear();
        new ReadOnlySpan<byte>(_buffer + start + length - rest, rest).CopyTo(ending);
        ending[rest] = 0x80;
        var blocks = rest < Block - LengthField ? 1 : 2;
        BinaryPrimitives.WriteUInt64BigEndian(ending[((blocks * Block) - LengthField)..], 8 * (ulong)length);
        _places[lane] = _endings + (lane * Ending);
        _lanes[lane].IsEnding = true;
        _lanes[lane].Blocks = blocks;
    }

    private readonly void Finish(int lane)
    {
        Span<byte> hash = stackalloc byte[BlobId.Length];
        for (var word = 0; word < Sha256Lanes.StateWords; word++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(hash[(word * sizeof(uint))..], _states[(word * Lanes) + lane]);
        }

        _ids[_lanes[lane].Part] = new BlobId(hash);
    }

    /// <summary>What a lane is at.</summary>
    private struct Lane
    {
        public bool IsBusy, IsEnding;

        public int Part, Blocks;
    }
}
